"""/people: who is in the photos. `mv` of a folder names, renames, merges and hides people, `mkdir` makes one.

/people/unknown/person-0007: those whom nobody has named, largest first. /people/hidden: those who were moved there.
/people/suggested/Alice: photos in which a face looks like her; `mv` into her folder confirms, `rm` refuses.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from photofsd.display import shown
from photofsd.errors import NoSuchEntry, NotPermitted
from photofsd.query.members import OfFacet
from photofsd.store import people as stored
from photofsd.store import person_names
from photofsd.types import Facet, PersonId
from photofsd.vtree import people
from photofsd.vtree.folders import NarrowFolder
from photofsd.vtree.node import Directory, Listing, Names, Node, Row
from photofsd.vtree.person_folders import PersonFolder, SuggestedFolder
from photofsd.vtree.scope import Scope, View

if TYPE_CHECKING:
    from pyroaring import BitMap

    from photofsd.store.transaction import ReadTransaction

UNKNOWN: Final = b"unknown"
HIDDEN: Final = b"hidden"
SUGGESTED: Final = b"suggested"


class Gathering(NarrowFolder):
    """A folder of people: who is in it, under which names, and what it means to move somebody into it."""

    is_writable = True

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, scope.members(OfFacet(Facet.HAS, b"faces")))

    @abstractmethod
    def who(self, txn: ReadTransaction, name: bytes) -> PersonId | None:
        """Who is called `name` here."""

    @abstractmethod
    def everybody(self, txn: ReadTransaction, within: BitMap | None) -> Iterator[tuple[bytes, PersonId]]:
        """Who is listed, in this order; within: the photos that count, None = all."""

    @abstractmethod
    def take_in(self, person: PersonId, name: bytes) -> None:
        """Somebody was moved here as `name`."""

    def folder(self, person: PersonId) -> Directory:
        """The folder of a person."""
        return PersonFolder(self.scope, person)

    def entry(self, name: bytes) -> Node | None:
        with self.scope.library.store.read() as txn:
            person = self.who(txn, name)
        return None if person is None else self.folder(person)

    def listing(self) -> Listing:
        within = self.scope.within
        if within is not None:
            within.prepare()
        with self.scope.library.store.read() as txn:
            photos = None if within is None else within.bitmap(txn)
            return Names([Row(name, self.folder(person), None) for name, person in self.everybody(txn, photos)])

    def mkdir(self, name: bytes) -> Directory:
        raise NotPermitted(f"{shown(name)} cannot be made here: people are made in /people")

    def rmdir(self, name: bytes) -> None:
        library, person = self.scope.library, self._person(name)
        library.removals.take(
            shown(name), lambda: [people.hide(library, person)], lambda entries: people.take_back(library, entries)
        )

    def unlink(self, name: bytes) -> None:
        raise NotPermitted(f"{shown(name)} is the folder of a person: move it to /people/hidden, or remove it by rmdir")

    def rename(self, name: bytes, target: Directory, new_name: bytes) -> None:
        person = self._person(name)
        if isinstance(target, PersonFolder):
            people.merge(self.scope.library, person, target.person)
        elif isinstance(target, Gathering):
            target.take_in(person, new_name)
        else:
            raise NotPermitted(f"{shown(name)} is the folder of a person: those stay in /people")

    def _person(self, name: bytes) -> PersonId:
        with self.scope.library.store.read() as txn:
            found = self.who(txn, name)
        if found is None:
            raise NoSuchEntry(f"nobody is called {shown(name)} here")
        return found


class Named(Gathering):
    """/people: those who have a name, and the folders of the others."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._fixed: dict[bytes, Directory] = {
            UNKNOWN: Unknown(scope),
            HIDDEN: Hidden(scope),
            SUGGESTED: Suggested(scope),
        }

    def who(self, txn: ReadTransaction, name: bytes) -> PersonId | None:
        return _shown_as(txn, name)

    def everybody(self, txn: ReadTransaction, within: BitMap | None) -> Iterator[tuple[bytes, PersonId]]:
        for name, person in stored.names(txn):
            found = stored.person(txn, person)
            if found is None or found.is_hidden:
                continue
            if within is None or within.intersect(stored.photos(txn, person)):
                yield name, person

    def take_in(self, person: PersonId, name: bytes) -> None:
        people.call(self.scope.library, person, name)

    def entry(self, name: bytes) -> Node | None:
        return self._fixed.get(name) or super().entry(name)

    def listing(self) -> Listing:
        named = [row for _, row in super().listing().rows(0)]
        return Names([*named, *(Row(name, folder, None) for name, folder in self._fixed.items())])

    def mkdir(self, name: bytes) -> Directory:
        return self.folder(people.make(self.scope.library, name))

    def _person(self, name: bytes) -> PersonId:
        if name in self._fixed:
            raise NotPermitted(f"/people/{shown(name)} is part of the tree")
        return super()._person(name)


class Unknown(Gathering):
    """Those whom nobody has named, largest first. Renamed in here, they are in /people.

    Under their name they can still be opened here, though they are not listed: a file manager that has renamed a folder
    looks for it where it was, and takes the rename for failed where it is not.
    """

    def who(self, txn: ReadTransaction, name: bytes) -> PersonId | None:
        person = person_names.person_called(name)
        if person is None:
            return _shown_as(txn, name)
        return person if stored.is_unknown(stored.person(txn, person)) else None

    def entry(self, name: bytes) -> Node | None:
        folder = super().entry(name)
        if isinstance(folder, PersonFolder):
            folder.is_on_demand = person_names.person_called(name) is None
        return folder

    def everybody(self, txn: ReadTransaction, within: BitMap | None) -> Iterator[tuple[bytes, PersonId]]:
        at_least = self.scope.library.people_min_photos
        unknown = [person for person, found in stored.people(txn) if stored.is_unknown(found)]
        photos = [(person, stored.listed_photos(txn, person, at_least)) for person in unknown]
        sizes = [
            (len(all_of_them) if within is None else within.intersection_cardinality(all_of_them), person)
            for person, all_of_them in photos
        ]
        for size, person in sorted(sizes, key=lambda entry: (-entry[0], entry[1])):
            if size:
                yield person_names.unnamed(person), person

    def take_in(self, person: PersonId, name: bytes) -> None:
        library, is_to_have_none = self.scope.library, name == person_names.unnamed(person)
        people.require_other_name(library, person, b"" if is_to_have_none else name)
        if is_to_have_none:
            people.hide(library, person, is_hidden=False)
        else:
            people.call(library, person, name)


class Hidden(Gathering):
    """Those who are out of sight, with a name or without."""

    def who(self, txn: ReadTransaction, name: bytes) -> PersonId | None:
        unnamed = person_names.person_called(name)
        person = stored.named(txn, name) if unnamed is None else unnamed
        found = None if person is None else stored.person(txn, person)
        is_here = found is not None and found.is_hidden and (unnamed is None or not found.name)
        return person if is_here else None

    def everybody(self, txn: ReadTransaction, within: BitMap | None) -> Iterator[tuple[bytes, PersonId]]:
        for person, found in stored.people(txn):
            if found.is_hidden and (within is None or within.intersect(stored.photos(txn, person))):
                yield person_names.folder_name(person, found), person

    def take_in(self, person: PersonId, name: bytes) -> None:
        if name == person_names.unnamed(person):
            people.hide(self.scope.library, person)
        else:
            people.call(self.scope.library, person, name, is_hidden=True)

    def rmdir(self, name: bytes) -> None:
        raise NotPermitted(f"{shown(name)} is hidden already: to have that person back, move the folder to /people")


class Suggested(Gathering):
    """Those who have a name and whom faces look like that are not theirs yet."""

    def who(self, txn: ReadTransaction, name: bytes) -> PersonId | None:
        return _shown_as(txn, name)

    def everybody(self, txn: ReadTransaction, within: BitMap | None) -> Iterator[tuple[bytes, PersonId]]:
        for name, person in stored.names(txn):
            found = stored.person(txn, person)
            photos = stored.suggested(txn, person)
            if found is not None and not found.is_hidden and photos and (within is None or within.intersect(photos)):
                yield name, person

    def folder(self, person: PersonId) -> Directory:
        return SuggestedFolder(self.scope, person)

    def take_in(self, person: PersonId, name: bytes) -> None:
        raise NotPermitted("nobody can be moved to /people/suggested: photos come there by themselves")

    def rmdir(self, name: bytes) -> None:
        raise NotPermitted(f"{shown(name)} goes by itself: move its photos to /people/{shown(name)}, or remove them")

    def rename(self, name: bytes, target: Directory, new_name: bytes) -> None:
        raise NotPermitted(f"these photos are not sure: move those that are right to /people/{shown(name)} one by one")


def _shown_as(txn: ReadTransaction, name: bytes) -> PersonId | None:
    """Who has that name and is not hidden."""
    person = stored.named(txn, name)
    found = None if person is None else stored.person(txn, person)
    return None if found is None or found.is_hidden else person


VIEW = View(b"people", "who is in the photos: mv names and merges people, rm says who is not in a photo", Named)
