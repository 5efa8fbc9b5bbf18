"""What users say of people by command: the same words as by moving folders and photos in the tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from photofsd.daemon.commands import People, Said, Undo
from photofsd.daemon.retelling import called, retold
from photofsd.display import shown
from photofsd.errors import UsageError
from photofsd.query.people import closest_name
from photofsd.store import assets, faces, paths, person_names, undo
from photofsd.store import people as stored
from photofsd.types import NOBODY, AssetId, FaceId, PersonId
from photofsd.vtree import additions
from photofsd.vtree import people as tree
from photofsd.vtree.node import Directory, Photo, Rendered

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction
    from photofsd.vtree.node import Node
    from photofsd.vtree.scope import Library


class Sayings:
    """Says things of people, and takes back what was said. root: of the tree, which is at `mount`. Thread-safe."""

    def __init__(self, library: Library, root: Directory, mount: Path) -> None:
        self._library = library
        self._root = root
        self._mount = os.fsencode(mount)
        self._ways: Mapping[str, Callable[[PersonId, People], str]] = {
            "name": self._name,
            "merge": self._merge,
            "split": self._split,
            "move": self._move,
            "reject": self._reject,
            "hide": self._hide,
            "show": self._hide,
        }

    def say(self, command: People) -> Said:
        """Say it. Raises UsageError, and what the tree refuses."""
        if command.saying == "add":
            return Said(lines=[self._add(command)])
        with self._library.store.read() as txn:
            person = _known(txn, command.person)
        return Said(lines=[self._ways[command.saying](person, command)])

    def take_back(self, command: Undo) -> Said:
        """Take back what was said last; what that was, last first. Raises NoSuchEntry where there is nothing."""
        numbers = self._library.facts.say(undo.UNDO, burst=command.burst)["entries"]
        entries = self._library.facts.entries(numbers)
        with self._library.store.read() as txn:
            return Said(lines=retold(txn, [entries[number] for number in numbers]))

    def _name(self, person: PersonId, command: People) -> str:
        before = self._called(person)
        with self._library.store.read() as txn:
            found = stored.person(txn, person)
        is_hidden = found is not None and found.is_hidden
        tree.call(self._library, person, os.fsencode(command.other), is_hidden=is_hidden)
        return f"{before} is called {self._called(person)} now"

    def _merge(self, person: PersonId, command: People) -> str:
        with self._library.store.read() as txn:
            into, before = _known(txn, command.other), called(txn, person)
        tree.merge(self._library, person, into)
        return f"{before} is {self._called(into)} now"

    def _split(self, person: PersonId, command: People) -> str:
        photos = self._photos(person, command.photos)
        new = tree.make(self._library, os.fsencode(command.other))
        return self._give(person, new, photos)

    def _move(self, person: PersonId, command: People) -> str:
        with self._library.store.read() as txn:
            other = _known(txn, command.other)
        return self._give(person, other, self._photos(person, command.photos))

    def _add(self, command: People) -> str:
        photos, name = self._named(command.photos), os.fsencode(command.person)
        if command.face is not None and len(photos) > 1:
            raise UsageError("which face it is can be said of one photo at a time: nothing was changed")
        with self._library.store.read() as txn:
            is_new = person_names.person_called(name) is None and stored.named(txn, name) is None
            person = NOBODY if is_new else _known(txn, command.person)
            who = called(txn, person) if person else shown(name)
            whom = additions.Whom(person, who, self._library.people_min_photos)
            what = [additions.addition(txn, photo, whom, command.face) for photo in photos]
        person = person or tree.make(self._library, name)
        for one in what:
            additions.say(self._library, one, person)
        return f"{self._called(person)}{', who is new,' if is_new else ''} is in {self._all_of(photos)} now"

    def _give(self, person: PersonId, other: PersonId, photos: Sequence[AssetId]) -> str:
        for photo in photos:
            tree.give(self._library, photo, self._faces(photo, person), other, instead_of=person)
        are = "is" if len(photos) == 1 else "are"
        return f"{_counted(photos)} of {self._called(person)} {are} of {self._called(other)} now"

    def _reject(self, person: PersonId, command: People) -> str:
        photos = self._photos(person, command.photos)
        for photo in photos:
            tree.refuse(self._library, photo, self._faces(photo, person), person)
        return f"{self._called(person)} is not in {_counted(photos)}"

    def _hide(self, person: PersonId, command: People) -> str:
        tree.hide(self._library, person, is_hidden=command.saying == "hide")
        return f"{self._called(person)} is {'hidden' if command.saying == 'hide' else 'shown'} now"

    def _all_of(self, photos: Sequence[AssetId]) -> str:
        """The photo by its name, or how many they are."""
        with self._library.store.read() as txn:
            record = assets.asset(txn, photos[0])
        return _counted(photos) if len(photos) > 1 or record is None else shown(record.name)

    def _called(self, person: PersonId) -> str:
        with self._library.store.read() as txn:
            return called(txn, person)

    def _faces(self, photo: AssetId, person: PersonId) -> list[FaceId]:
        with self._library.store.read() as txn:
            return faces.of_person(txn, photo, person)

    def _photos(self, person: PersonId, named: Sequence[str]) -> list[AssetId]:
        """The photos that are called so, each once, in all of which the person is. Raises as `_photo` does."""
        found = self._named(named)
        with self._library.store.read() as txn:
            for photo in found:
                record = assets.asset(txn, photo)
                if not stored.is_in(txn, person, photo) and record is not None:
                    raise UsageError(f"{called(txn, person)} is not in {shown(record.name)}: nothing was changed")
        return found

    def _named(self, named: Sequence[str]) -> list[AssetId]:
        """The photos that are called so, each once. Raises as `_photo` does."""
        if not named:
            raise UsageError("no photo was named")
        return list(dict.fromkeys(self._photo(os.fsencode(name)) for name in named))

    def _photo(self, name: bytes) -> AssetId:
        """The photo of that name, or at that path, of the library or the tree. Raises UsageError, BadQuery, TooSlow."""
        if name.startswith(self._mount + b"/"):
            found = self._photo_in_tree(name[len(self._mount) :])
        else:
            with self._library.store.read() as txn:
                found = _photo_at(txn, name) if b"/" in name else assets.named(txn, name)
        if found is None:
            raise UsageError(f"there is no photo {shown(name)}: nothing was changed")
        return found

    def _photo_in_tree(self, path: bytes) -> AssetId | None:
        node: Node | None = self._root
        for name in filter(None, path.split(b"/")):
            if not isinstance(node, Directory):
                return None
            node.prepare()
            node = node.lookup(name)
        return node.asset if isinstance(node, (Photo, Rendered)) else None


def _photo_at(txn: ReadTransaction, path: bytes) -> AssetId | None:
    """The photo at that path of the library."""
    file = paths.file_by_path(txn, path)
    record = paths.file(txn, file) if file is not None else None
    return record.asset if record is not None else None


def _known(txn: ReadTransaction, name: str) -> PersonId:
    """Who is called so, or person-0007. Raises UsageError."""
    unnamed = person_names.person_called(os.fsencode(name))
    found = stored.named(txn, os.fsencode(name)) if unnamed is None else stored.resolve(txn, unnamed)
    if found:
        return found
    closest = closest_name(txn, name)
    hint = f"did you mean {shown(closest)}?" if closest else "`photofsd people list` says who there is"
    raise UsageError(f"nobody is called {shown(name)}: {hint}")


def _counted(photos: Sequence[AssetId]) -> str:
    return "1 photo" if len(photos) == 1 else f"{len(photos):,} photos"
