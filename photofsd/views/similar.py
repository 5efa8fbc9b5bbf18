"""/similar/<view name>: photos that look like that one, best first; that one itself is not among them."""

from __future__ import annotations

import os

from photofsd.query.members import EVERYTHING, Members
from photofsd.query.syntax import Filter, Key
from photofsd.vtree.folders import PhotoFolder, WholePhotoFolder
from photofsd.vtree.node import Directory, Listing, Names, Node
from photofsd.vtree.scope import Scope, View


class LookAlikes(PhotoFolder):
    """The photos that look like one: what `like:` finds."""

    def __init__(self, scope: Scope, name: bytes) -> None:
        query = str(Filter(Key.LIKE, os.fsdecode(name)))
        super().__init__(scope, scope.library.searches.members(query, scope.within))

    @property
    def shown(self) -> Members:
        return self.members


class Similar(Directory):
    """A folder for every photo; they can be opened but are not listed, there are as many as photos.

    Also within a narrowed folder: `/people/Alice/+similar/IMG_1.jpg` is what of Alice looks like it.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._photos = WholePhotoFolder(Scope(scope.library), EVERYTHING)

    def lookup(self, name: bytes) -> Node | None:
        return None if self._photos.entry(name) is None else LookAlikes(self._scope, name)

    def listing(self) -> Listing:
        return Names([])


VIEW = View(b"similar", "photos that look like one: ls -U similar/IMG_0001.jpg", Similar)
