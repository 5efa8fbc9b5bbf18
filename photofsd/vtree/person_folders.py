"""The folders of people: their photos, and those in which a face looks like them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from photofsd.display import shown
from photofsd.errors import NoSuchEntry, NotPermitted
from photofsd.query.members import Members, OfPerson, SuggestedFor
from photofsd.store import faces
from photofsd.types import AssetId, FaceId, PersonId
from photofsd.vtree import additions, people
from photofsd.vtree.folders import PhotoFolder
from photofsd.vtree.node import Directory, Photo

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction
    from photofsd.vtree.scope import Scope


class FolderOfFaces(PhotoFolder):
    """Photos that are here for some faces in them: moved into a person's folder, these faces are theirs."""

    is_writable = True

    def __init__(self, scope: Scope, members: Members, person: PersonId) -> None:
        super().__init__(scope, scope.members(members))
        self.person = person

    @property
    def subject(self) -> object:
        return self.members

    @abstractmethod
    def faces(self, txn: ReadTransaction, asset: AssetId) -> list[FaceId]:
        """For which faces the photo is here; none where it is because its file says so."""

    def unlink(self, name: bytes) -> None:
        library, (asset, found) = self.scope.library, self._why(name)
        library.removals.take(
            shown(name),
            lambda: people.refuse(library, asset, found, self.person),
            lambda entries: people.take_back(library, entries),
        )

    def rename(self, name: bytes, target: Directory, new_name: bytes) -> None:
        if not isinstance(target, PersonFolder):
            raise NotPermitted(f"{shown(name)} can be moved to the folder of a person in /people, and nowhere else")
        if new_name != name:
            raise NotPermitted(f"{shown(name)} cannot be called {shown(new_name)}: a photo keeps its name")
        people.give(self.scope.library, *self._why(name), target.person, instead_of=self.person)

    def rmdir(self, name: bytes) -> None:
        raise NotPermitted(f"{shown(name)} is a photo: remove it with rm")

    def mkdir(self, name: bytes) -> Directory:
        raise NotPermitted(f"{shown(name)} cannot be made here: people are made in /people")

    def adopt(self, name: bytes, photo: Photo) -> None:
        raise NotPermitted(f"{shown(name)} cannot be added here: photos come here by themselves")

    def _why(self, name: bytes) -> tuple[AssetId, list[FaceId]]:
        """The photo called `name`, and for which faces it is here. Raises NoSuchEntry."""
        photo = self.entry(name)
        if not isinstance(photo, Photo):
            raise NoSuchEntry(f"{shown(name)} is not here any more")
        with self.scope.library.store.read() as txn:
            return photo.asset, self.faces(txn, photo.asset)


class PersonFolder(FolderOfFaces):
    """The photos of a person."""

    def __init__(self, scope: Scope, person: PersonId) -> None:
        super().__init__(scope, OfPerson(person), person)

    def faces(self, txn: ReadTransaction, asset: AssetId) -> list[FaceId]:
        return faces.of_person(txn, asset, self.person)

    def adopt(self, name: bytes, photo: Photo) -> None:
        additions.add(self.scope.library, photo.asset, self.person)


class SuggestedFolder(FolderOfFaces):
    """The photos in which a face looks like a person."""

    def __init__(self, scope: Scope, person: PersonId) -> None:
        super().__init__(scope, SuggestedFor(person), person)

    def faces(self, txn: ReadTransaction, asset: AssetId) -> list[FaceId]:
        return faces.suggested_for(txn, asset, self.person)
