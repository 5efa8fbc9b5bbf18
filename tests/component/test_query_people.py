"""People in questions: by name, in free words, as a number of faces; and what of it a model is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from photofsd.query import searches
from photofsd.query.meaning import Meant, Ranking, Wish
from photofsd.query.parse import parse
from photofsd.query.search import Answer, Reason, explain, search
from photofsd.query.searches import Searches
from photofsd.records import Person
from photofsd.store import faces, people
from photofsd.store.env import Store
from photofsd.store.transaction import WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import WAITING, AssetId, PersonId
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, find, together
from tests.component.query_library import Shot, add, open_store
from tests.component.store_kit import violations

TODAY = dt.date(2024, 7, 31)
SHOTS = [
    Shot(("beach/1.jpg",), tags=("beach",)),
    Shot(("beach/2.jpg",), tags=("beach",)),
    Shot(("3.jpg",), tags=("Alice Springs",)),
    Shot(("4.jpg",)),
    Shot(("5.jpg",), people=("Ana de Armas", "Bobby")),
    Shot(("6.jpg",)),
    Shot(("7.jpg",)),
    Shot(("8.jpg",)),
]
ALICE, ALICE_BEACH, BOB, HIDDEN, UNKNOWN = map(PersonId, range(1, 6))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Store]:
    """Photos of people; the last of them nobody has looked at.

    Alice in 1, 2 and perhaps 4; Alice Beach in 2 and 6; Bob Smith, who was Robert and is Bobby to files, in 1 and 5;
    Hidden Harry in 6; somebody unknown in 7.
    """
    store = open_store(tmp_path / "store")
    add(store, SHOTS)
    with store.write() as txn:
        _populate(txn)
    yield store
    assert violations(store) == []
    store.close()


def _populate(txn: WriteTransaction) -> None:
    places = {
        1: (LEFT, MIDDLE),
        2: (LEFT, MIDDLE),
        3: (),
        4: (LEFT,),
        5: (),
        6: (LEFT, MIDDLE, RIGHT),
        7: (LEFT,),
    }
    ids = {asset: find(txn, AssetId(asset), at) for asset, at in places.items()}
    _, alice = together(txn, [ids[1][0], ids[2][0]], b"Alice")
    together(txn, [ids[2][1], ids[6][0]], b"Alice Beach")
    bob, _ = together(txn, [ids[1][1]], b"Bob Smith")
    hidden, _ = together(txn, [ids[6][1]], b"Hidden Harry")
    together(txn, [ids[7][0]])
    assert faces.place(txn, ids[4][0], WAITING, suggested=alice)
    people.put(txn, bob, changed(txn, bob, aliases=(b"Bobby", b"Robert")))
    people.put(txn, hidden, changed(txn, hidden, is_hidden=True))


def changed(txn: WriteTransaction, person: PersonId, **fields: object) -> Person:
    found = people.person(txn, person)
    assert found is not None
    return msgspec.structs.replace(found, **fields)


class Recorded:
    """A model that knows nothing, and remembers what it was asked."""

    is_there = True
    generation = 0

    def __init__(self) -> None:
        self.wishes: list[Wish] = []

    def rank(self, wishes: Sequence[Wish], count: int) -> Meant:
        self.wishes += wishes
        return Meant([Ranking() for _ in wishes], 0)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(library: Store) -> Ask:
    def answered(query: str, meaning: Recorded | None = None) -> Answer:
        with library.read() as txn:
            return search(txn, query, today=TODAY, meaning=meaning)

    return answered


@pytest.mark.parametrize(
    "query, found",
    [
        ("person:Alice", {1, 2}),
        ("person:alice", {1, 2}),
        ('person:"Alice Beach"', {2, 6}),
        ("person:beach", {2, 6}),
        ("person:Al*", {1, 2, 6}),
        ("person:smith", {1, 5}),
        ("person:Robert", {1, 5}),
        ("person:Bobby", {1, 5}),
        ('person:"ana de armas"', {5}),
        ("person:armas", {5}),
        ("person:person-0005", {7}),
        ("person:person-0001", {1, 2}),
        ('person:"Hidden Harry"', {6}),
        ("person:harry", set()),
        ("person:H*", set()),
        ("person:person-0099", set()),
        ("-person:Alice", {3, 4, 5, 6, 7, 8}),
        ("person:Alice -person:Bob_Smith", {2}),
        ("person:Alice person:smith", {1}),
        ("person:Alice OR person:smith", {1, 2, 5}),
        ("has:people", {1, 2, 5, 6}),
        ("has:faces", {1, 2, 4, 6, 7}),
        ("faces:0", {3, 5}),
        ("faces:1", {4, 7}),
        ("faces:>=2", {1, 2, 6}),
        ("faces:2..3", {1, 2, 6}),
        ("faces:<3", {1, 2, 3, 4, 5, 7}),
        ("-faces:0", {1, 2, 4, 6, 7, 8}),
    ],
)
def test_filters(ask: Ask, query: str, found: set[int]) -> None:
    assert set(ask(query).assets) == found


@pytest.mark.parametrize(
    "query, found",
    [
        ("alice", {1, 2, 3, 6}),
        ("alice beach", {1, 2, 6}),
        ("alice smith", {1}),
        ('"bob smith"', {1, 5}),
        ('"smith bob"', set()),
        ("robert", {1, 5}),
        ("armas", {5}),
        ('"ana de"', {5}),
        ("harry", set()),
        ("-alice", {4, 5, 7, 8}),
        ("alice -beach", {3}),
    ],
)
def test_free_words_find_people_by_the_words_of_their_names(ask: Ask, query: str, found: set[int]) -> None:
    assert set(ask(query).assets) == found


def test_a_new_name_is_found_at_once_and_an_old_one_still(library: Store, ask: Ask) -> None:
    with library.write() as txn:
        people.put(txn, UNKNOWN, changed(txn, UNKNOWN, name=b"Zo\xc3\xab"))
    assert ask("zoe").assets == ask("person:ZOE").assets == ask("person:person-0005").assets == (7,)


def test_why_a_photo_is_found_names_the_people(library: Store) -> None:
    with library.read() as txn:
        assert explain(txn, parse("alice beach"), AssetId(2)) == (
            Reason("alice", ("people",)),
            Reason("beach", ("tags", "folder", "people")),
        )


@pytest.mark.parametrize(
    "query, note",
    [
        ("person:Alcie", "nobody is called 'Alcie': did you mean Alice?"),
        ("person:Harr", "nobody is called 'Harr'"),
        ("person:Smoth", "nobody is called 'Smoth': did you mean Bob Smith?"),
        ("person:Xyz", "nobody is called 'Xyz'"),
        ("faces:0", "1 photo has not been looked at for faces"),
        ("has:faces", "1 photo has not been looked at for faces"),
    ],
)
def test_what_there_is_to_say(ask: Ask, query: str, note: str) -> None:
    assert ask(query).notes == (note,)


@pytest.mark.parametrize(
    "query, wishes",
    [
        ("Alice on the beach", [("on the beach", (), {1, 2, 3, 6})]),
        ("sunset alice beach", [("sunset", (), {2, 6, 1})]),
        ("alice", []),
        ("beach at night", [("beach at night", (), set(range(1, 9)))]),
        ("person:Alice snow", [("snow", (), {1, 2})]),
        ("snow -alice", [("snow", (), {4, 5, 7, 8})]),
        ("snow -beach", [("snow", ("beach",), {3, 4, 5, 7, 8})]),
        ("snow harry", [("snow harry", (), set(range(1, 9)))]),
        ("(alice OR robert) snow", [("snow", (), {1, 2, 3, 6}), ("snow", (), {1, 5})]),
    ],
)
def test_names_restrict_and_no_model_hears_them(
    ask: Ask, query: str, wishes: list[tuple[str, tuple[str, ...], set[int]]]
) -> None:
    model = Recorded()
    ask(query, model)
    assert [(wish.text, wish.unlike, set(wish.allowed)) for wish in model.wishes] == wishes


def test_an_answer_that_is_remembered_knows_of_the_last_name(library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "FRESH_S", 0.0)
    writer = Writer(library)
    remembered = Searches(library, writer, lambda: TODAY, limit=200, remembered=20)
    zoe = remembered.members("zoe", None)

    def rename(name: bytes) -> list[int]:
        writer.run(lambda txn: people.put(txn, UNKNOWN, changed(txn, UNKNOWN, name=name)))
        zoe.prepare()
        with library.read() as txn:
            return list(zoe.ordered(txn))

    assert [rename(name) for name in (b"Ann", b"Zoe", b"Ann")] == [[], [7], []]
    assert [rename(name) for name in (b"Zoe", b"Zoe")] == [[7], [7]]
    writer.close()
