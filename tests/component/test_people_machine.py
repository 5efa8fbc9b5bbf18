"""Whatever users, models and the clusterer do, in whatever order, and whenever the daemon is killed: words are kept.

Names and faces set by hand are never lost; who was refused is never put there by the machine; undo makes exactly what
was, where nothing else happened meanwhile, and takes back the same words where it did; `check` finds nothing.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from photofsd.errors import AlreadyThere, NoSuchEntry, NotPermitted
from photofsd.records import Metadata
from photofsd.store import assets, face_rows, faces, people, people_said, undo
from photofsd.store.introductions import read
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.overlap import Boxed
from photofsd.store.paths import remove_file
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from photofsd.types import WAITING, AssetId, FaceId, FileId, Hold, Kind, PersonId
from photofsd.vtree.additions import Whom, addition
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, find
from tests.component.people_model import Spot, Words
from tests.component.store_kit import add_photo, digest, open_store, quick_folder, root, violations

T = TypeVar("T")
SPOTS: Final = (LEFT, MIDDLE, RIGHT)
THERE: Final = {1: (LEFT, MIDDLE), 2: (LEFT,), 3: SPOTS, 4: (LEFT, RIGHT)}
"""The photos, and where in them somebody is."""
NAMED_BY_FILE: Final = AssetId(2)
MIN_PHOTOS: Final = 2
NAMES: Final = ("Alice", "Bob", "Caf\udce9")

picks = st.integers(0, 999)
fates = st.sampled_from(["stands", "stands", "undone", "killed"])
"""What becomes of a word: it stands, is taken back at once, or the daemon is killed between journal and commit."""
names = st.sampled_from(NAMES)
photos = st.sampled_from([AssetId(number) for number in THERE])


def one_of(choices: Iterable[T], pick: int) -> T | None:
    """One of the choices, None where there is none."""
    ordered = sorted(choices)  # type: ignore[type-var]
    return ordered[pick % len(ordered)] if ordered else None


def spot(asset: AssetId, place: Boxed) -> Spot:
    """Which face of the photo that is, wherever a model has seen it; one that is only somewhere has a place beyond."""
    if place.width == 1:
        return asset, -place.height
    return asset, min(SPOTS, key=lambda one: abs(one - place.left))


class PeopleMachine(RuleBasedStateMachine):
    """A store and its journal beside the words that were said."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = quick_folder()
        self.here = Path(self.folder.name)
        self.stores = 0
        self.words = Words()
        self.contents: dict[AssetId, object] = {AssetId(number): number for number in THERE}
        self.exact: list[Any] = []
        self.merged_into_refused: set[Spot] = set()
        self.open()

    def open(self) -> int:
        self.store = open_store(self.here / f"store-{self.stores}")
        self.writer = Writer(self.store)
        self.facts = UserFacts(Journal(self.here / "journal"), self.writer, VERBS)
        return self.facts.catch_up()

    def close(self) -> None:
        self.writer.close()
        self.store.close()

    def teardown(self) -> None:
        with self.folder:
            self.close()

    def write(self, work: Any) -> None:  # noqa: ANN401
        """Something that no user does: undo need not be exact after it."""
        self.exact.clear()
        self.writer.run(work)

    @initialize()
    def some_people(self) -> None:
        self.write(self.fill)
        self.recluster(seed=1)

    def fill(self, txn: WriteTransaction) -> None:
        for asset, content in self.contents.items():
            assert add_photo(txn, root(txn), b"%d.jpg" % asset, content) == asset
            find(txn, asset, THERE[asset])
        assets.keep(txn, Tables.METADATA, NAMED_BY_FILE, Metadata("jpeg", Kind.IMAGE, people=("Alice", "Bob")))

    # ---- what users do

    def a_person(self, pick: int) -> PersonId | None:
        """Mostly one of those who have faces."""
        with self.store.read() as txn:
            everybody = [person for person, _ in people.people(txn)]
            with_faces = [person for person in everybody if people.faces_of(txn, person)]
            return one_of(with_faces if with_faces and pick % 4 else everybody, pick // 4)

    def a_face(self, pick: int) -> FaceId | None:
        with self.store.read() as txn:
            return one_of((face for face, _ in faces.rows(txn)), pick)

    def say(self, do: str, fate: str, **facts: object) -> dict[str, Any] | None:
        """Say it; None where it is refused, and then nothing has changed."""
        before, last = self.visible(), self.facts._journal.last
        copy = self.here / "before.mdb"
        if fate == "killed":
            shutil.copy(self.here / f"store-{self.stores}" / "data.mdb", copy)
        try:
            entry = dict(self.facts.say(do, **facts))
        except (NoSuchEntry, AlreadyThere, NotPermitted):
            assert (self.visible(), self.facts._journal.last) == (before, last)
            return None
        if fate == "killed":  # between the journal and the commit
            after = self.visible()
            self.close()
            shutil.copy(copy, self.here / f"store-{self.stores}" / "data.mdb")
            assert self.open() == entry["n"] - last
            assert self.visible() == after
        if do != undo.UNDO:
            self.exact.append(before)
        return entry

    def take_back(self, fate: str) -> None:
        """Now that it is known to the model, too."""
        if fate == "undone":
            self.undo(burst=False, fate="stands")

    @rule(person=picks, name=names, fate=fates)
    def name(self, person: int, name: str, fate: str) -> None:
        who = self.a_person(person)
        if who is None:
            return
        is_free = name not in self.words.names.values()
        entry = self.say(people_said.NAME, fate, person=who, name=name)
        assert (entry is not None) == is_free
        if entry is not None:
            self.words.begin(people_said.NAME, who)
            self.words.change(self.words.names, who, name)
            self.take_back(fate)

    @rule(name=names, fate=fates)
    def split(self, name: str, fate: str) -> None:
        is_free = name not in self.words.names.values()
        entry = self.say(people_said.MAKE, fate, name=name)
        assert (entry is not None) == is_free
        if entry is not None:
            who = PersonId(entry["person"])
            self.words.begin(people_said.MAKE, who)
            self.words.change(self.words.made, who, new=True)
            self.words.change(self.words.names, who, name)
            self.take_back(fate)

    @rule(person=picks, into=picks, fate=fates)
    def merge(self, person: int, into: int, fate: str) -> None:
        who, whom = self.a_person(person), self.a_person(into)
        if who is None or whom is None:
            return
        entry = self.say(people_said.MERGE, fate, person=who, into=whom)
        assert (entry is not None) == (who != whom)
        if entry is not None:
            self.words.begin(people_said.MERGE, who, whom)
            self.words.merge(who, whom)
            self.note_merged_into_refused()
            self.take_back(fate)

    def note_merged_into_refused(self) -> None:
        """The user's later word: faces that were refused one of the two and are the other's."""
        with self.store.read() as txn:
            rows = self.rows(txn)
            self.merged_into_refused |= {where for where, at in rows.items() if self.is_refused(txn, where, at)}

    @rule(person=picks, hidden=st.booleans(), fate=fates)
    def hide(self, person: int, *, hidden: bool, fate: str) -> None:
        who = self.a_person(person)
        if who is None:
            return
        entry = self.say(people_said.HIDE, fate, person=who, hidden=hidden)
        assert (entry is not None) == (self.words.hidden.get(who, False) != hidden)
        if entry is not None:
            self.words.begin(people_said.HIDE, who)
            self.words.change(self.words.hidden, who, hidden or None)
            self.take_back(fate)

    @rule(face=picks, person=picks, fate=fates)
    def assign(self, face: int, person: int, fate: str) -> None:
        what, who = self.a_face(face), self.a_person(person)
        if what is None or who is None:
            return
        where = self.spot_of(what)
        entry = self.say(people_said.ASSIGN, fate, face=what, person=who)
        assert entry is not None
        self.note_set(where, who, entry)
        self.take_back(fate)

    @rule(asset=photos, person=picks, number=st.sampled_from([None, None, 0, 1, 2, 3]), fate=fates)
    def add(self, asset: AssetId, person: int, number: int | None, fate: str) -> None:
        """Somebody is in a photo: with the face that may be meant, with one of these, or somewhere."""
        who = self.a_person(person)
        if who is None:
            return
        with self.store.read() as txn:
            owners = {people.of_cluster(txn, at.cluster) for where, at in self.rows(txn).items() if where[0] == asset}
            whom = Whom(who, "who", MIN_PHOTOS)
            if who in owners or (number is None and people.is_in(txn, who, asset)):
                with pytest.raises(AlreadyThere):
                    addition(txn, asset, whom, number)
                return
            try:
                what = addition(txn, asset, whom, number)
            except (NotPermitted, NoSuchEntry):
                return
        face = {"asset": asset} if what.face is None else {"face": what.face}
        instead_of = {"instead_of": what.instead_of} if what.instead_of else {}
        where = None if what.face is None else self.spot_of(what.face)
        entry = self.say(people_said.ASSIGN, fate, person=who, **face, **instead_of)
        assert entry is not None
        self.note_set(where or spot(asset, read(entry["content"], entry["box"])[1]), who, entry)
        with self.store.read() as txn:
            assert people.is_in(txn, who, asset)
        self.take_back(fate)

    def note_set(self, where: Spot, who: PersonId, entry: dict[str, Any]) -> None:
        """The user says that this face is that person's."""
        self.words.begin(people_said.ASSIGN, who)
        self.words.change(self.words.said, where, who)
        for spot_, refused in list(self.words.refused):
            if spot_ == where and self.words.resolve(refused) == who:
                self.words.change(self.words.refused, (spot_, refused), None)
        for name in entry.get("names", ()):
            self.words.change(self.words.denied, (where[0], name), new=True)

    @rule(face=picks, person=picks, fate=fates)
    def refuse(self, face: int, person: int, fate: str) -> None:
        what, who = self.a_face(face), self.a_person(person)
        if what is None or who is None:
            return
        where = self.spot_of(what)
        entry = self.say(people_said.REFUSE, fate, face=what, person=who, cosine=0.5)
        assert entry is not None
        self.words.begin(people_said.REFUSE, who)
        self.words.change(self.words.refused, (where, who), 0.5)
        if self.words.is_person(where) == who:
            self.words.change(self.words.said, where, None)
        for name in entry.get("names", ()):
            self.words.change(self.words.denied, (where[0], name), new=True)
        self.take_back(fate)

    @rule(person=picks, fate=fates)
    def refuse_name(self, person: int, fate: str) -> None:
        who = self.a_person(person)
        entry = None if who is None else self.say(people_said.REFUSE_NAME, fate, asset=NAMED_BY_FILE, person=who)
        if entry is not None:
            self.words.begin(people_said.REFUSE_NAME)
            for name in entry["names"]:
                assert not self.words.denied.get((NAMED_BY_FILE, name))
                self.words.change(self.words.denied, (NAMED_BY_FILE, name), new=True)
            self.take_back(fate)

    @rule(burst=st.booleans(), fate=fates)
    def undo(self, *, burst: bool, fate: str) -> None:
        entry = self.say(undo.UNDO, fate, burst=burst)
        assert (entry is not None) == bool(self.words.entries)
        if entry is None:
            return
        count = len(entry["entries"])
        assert burst or count == 1
        for _ in range(count):
            self.words.undo()
        self.note_merged_into_refused()
        if len(self.exact) >= count:
            del self.exact[len(self.exact) - count + 1 :]
            assert self.visible() == self.exact.pop()
        else:
            self.exact.clear()

    # ---- what the machine does

    @rule(asset=photos, seen=st.integers(0, 7), shift=st.sampled_from([-0.02, 0.0, 0.02]))
    def detect(self, asset: AssetId, seen: int, shift: float) -> None:
        """A model that finds some of the faces, slightly elsewhere."""
        found = [left for i, left in enumerate(THERE[asset]) if seen >> i & 1]
        self.write(lambda txn: find(txn, asset, found, model=f"model-{seen}", shift=shift))

    @rule(seed=st.integers(0, 1 << 16))
    def recluster(self, seed: int) -> None:
        """A clusterer that puts every face anywhere, and suggests anything."""
        luck = random.Random(seed)

        def work(txn: WriteTransaction) -> None:
            clusters = [WAITING, *(cluster for cluster, row in people.clusters(txn) if row.faces)]
            newcomers = max(luck.randrange(3), 4 - len(clusters))
            clusters += [people.new_cluster(txn, people.new_person(txn)) for _ in range(newcomers)]
            for face, at in list(faces.rows(txn)):
                is_done = faces.place(txn, face, luck.choice(clusters), suggested=luck.choice(clusters))
                assert not (is_done and at.hold is not Hold.NONE)
            if luck.random() < 0.5:
                people.tidy(txn)

        self.write(work)
        self.forget_merged()

    @rule(cluster=picks, person=picks)
    def vote(self, cluster: int, person: int) -> None:
        """A cluster of faces that the machine has put together is somebody else's, it finds."""

        def work(txn: WriteTransaction) -> None:
            held = {at.cluster for _, at in faces.rows(txn) if at.hold is not Hold.NONE}
            what = one_of({one for one, _ in people.clusters(txn)} - held, cluster)
            who = one_of((one for one, _ in people.people(txn)), person)
            if what is not None and who is not None:
                for face in [face for face, at in faces.rows(txn) if at.cluster == what]:
                    faces.place(txn, face, WAITING)
                people.give(txn, what, who)

        self.write(work)

    @rule(face=picks, name=st.sampled_from(NAMES[:2]))
    def seed(self, face: int, name: str) -> None:
        """A file that names the person under a region: in Unicode, as metadata is."""
        what = self.a_face(face)
        value = os.fsencode(name)

        def work(txn: WriteTransaction) -> PersonId:
            who = people.meant(txn, value) or people.new_person(txn, value)
            if what is not None:
                faces.place(txn, what, people.home(txn, who), hold=Hold.FILE)
            return who

        self.exact.clear()
        who = self.writer.run(work)
        if name not in self.words.names.values() and who not in self.words.names:
            self.words.names[who] = name

    def forget_merged(self) -> None:
        with self.store.read() as txn:
            rows = self.rows(txn)
            self.merged_into_refused &= {where for where, at in rows.items() if self.is_refused(txn, where, at)}

    # ---- what happens

    @rule()
    def reopen(self) -> None:
        before = self.visible()
        self.close()
        assert self.open() == 0
        assert self.visible() == before

    @rule(asset=photos, content=picks)
    def edit(self, asset: AssetId, content: int) -> None:
        """A file gets other content, or what another had once."""
        new = ("edited", content % 3) if content % 4 else int(asset)
        if new in self.contents.values():
            return
        self.contents[asset] = new
        self.write(lambda txn: assets.identify(txn, self.file_of(txn, asset), digest(new), 2))

    @rule(asset=photos)
    def vanish_and_come_back(self, asset: AssetId) -> None:
        before = self.visible()
        self.writer.run(lambda txn: remove_file(txn, self.file_of(txn, asset)))
        self.writer.run(lambda txn: add_photo(txn, root(txn), b"back-%d.jpg" % asset, self.contents[asset]))
        assert self.visible() == before

    def file_of(self, txn: ReadTransaction, asset: AssetId) -> FileId:
        record = assets.asset(txn, asset)
        assert record is not None
        return record.files[0]

    @rule(asset=photos, content=picks)
    def make_anew(self, asset: AssetId, content: int) -> None:
        """The store is lost, after a photo was edited; what is left is the journal."""
        self.edit(asset, content)
        self.reopen()  # what the daemon does at start
        self.close()
        self.stores += 1
        self.open()
        self.words.heard_anew()
        self.write(self.fill)
        self.recluster(seed=content)
        self.merged_into_refused.clear()
        self.note_merged_into_refused()

    # ---- comparison

    def rows(self, txn: ReadTransaction) -> dict[Spot, face_rows.FaceRow]:
        return {spot(asset, face): at for asset in self.contents for face, at in faces.placed(txn, asset)}

    def spot_of(self, face: FaceId) -> Spot:
        with self.store.read() as txn:
            at = faces.row(txn, face)
            assert at is not None
            return next(spot(at.asset, one) for one, _ in faces.placed(txn, at.asset) if one.id == face)

    def is_refused(self, txn: ReadTransaction, where: Spot, at: face_rows.FaceRow) -> bool:
        return people.of_cluster(txn, at.cluster) in self.words.is_not(where)

    def visible(self) -> object:
        """All that anybody can see of people, but for ids that are given anew."""
        with self.store.read() as txn:
            everybody = {
                person: (found.name, found.is_hidden, frozenset(found.aliases), tuple(people.photos(txn, person)))
                for person, found in people.people(txn)
                if found.name or found.is_hidden or people.faces_of(txn, person)
            }
            merged = {
                number: people.resolve(txn, PersonId(number))
                for number in range(1, txn.number(Tables.META, b"next_person"))
            }
            owners = {one: row.person for one, row in people.clusters(txn) if row.faces}
            gone = {number for number, who in merged.items() if who not in everybody}
            return everybody, {k: who for k, who in merged.items() if k not in gone}, owners, self.rows(txn)

    @invariant()
    def words_are_kept(self) -> None:
        assert violations(self.store) == []
        with self.store.read() as txn:
            self.compare_people(txn)
            self.compare_faces(txn)

    def compare_people(self, txn: ReadTransaction) -> None:
        assert {person: os.fsdecode(name) for name, person in people.names(txn)} == self.words.names
        hidden = {person for person, found in people.people(txn) if found.is_hidden}
        assert hidden == {person for person in self.words.hidden if person not in self.words.merged}
        for person in self.words.merged:
            assert people.resolve(txn, person) == self.words.resolve(person)
        for name in ("Alice", "Bob"):
            who = people.meant(txn, name.encode())
            if who is not None and not self.words.denied.get((NAMED_BY_FILE, name)):
                assert NAMED_BY_FILE in people.photos(txn, who)

    def compare_faces(self, txn: ReadTransaction) -> None:
        rows = self.rows(txn)
        set_by_hand = {where: people.of_cluster(txn, at.cluster) for where, at in rows.items() if at.hold is Hold.HAND}
        assert set_by_hand == {where: self.words.resolve(who) for where, who in self.words.said.items()}
        for where, at in rows.items():
            if at.hold is not Hold.HAND and where not in self.merged_into_refused:
                assert not self.is_refused(txn, where, at)
        for asset in self.contents:
            for face, _ in faces.placed(txn, asset):
                assert set(faces.refusals(txn, face.id)) == self.words.is_not(spot(asset, face))


class LongPeopleMachine(PeopleMachine):
    """The same for longer."""


PeopleMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
LongPeopleMachine.TestCase.settings = settings(max_examples=500, stateful_step_count=60, deadline=None)
test_words_about_people_are_kept = PeopleMachine.TestCase
test_words_about_people_are_kept_for_long = pytest.mark.slow(pytest.mark.timeout(1800)(LongPeopleMachine.TestCase))
