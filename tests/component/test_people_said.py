"""What users say of people: how it is refused, what it does, that a store made anew hears it, that it can be undone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from photofsd.errors import AlreadyThere, NameTooLong, NoSuchEntry, NotPermitted, PhotofsdError
from photofsd.records import Metadata, Person, Region
from photofsd.store import assets, face_said, faces, paths, people, people_said, undo
from photofsd.store.env import Store
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.overlap import box
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from photofsd.types import WAITING, AssetId, FaceId, FileId, Hold, Kind, PersonId
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, cluster_of, face_at, find, together
from tests.component.store_kit import add_photo, digest, open_store, root, violations

UNKNOWN, ALICE, OTHER = PersonId(1), PersonId(2), PersonId(3)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def facts(journal: Journal, writer: Writer) -> UserFacts:
    return UserFacts(journal, writer, VERBS)


def photos(txn: WriteTransaction, contents: Iterable[object] = range(1, 7)) -> None:
    for number, content in enumerate(contents, 1):
        add_photo(txn, root(txn), b"%d.jpg" % number, content)


def _some_people(txn: WriteTransaction) -> None:
    """Photos 1 to 6, each with a face on the left: 1, 2 somebody unknown, 3, 4 Alice, 5 somebody else; 6 waits.

    In photo 1 there is another face on the right, which waits, too.
    """
    photos(txn)
    found = [find(txn, AssetId(1), [LEFT, RIGHT])[0], *(find(txn, AssetId(n), [LEFT])[0] for n in range(2, 7))]
    for first, name in ((0, b""), (2, b"Alice")):
        together(txn, found[first : first + 2], name)
    together(txn, found[4:5])


def faces_in(txn: ReadTransaction, asset: int) -> list[FaceId]:
    return [face.id for face, _ in faces.placed(txn, AssetId(asset))]


@pytest.fixture
def known(store: Store) -> Store:
    with store.write() as txn:
        _some_people(txn)
    return store


def in_photos(store: Store) -> dict[bytes, set[int]]:
    """The photos of everybody, by name."""
    with store.read() as txn:
        return {
            found.name or b"person-%d" % person: set(people.photos(txn, person)) for person, found in people.people(txn)
        }


def test_naming_somebody_writes_a_name_and_touches_no_photo(known: Store, facts: UserFacts, writer: Writer) -> None:
    touched: list[tuple[AssetId, ...]] = []
    writer.listen(lambda one: touched.append(one.assets))
    entry = facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    assert touched == [()]
    assert in_photos(known) == {b"Bob": {1, 2}, b"Alice": {3, 4}, b"person-3": {5}}
    assert [len(one["examples"]) for one in entry["people"]] == [2]


@pytest.mark.parametrize(
    "name, error, words",
    [
        ("", NotPermitted, "at least one letter"),
        (" ", NotPermitted, "at least one letter"),
        ("\u00a0\u3000\x1c", NotPermitted, "at least one letter"),
        ("a/b", NotPermitted, "neither slash nor NUL"),
        ("a\0b", NotPermitted, "neither slash nor NUL"),
        (".", NotPermitted, "begin with"),
        ("..", NotPermitted, "begin with"),
        (".Trash-1000", NotPermitted, "begin with"),
        ("+by-date", NotPermitted, "begin with"),
        ("unknown", NotPermitted, "a folder of its own"),
        ("hidden", NotPermitted, "a folder of its own"),
        ("suggested", NotPermitted, "a folder of its own"),
        ("person-0001", NotPermitted, "nobody has named"),
        ("é" * 128, NameTooLong, "255 bytes at most, not 256"),
        ("Alice", AlreadyThere, "merge the two"),
    ],
)
def test_a_name_that_nobody_can_have_is_refused_in_one_line(
    known: Store, facts: UserFacts, journal: Journal, name: str, error: type[PhotofsdError], words: str
) -> None:
    for say in (
        functools.partial(facts.say, people_said.NAME, person=UNKNOWN),
        functools.partial(facts.say, people_said.MAKE),
    ):
        with pytest.raises(error, match=words) as raised:
            say(name=name)
        assert "\n" not in str(raised.value)
    assert journal.last == 0
    assert in_photos(known)[b"person-1"] == {1, 2}


@pytest.mark.parametrize("name", ["é" * 127, "caf\udce9", "person-1", "Unknown", "日本", "a\nb"])
def test_names_are_bytes(known: Store, facts: UserFacts, name: str) -> None:
    facts.say(people_said.NAME, person=UNKNOWN, name=name)
    assert in_photos(known)[name.encode("utf-8", "surrogateescape")] == {1, 2}


@pytest.mark.parametrize(
    "verb, said, error, words",
    [
        (people_said.NAME, {"person": 9, "name": "Bob"}, NoSuchEntry, "no person 9"),
        (people_said.NAME, {"person": ALICE, "name": "Alice"}, AlreadyThere, "already"),
        (people_said.MERGE, {"person": 9, "into": ALICE}, NoSuchEntry, "no person 9"),
        (people_said.MERGE, {"person": ALICE, "into": 9}, NoSuchEntry, "no person 9"),
        (people_said.MERGE, {"person": ALICE, "into": ALICE}, NotPermitted, "'Alice' and 'Alice' are one person"),
        (people_said.HIDE, {"person": 9, "hidden": True}, NoSuchEntry, "no person 9"),
        (people_said.HIDE, {"person": UNKNOWN, "hidden": False}, AlreadyThere, "'person-0001' is shown already"),
        (people_said.ASSIGN, {"face": 99, "person": ALICE}, NoSuchEntry, "no face 99"),
        (people_said.ASSIGN, {"face": 1, "person": 9}, NoSuchEntry, "no person 9"),
        (people_said.ASSIGN, {"face": 1, "person": ALICE, "instead_of": 9}, NoSuchEntry, "no person 9"),
        (people_said.REFUSE, {"face": 99, "person": ALICE}, NoSuchEntry, "no face 99"),
        (people_said.REFUSE_NAME, {"asset": 1, "person": ALICE}, NoSuchEntry, "does not name 'Alice'"),
        (people_said.REFUSE_NAME, {"asset": 99, "person": ALICE}, NoSuchEntry, "does not name 'Alice'"),
        (undo.UNDO, {}, NoSuchEntry, "nothing to undo"),
    ],
)
def test_what_makes_no_sense_is_refused_and_not_recorded(
    known: Store,
    facts: UserFacts,
    journal: Journal,
    verb: str,
    said: dict[str, object],
    error: type[PhotofsdError],
    words: str,
) -> None:
    before = in_photos(known)
    with pytest.raises(error, match=words):
        facts.say(verb, **said)
    assert (journal.last, in_photos(known)) == (0, before)


def test_renaming_leaves_what_files_call_a_person(known: Store, facts: UserFacts) -> None:
    with known.write() as txn:
        assets.keep(txn, Tables.METADATA, AssetId(6), Metadata("jpeg", Kind.IMAGE, people=("Alice",)))
    assert in_photos(known)[b"Alice"] == {3, 4, 6}
    facts.say(people_said.NAME, person=ALICE, name="Alicia")
    assert in_photos(known)[b"Alicia"] == {3, 4, 6}
    with known.read() as txn:
        assert (people.named(txn, b"Alice"), people.meant(txn, b"Alice")) == (None, ALICE)
    facts.say(people_said.NAME, person=UNKNOWN, name="Alice")
    assert in_photos(known) == {b"Alice": {1, 2, 6}, b"Alicia": {3, 4}, b"person-3": {5}}
    facts.say(undo.UNDO)
    assert in_photos(known)[b"Alicia"] == {3, 4, 6}


def test_merging_touches_no_photo_and_leaves_the_name(known: Store, facts: UserFacts, writer: Writer) -> None:
    touched: list[tuple[AssetId, ...]] = []
    writer.listen(lambda one: touched.append(one.assets))
    facts.say(people_said.MERGE, person=UNKNOWN, into=ALICE)
    assert touched == [()]
    assert in_photos(known) == {b"Alice": {1, 2, 3, 4}, b"person-3": {5}}
    with known.read() as txn:
        assert people.resolve(txn, UNKNOWN) == ALICE
        assert people.counts(txn) == (1, 1, 7)
    facts.say(people_said.MERGE, person=ALICE, into=OTHER)
    assert in_photos(known) == {b"Alice": {1, 2, 3, 4, 5}}
    with known.read() as txn:
        assert people.resolve(txn, UNKNOWN) == people.named(txn, b"Alice") == OTHER
    facts.say(people_said.NAME, person=UNKNOWN, name="Alicia")
    assert in_photos(known) == {b"Alicia": {1, 2, 3, 4, 5}}


def test_of_two_names_that_are_merged_one_becomes_an_alias(known: Store, facts: UserFacts) -> None:
    facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    facts.say(people_said.MERGE, person=UNKNOWN, into=ALICE)
    with known.read() as txn:
        assert (people.named(txn, b"Bob"), people.meant(txn, b"Bob")) == (None, ALICE)
    facts.say(undo.UNDO)
    with known.read() as txn:
        assert people.named(txn, b"Bob") == UNKNOWN
        assert people.person(txn, ALICE) == Person(b"Alice", clusters=people.person(txn, ALICE).clusters, is_said=True)  # type: ignore[union-attr]


def test_a_split_takes_faces_that_the_user_moves(known: Store, facts: UserFacts) -> None:
    twin = facts.say(people_said.MAKE, name="Twin")["person"]
    assert in_photos(known)[b"Twin"] == set()
    with known.read() as txn:
        (face,) = faces.of_person(txn, AssetId(4), ALICE)
    facts.say(people_said.ASSIGN, face=face, person=twin)
    assert in_photos(known) == {b"Twin": {4}, b"Alice": {3}, b"person-1": {1, 2}, b"person-3": {5}}
    facts.say(undo.UNDO)
    assert in_photos(known)[b"Alice"] == {3, 4}
    facts.say(undo.UNDO)
    assert b"Twin" not in in_photos(known)


def test_a_face_set_by_hand_puts_the_other_of_the_photo_out(known: Store, facts: UserFacts) -> None:
    with known.read() as txn:
        left, right = faces_in(txn, 1)
        cluster = cluster_of(txn, left)
    facts.say(people_said.ASSIGN, face=right, person=UNKNOWN)
    with known.read() as txn:
        assert faces.row(txn, right) == faces.FaceRow(AssetId(1), cluster or WAITING, WAITING, Hold.HAND)
        assert cluster_of(txn, left) == WAITING
    facts.say(undo.UNDO)
    with known.read() as txn:
        assert [faces.row(txn, face) for face in (left, right)] == [
            faces.FaceRow(AssetId(1), cluster or WAITING),
            faces.FaceRow(AssetId(1)),
        ]


def test_a_person_is_refused_with_the_name_that_the_file_has(known: Store, facts: UserFacts) -> None:
    with known.write() as txn:
        marked = Region(*box(face_at(FaceId(0), LEFT)), "Alice")
        assets.keep(txn, Tables.METADATA, AssetId(3), Metadata("jpeg", Kind.IMAGE, regions=(marked,)))
        (face,) = faces.of_person(txn, AssetId(3), ALICE)
    entry = facts.say(people_said.REFUSE, face=face, person=ALICE, cosine=0.4)
    assert (entry["names"], entry["cosine"]) == (["Alice"], 0.4)
    assert in_photos(known)[b"Alice"] == {4}
    with known.read() as txn:
        assert faces.refusals(txn, face) == {ALICE: 0.4}
    facts.say(undo.UNDO)
    assert in_photos(known)[b"Alice"] == {3, 4}


def test_a_photo_that_is_somebodys_by_its_files_word_can_be_refused(known: Store, facts: UserFacts) -> None:
    with known.write() as txn:
        named = Metadata("jpeg", Kind.IMAGE, people=("Alice", "Bob"))
        assets.keep(txn, Tables.METADATA, AssetId(6), named)
        face = faces_in(txn, 6)[0]
    facts.say(people_said.REFUSE_NAME, asset=6, person=ALICE)
    assert in_photos(known)[b"Alice"] == {3, 4}
    facts.say(undo.UNDO)
    assert in_photos(known)[b"Alice"] == {3, 4, 6}
    facts.say(people_said.ASSIGN, face=face, person=OTHER, instead_of=ALICE)
    assert (in_photos(known)[b"Alice"], in_photos(known)[b"person-3"]) == ({3, 4}, {5, 6})
    facts.say(undo.UNDO)
    assert (in_photos(known)[b"Alice"], in_photos(known)[b"person-3"]) == ({3, 4, 6}, {5})


def test_people_who_are_somewhere_in_a_photo_are_in_nobodys_place(known: Store, facts: UserFacts) -> None:
    with known.write() as txn:
        large = Region(0.2, 0.2, 0.6, 0.6, "Bob")
        assets.keep(txn, Tables.METADATA, AssetId(6), Metadata("jpeg", Kind.IMAGE, regions=(large,), people=("Carl",)))
        find(txn, AssetId(6), ())
        bob, carl = (people.new_person(txn, name) for name in (b"Bob", b"Carl"))
    before = in_photos(known)
    assert (before[b"Bob"], before[b"Carl"]) == ({6}, {6})
    facts.say(people_said.ASSIGN, asset=6, person=ALICE)
    facts.say(people_said.ASSIGN, asset=6, person=UNKNOWN, instead_of=carl)
    after = in_photos(known)
    assert after == before | {b"Alice": {3, 4, 6}, b"person-1": {1, 2, 6}, b"Carl": set()}
    facts.say(people_said.ASSIGN, asset=6, person=OTHER, instead_of=bob)
    assert in_photos(known) == after | {b"person-3": {5, 6}, b"Bob": set()}
    with known.read() as txn:
        assert len({face.height for face, _ in faces.placed(txn, AssetId(6))}) == 3
    facts.say(undo.UNDO, burst=True)
    assert in_photos(known) == before


def test_hidden_people_are_not_counted_and_come_back(known: Store, facts: UserFacts) -> None:
    facts.say(people_said.HIDE, person=UNKNOWN, hidden=True)
    with known.read() as txn:
        assert people.counts(txn).unknown == 1
    facts.say(people_said.HIDE, person=UNKNOWN, hidden=False)
    facts.say(people_said.HIDE, person=UNKNOWN, hidden=True)
    facts.say(undo.UNDO)
    with known.read() as txn:
        assert people.counts(txn).unknown == 2


def test_a_burst_is_undone_at_once_whatever_was_said(known: Store, facts: UserFacts) -> None:
    with known.read() as txn:
        theirs = [faces.of_person(txn, AssetId(number), ALICE)[0] for number in (3, 4)]
    for face in theirs:
        facts.say(people_said.REFUSE, face=face, person=ALICE)
    facts.say(people_said.HIDE, person=ALICE, hidden=True)
    with known.read() as txn:
        assert [step.number for step in undo.next_steps(txn)] == [3]
    assert facts.say(undo.UNDO, burst=True)["entries"] == [3, 2, 1]
    with known.read() as txn:
        alice = people.person(txn, ALICE)
    assert alice is not None
    assert not alice.is_hidden
    assert in_photos(known)[b"Alice"] == {3, 4}


def test_what_is_taken_back_leaves_what_was_said_since(known: Store, facts: UserFacts) -> None:
    hidden = facts.say(people_said.HIDE, person=ALICE, hidden=True)["n"]
    facts.say(people_said.NAME, person=ALICE, name="Alicia")
    facts.say(people_said.HIDE, person=ALICE, hidden=False)
    facts.say(people_said.NAME, person=UNKNOWN, name="Alice")
    also_hidden = facts.say(people_said.HIDE, person=OTHER, hidden=True)["n"]
    with known.read() as txn:
        (face,) = faces.of_person(txn, AssetId(3), ALICE)
    refused = facts.say(people_said.REFUSE, face=face, person=ALICE)["n"]
    facts.say(people_said.ASSIGN, face=face, person=UNKNOWN)
    with known.write() as txn:
        assets.identify(txn, FileId(3), digest("edited"), 2)
    assert facts.say(undo.UNDO, entries=[hidden, also_hidden, refused])["entries"] == [also_hidden]
    assert in_photos(known) == {b"Alicia": {4}, b"Alice": {1, 2, 3}, b"person-3": {5}}
    with pytest.raises(NoSuchEntry):
        facts.say(undo.UNDO, entries=[hidden, also_hidden, refused])
    for _ in range(6):
        facts.say(undo.UNDO)
    assert in_photos(known) == {b"person-1": {1, 2}, b"Alice": {3, 4}, b"person-3": {5}}


def test_entries_far_apart_are_no_burst(store: Store) -> None:
    lines = [
        {"n": n, "at": f"2026-11-20T21:00:{second:02}Z", "do": "keep-search", "query": str(n)}
        for n, second in ((1, 0), (2, 3), (3, 5), (4, 6))
    ]
    with store.write() as txn:
        for line in lines:
            before = VERBS["keep-search"].apply(txn, line)
            assert before is not None
            undo.remember(txn, line, before)
    with store.read() as txn:
        assert [step.number for step in undo.next_steps(txn, burst=True)] == [4, 3, 2]


def test_only_the_last_thousand_can_be_undone(store: Store) -> None:
    with store.write() as txn:
        for n in range(1, undo.KEPT_MAX + 3):
            line = {"n": n, "at": "2026-11-20T21:00:00Z", "do": "keep-search", "query": "beach"}
            before = VERBS["keep-search"].apply(txn, line)
            assert before is not None
            undo.remember(txn, line, before)
        assert len(undo.next_steps(txn, burst=True)) == undo.KEPT_MAX


# ---- what happens meanwhile


def test_undo_after_a_new_detection_finds_the_face_by_its_place(known: Store, facts: UserFacts) -> None:
    with known.read() as txn:
        (face,) = faces.of_person(txn, AssetId(3), ALICE)
    facts.say(people_said.ASSIGN, face=face, person=OTHER)
    with known.write() as txn:
        find(txn, AssetId(3), [LEFT, MIDDLE], model="another-11", shift=0.02)
    assert in_photos(known)[b"person-3"] == {3, 5}
    facts.say(undo.UNDO)
    assert (in_photos(known)[b"person-3"], in_photos(known)[b"Alice"]) == ({5}, {3, 4})


def test_undo_does_not_put_two_faces_of_a_photo_into_one_person(known: Store, facts: UserFacts) -> None:
    with known.read() as txn:
        left, right = faces_in(txn, 1)
        cluster = cluster_of(txn, left) or WAITING
    facts.say(people_said.REFUSE, face=left, person=UNKNOWN)
    with known.write() as txn:
        assert faces.place(txn, right, cluster)
    facts.say(undo.UNDO)
    with known.read() as txn:
        assert [cluster_of(txn, face) for face in (left, right)] == [WAITING, cluster]


def test_undo_gives_back_a_suggestion_that_a_merge_has_made_idle(known: Store, facts: UserFacts) -> None:
    with known.read() as txn:
        left, right = faces_in(txn, 1)
        cluster = cluster_of(txn, faces_in(txn, 3)[0]) or WAITING
    facts.say(people_said.ASSIGN, face=left, person=UNKNOWN)
    with known.write() as txn:
        assert faces.place(txn, right, WAITING, suggested=cluster)
    facts.say(people_said.MERGE, person=UNKNOWN, into=ALICE)
    facts.say(people_said.ASSIGN, face=left, person=OTHER)
    facts.say(undo.UNDO)
    with known.read() as txn:
        found = faces.row(txn, right)
    assert found is not None
    assert found.suggested == cluster


def test_undo_reaches_a_photo_that_was_edited_meanwhile(known: Store, facts: UserFacts) -> None:
    with known.read() as txn:
        (face,) = faces.of_person(txn, AssetId(3), ALICE)
    facts.say(people_said.ASSIGN, face=face, person=OTHER)
    with known.write() as txn:
        assets.identify(txn, FileId(3), digest("edited"), 2)
    facts.say(undo.UNDO)
    assert (in_photos(known)[b"person-3"], in_photos(known)[b"Alice"]) == ({5}, {3, 4})


def test_undo_is_not_of_another_photo_that_has_the_former_content_now(
    known: Store, facts: UserFacts, anew: Callable[..., Store]
) -> None:
    before = in_photos(known)
    with known.read() as txn:
        (face,) = faces.of_person(txn, AssetId(3), ALICE)
    facts.say(people_said.ASSIGN, face=face, person=OTHER)
    with known.write() as txn:
        assets.identify(txn, FileId(3), digest("edited"), 2)
        assets.identify(txn, FileId(4), digest(3), 3)
    facts.say(people_said.HIDE, person=UNKNOWN, hidden=True)  # which tells the journal of the edit
    store = anew((1, 2, "edited", 3, 5, 6))
    found_anew(store)
    assert 3 in in_photos(store)[b"person-3"]
    for _ in range(2):
        facts.say(undo.UNDO)
    assert in_photos(known) == before
    store = anew((1, 2, "edited", 3, 5, 6))
    found_anew(store)
    with store.read() as txn:
        assert not any(said.person for _, said in face_said.everything(txn))


def test_a_person_is_kept_who_was_made_by_hand_and_got_a_cluster_meanwhile(known: Store, facts: UserFacts) -> None:
    twin = facts.say(people_said.MAKE, name="Twin")["person"]
    with known.write() as txn:
        people.give(txn, cluster_of(txn, faces_in(txn, 5)[0]) or WAITING, twin)
    facts.say(undo.UNDO)
    assert in_photos(known)[b"person-%d" % twin] == {5}


# ---- a store made anew


@pytest.fixture
def anew(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """A store that knows nothing but the photos (of these contents), and hears the journal."""
    made: list[tuple[Store, Writer]] = []

    def make(contents: Iterable[object] = range(1, 7)) -> Store:
        store = open_store(tmp_path / f"anew-{len(made)}")
        writer = Writer(store)
        made.append((store, writer))
        UserFacts(Journal(tmp_path / "journal"), writer, VERBS).catch_up()
        writer.run(lambda txn: photos(txn, contents))
        return store

    yield make
    for store, writer in made:
        writer.close()
        assert violations(store) == []
        store.close()


def found_anew(store: Store) -> None:
    """Another model finds the faces, one on the right of photo 1 not."""
    with store.write() as txn:
        for number in range(6, 0, -1):
            find(txn, AssetId(number), [LEFT], model="another-11", shift=0.03)


def test_a_store_made_anew_knows_people_as_soon_as_their_faces_are_found(
    known: Store, facts: UserFacts, anew: Callable[..., Store]
) -> None:
    with known.read() as txn:
        _, right = faces_in(txn, 1)
        (refused,) = faces.of_person(txn, AssetId(4), ALICE)
    facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    facts.say(people_said.ASSIGN, face=right, person=ALICE)
    facts.say(people_said.REFUSE, face=refused, person=ALICE, cosine=0.5)
    facts.say(people_said.HIDE, person=OTHER, hidden=True)
    before = in_photos(known)
    store = anew()
    assert in_photos(store) == {b"Bob": set(), b"Alice": set(), b"person-3": set()}
    found_anew(store)
    assert in_photos(store) == before
    with store.read() as txn:
        assert faces.refusals(txn, faces_in(txn, 4)[0]) == {people.named(txn, b"Alice"): 0.5}
        assert [people.person(txn, OTHER).is_hidden] == [True]  # type: ignore[union-attr]


@pytest.mark.usefixtures("known")
def test_ids_of_the_journal_are_given_to_nobody_else(facts: UserFacts, anew: Callable[..., Store]) -> None:
    facts.say(people_said.MERGE, person=OTHER, into=UNKNOWN)
    store = anew()
    with store.write() as txn:
        assert people.new_person(txn) == 4


def test_what_was_undone_is_undone_in_a_store_made_anew(
    known: Store, facts: UserFacts, anew: Callable[..., Store]
) -> None:
    facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    facts.say(people_said.MERGE, person=UNKNOWN, into=ALICE)
    facts.say(undo.UNDO)
    facts.say(people_said.NAME, person=OTHER, name="Carol")
    facts.say(undo.UNDO)
    store = anew()
    found_anew(store)
    assert in_photos(store) == in_photos(known) == {b"Bob": {1, 2}, b"Alice": {3, 4}, b"person-3": {5}}


@pytest.mark.usefixtures("known")
def test_somebody_whom_a_file_has_named_is_known_by_that_name(facts: UserFacts, anew: Callable[..., Store]) -> None:
    facts.say(people_said.ASSIGN, face=7, person=ALICE)
    store = anew()
    assert set(in_photos(store)) == {b"Alice"}


def test_photos_that_were_edited_are_known_in_a_store_made_anew(
    known: Store, facts: UserFacts, journal: Journal, anew: Callable[..., Store]
) -> None:
    """Photo 3 has the content of photo 4, and photo 4 has content that nobody has seen."""
    with known.read() as txn:
        (third,), (fourth,) = (faces.of_person(txn, AssetId(number), ALICE) for number in (3, 4))
    facts.say(people_said.ASSIGN, face=third, person=OTHER)
    facts.say(people_said.ASSIGN, face=fourth, person=UNKNOWN)
    with known.write() as txn:
        assets.identify(txn, FileId(4), digest("edited"), 2)
        assets.identify(txn, FileId(3), digest(4), 3)
    facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    assert [entry["do"] for entry in journal.entries()] == ["assign-face", "assign-face", "edit-photos", "name-person"]
    before = in_photos(known)
    assert (before[b"person-3"], before[b"Bob"]) == ({3, 5}, {1, 2, 4})
    store = anew((1, 2, 4, "edited", 5, 6))
    found_anew(store)
    assert in_photos(store) == {name: before[name] for name in (b"person-3", b"Bob")}


def test_an_edit_is_told_once_even_by_a_daemon_that_is_killed_meanwhile(
    known: Store, facts: UserFacts, journal: Journal
) -> None:
    facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    with known.write() as txn:
        assets.identify(txn, FileId(1), digest("edited"), 2)
        (edit,) = people_said.VERBS[people_said.EDITED].untold(txn)
    journal.append(edit)
    assert facts.catch_up() == 1
    assert facts.catch_up() == 0
    assert journal.last == 2
    assert in_photos(known)[b"Bob"] == {1, 2}


# ---- however many photos


@pytest.mark.parametrize("verb", [people_said.NAME, people_said.MERGE, people_said.HIDE, undo.UNDO])
def test_a_word_about_somebody_writes_as_many_rows_for_a_thousand_photos_as_for_a_hundred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Beyond the examples that the journal gets, of which there are at most twenty a person."""
    written = {count: _rows_written(tmp_path, monkeypatch, verb, count) for count in (100, 1000)}
    assert written[1000] == written[100] <= 60


def _rows_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, count: int) -> int:
    """Rows that are written where two people in `count` photos each are named, merged or parted again."""
    store = open_store(tmp_path / f"store-{count}")
    writer = Writer(store)
    facts = UserFacts(Journal(tmp_path / f"journal-{count}"), writer, VERBS)
    with store.write() as txn:
        added = [add_photo(txn, root(txn), b"%d.jpg" % number) for number in range(2 * count)]
        found = [find(txn, asset, [LEFT])[0] for asset in added]
        together(txn, found[:count], b"Alice")
        together(txn, found[count:])
    said: dict[str, dict[str, object]] = {
        people_said.NAME: {"person": 2, "name": "Bob"},
        people_said.MERGE: {"person": 2, "into": 1},
        people_said.HIDE: {"person": 2, "hidden": True},
    }
    if verb == undo.UNDO:
        facts.say(people_said.MERGE, **said[people_said.MERGE])
    rows: list[bytes] = []
    put = WriteTransaction.put
    with monkeypatch.context() as counting:
        counting.setattr(
            WriteTransaction, "put", lambda txn, table, key, value: (rows.append(key), put(txn, table, key, value))
        )
        put_record = WriteTransaction.put_record
        counting.setattr(
            WriteTransaction,
            "put_record",
            lambda txn, table, key, record: (rows.append(key), put_record(txn, table, key, record)),
        )
        facts.say(verb, **said.get(verb, {}))
    writer.close()
    assert violations(store) == []
    store.close()
    return len(rows)


def test_copies_of_a_photo_are_one_for_what_is_said_of_it(known: Store, facts: UserFacts) -> None:
    with known.write() as txn:
        assert add_photo(txn, root(txn), b"copy of 3.jpg", content=3) == AssetId(3)
        (face,) = faces.of_person(txn, AssetId(3), ALICE)
    facts.say(people_said.ASSIGN, face=face, person=OTHER)
    with known.write() as txn:
        paths.remove_file(txn, FileId(3))
    assert in_photos(known)[b"person-3"] == {3, 5}
    with known.write() as txn:
        record = assets.asset(txn, AssetId(3))
        assert record is not None
        paths.remove_file(txn, record.files[0])
    assert in_photos(known)[b"person-3"] == {5}
    facts.say(undo.UNDO)
    with known.write() as txn:
        assert add_photo(txn, root(txn), b"back.jpg", content=3) == AssetId(3)
    assert (in_photos(known)[b"person-3"], in_photos(known)[b"Alice"]) == ({5}, {3, 4})


def test_a_merge_is_undone_in_a_store_made_anew_for_faces_that_were_found_as_one_person(
    known: Store, facts: UserFacts, anew: Callable[..., Store], tmp_path: Path
) -> None:
    with known.read() as txn:
        _, right = faces_in(txn, 1)
        (waits,) = faces_in(txn, 6)
    facts.say(people_said.ASSIGN, face=waits, person=UNKNOWN)
    facts.say(people_said.ASSIGN, face=right, person=OTHER)
    facts.say(people_said.NAME, person=ALICE, name="Alicia")
    before = in_photos(known)
    facts.say(people_said.MERGE, person=UNKNOWN, into=ALICE)
    store = anew()
    found_anew(store)
    assert in_photos(store)[b"Alicia"] == {1, 2, 3, 4, 6}
    writer = Writer(store)
    UserFacts(Journal(tmp_path / "journal"), writer, VERBS).say(undo.UNDO)
    writer.close()
    assert in_photos(store) == before


def test_an_undone_merge_takes_no_face_that_the_machine_had_given_to_the_other_before_it(
    known: Store, facts: UserFacts
) -> None:
    """The journal knows Bob by these faces, and so gives him back those that were found while the two were one."""
    facts.say(people_said.NAME, person=ALICE, name="Alicia")  # so that the journal knows her by other faces
    facts.say(people_said.NAME, person=UNKNOWN, name="Bob")
    with known.write() as txn:
        for asset in list(people.photos(txn, UNKNOWN)):
            for face in faces.of_person(txn, AssetId(asset), UNKNOWN):
                assert faces.place(txn, face, people.home(txn, ALICE))
        for cluster in (people.person(txn, UNKNOWN) or Person()).clusters:
            people.drop_if_empty(txn, cluster)
        assert not (people.person(txn, UNKNOWN) or Person()).clusters
    before = in_photos(known)
    facts.say(people_said.MERGE, person=UNKNOWN, into=ALICE)
    facts.say(undo.UNDO)
    assert in_photos(known) == before
