"""People for tests of /people: photos with faces in them, as a model and a clustering would leave them in the store."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from photofsd.records import Face
from photofsd.store import faces, people
from photofsd.store.person_names import unnamed
from photofsd.store.transaction import WriteTransaction
from photofsd.types import WAITING, ClusterId, FaceId, PersonId
from tests.component.face_kit import LEFT, MODEL, RIGHT, together
from tests.component.librarian import Librarian
from tests.mount.photographer import Shot, take

FIRST_DAY = dt.datetime(2013, 1, 1)  # noqa: DTZ001 - the wall clock of a camera


class Cast:
    """Somebody after another, each in photos of their own; `shoot` draws these, `introduce` tells a store who they are.

    The photos are called 000.jpg and so on, and were taken on the days from 1 January 2013 on.
    """

    def __init__(self) -> None:
        self.count = 0
        self._people: list[tuple[str, bytes, range, bool]] = []
        self._also: list[tuple[str, int]] = []
        self._suggested: list[tuple[str, range]] = []
        self._named_by_file: dict[int, bytes] = {}
        self._strangers: list[tuple[str, range, Sequence[float]]] = []

    def somebody(self, key: str, photos: int, *, name: bytes = b"", is_hidden: bool = False) -> None:
        """A person with a face in so many new photos; in tests they are called `key`."""
        self._people.append((key, name, self._new(photos), is_hidden))

    def also(self, key: str, photo: int) -> None:
        """That person is in that photo, too, on the right."""
        self._also.append((key, photo))

    def suggest(self, key: str, photos: int) -> None:
        """In so many new photos a face looks like that person."""
        self._suggested.append((key, self._new(photos)))

    def named_by_file(self, name: bytes, photos: int) -> None:
        """So many new photos whose files say that they show that person; nobody has found a face in them."""
        self._named_by_file |= dict.fromkeys(self._new(photos), name)
        self._people.append((name.decode(), name, range(0), False))

    def strangers(self, key: str, photos: int, faces: int = 1) -> None:
        """So many new photos, in each of which so many faces are nobody's; in tests these are called `key`."""
        self._strangers.append((key, self._new(photos), (LEFT, RIGHT)[:faces]))

    def photos(self, key: str) -> list[bytes]:
        """The names of the person's photos, or of those of strangers, in their order."""
        own = [n for name, _, photos, _ in self._people if name == key for n in photos]
        own += [n for name, n in self._also if name == key]
        own += [n for name, photos, _ in self._strangers if name == key for n in photos]
        return sorted(photo(n) for n in (*own, *(n for n, name in self._named_by_file.items() if name.decode() == key)))

    def suggested(self, key: str) -> list[bytes]:
        """The names of the photos in which a face looks like that person."""
        return [photo(n) for name, photos in self._suggested if name == key for n in photos]

    def called(self, key: str) -> bytes:
        """What a person is called whom nobody has named: they are numbered in the order in which they came."""
        return next(unnamed(PersonId(n)) for n, (name, *_) in enumerate(self._people, 1) if name == key)

    def shoot(self, folder: Path) -> None:
        """Draw the photos."""
        for n in range(self.count):
            when = FIRST_DAY + dt.timedelta(days=n)
            take(folder / photo(n).decode(), Shot(f"{when:%Y:%m:%d %H:%M:%S}", shade=n))
            if n in self._named_by_file:
                people_of_it = [{"name": self._named_by_file[n].decode()}]
                takeout = {"photoTakenTime": {"timestamp": "0"}, "people": people_of_it}
                (folder / f"{photo(n).decode()}.json").write_text(json.dumps(takeout))

    def introduce(self, here: Librarian) -> None:
        """Put faces and people into the store."""
        here.writer.run(functools.partial(self._introduce, here))

    def _introduce(self, here: Librarian, txn: WriteTransaction) -> None:
        on_the_left = {n: key for key, _, photos, _ in self._people for n in photos}
        on_the_left |= {n: "" for _, photos in self._suggested for n in photos}
        on_the_right = {n: key for key, n in self._also}
        found: dict[str, list[FaceId]] = {}
        first: dict[int, FaceId] = {}
        for n, key in on_the_left.items():
            first[n], *second = _find(txn, here, n, [LEFT, RIGHT] if n in on_the_right else [LEFT])
            found.setdefault(key, []).append(first[n])
            found.setdefault(on_the_right.get(n, ""), []).extend(second)
        clusters = {key: _make(txn, name, found.get(key, ()), is_hidden) for key, name, _, is_hidden in self._people}
        for n, places in ((n, places) for _, photos, places in self._strangers for n in photos):
            _find(txn, here, n, places)
        for key, photos in self._suggested:
            for n in photos:
                assert faces.place(txn, first[n], WAITING, suggested=clusters[key])

    def _new(self, photos: int) -> range:
        self.count += photos
        return range(self.count - photos, self.count)


def photo(n: int) -> bytes:
    """The name of a photo."""
    return b"%03d.jpg" % n


def _find(txn: WriteTransaction, here: Librarian, n: int, places: Sequence[float]) -> list[FaceId]:
    first = faces.reserve(txn, len(places))
    ids = [FaceId(first + i) for i in range(len(places))]
    found = [Face(face, left, 0.3, 0.2, 0.2, score=0.9, px=100) for face, left in zip(ids, places, strict=True)]
    faces.keep(txn, here.named(photo(n)), MODEL, found)
    return ids


def _make(txn: WriteTransaction, name: bytes, found: Sequence[FaceId], is_hidden: bool) -> ClusterId:  # noqa: FBT001
    """Somebody with a cluster of these faces."""
    _, cluster = made = together(txn, found, name)
    record = people.person(txn, made[0])
    assert record is not None
    people.put(txn, made[0], msgspec.structs.replace(record, is_hidden=is_hidden))
    return cluster
