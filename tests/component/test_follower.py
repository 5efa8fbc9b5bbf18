"""What the mount is told after a commit: photos, and people whose folders have other names or lost photos."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
import trio

from photofsd.daemon.follower import Follower, Seen
from photofsd.store import faces, people
from photofsd.store.env import Store
from photofsd.store.transaction import Touched, WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import ClusterId, PersonId
from tests.component.face_kit import LEFT, find, together
from tests.component.store_kit import add_photo, root

if TYPE_CHECKING:
    from photofsd.vtree.tree import LibraryTree

NOTHING = frozenset[bytes]()


class Listener:
    """A follower that is asked what it has seen after each change."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._writer = writer
        self._touched: list[Touched] = []
        writer.listen(self._touched.append)
        self.follower = Follower(store, writer, cast("LibraryTree", None), lambda: None)

    def after(self, work: Callable[[WriteTransaction], object]) -> Seen:
        """What is told of that change."""
        self._touched.clear()
        self._writer.run(work)
        before = {person: old for touched in self._touched for person, old in touched.people.items()}
        return self.follower.look(before)


@pytest.fixture
def listener(store: Store) -> Iterator[Listener]:
    """Alice is in a.jpg and b.jpg (person 1), somebody without a name in c.jpg (person 2)."""
    with contextlib.closing(Writer(store)) as writer:

        def fill(txn: WriteTransaction) -> None:
            photos = [add_photo(txn, root(txn), name) for name in (b"a.jpg", b"b.jpg", b"c.jpg")]
            found = [find(txn, photo, [LEFT])[0] for photo in photos]
            together(txn, found[:2], b"Alice")
            together(txn, found[2:])

        writer.run(fill)

        async def make() -> Listener:
            return Listener(store, writer)

        yield trio.run(make)


def set_person(number: int, **changes: object) -> Callable[[WriteTransaction], None]:
    def work(txn: WriteTransaction) -> None:
        person = PersonId(number)
        found = people.person(txn, person)
        assert found is not None
        people.put(txn, person, msgspec.structs.replace(found, **changes))

    return work


def test_a_person_who_gets_another_name_is_told_by_both(listener: Listener) -> None:
    seen = listener.after(set_person(1, name=b"Alicia"))
    assert (seen.renamed, seen.emptied, seen.appeared) == ({b"Alice", b"Alicia"}, NOTHING, NOTHING)
    seen = listener.after(set_person(2, name=b"Bob"))
    assert seen.renamed == {b"person-0002", b"Bob"}


def test_a_person_who_is_hidden_is_told_by_the_one_name(listener: Listener) -> None:
    assert listener.after(set_person(1, is_hidden=True)).renamed == {b"Alice"}
    assert listener.after(set_person(1, is_hidden=False)).renamed == {b"Alice"}
    assert listener.after(set_person(1, is_said=True))[2:] == (NOTHING,) * 4


def test_whose_photos_are_somebody_elses_now_is_told_with_the_photos(listener: Listener) -> None:
    seen = listener.after(lambda txn: people.give(txn, ClusterId(2), PersonId(1)))
    assert seen.appeared == {b"c.jpg"}
    assert seen.renamed == {b"person-0002"}  # who has no faces any more has no folder
    seen = listener.after(lambda txn: people.give(txn, ClusterId(2), PersonId(2)))
    assert seen.appeared == {b"c.jpg", b"person-0002"}
    assert seen.emptied == {b"Alice"}


def test_somebody_new_is_told_as_an_arrival(listener: Listener) -> None:
    seen = listener.after(lambda txn: people.new_person(txn, b"Carol"))
    assert (seen.appeared, seen.renamed) == ({b"Carol"}, NOTHING)


def test_a_face_that_goes_elsewhere_is_told_by_its_photo(listener: Listener) -> None:
    with listener.follower._store.read() as txn:
        face, _ = next(iter(faces.rows(txn)))
    seen = listener.after(lambda txn: faces.place(txn, face, ClusterId(2)))
    assert (seen.appeared, seen.renamed, seen.emptied) == ({b"a.jpg"}, NOTHING, NOTHING)
