"""/similar/<view name>: photos that look like that one. None is known before vectors are."""

from __future__ import annotations

from photofsd.query.members import EVERYTHING
from photofsd.vtree.folders import EmptyFolder, WholePhotoFolder
from photofsd.vtree.node import Directory, Listing, Names, Node
from photofsd.vtree.scope import Scope, View


class Similar(Directory):
    """A folder for every photo; they can be opened but are not listed, there are as many as photos."""

    def __init__(self, scope: Scope) -> None:
        self._photos = WholePhotoFolder(scope, scope.members(EVERYTHING))

    def is_ready(self) -> bool:
        return self._photos.is_ready()

    def prepare(self) -> None:
        self._photos.prepare()

    def lookup(self, name: bytes) -> Node | None:
        return None if self._photos.entry(name) is None else EmptyFolder()

    def listing(self) -> Listing:
        return Names([])


VIEW = View(
    b"similar",
    "photos that look like one",
    Similar,
    empty="/similar finds nothing: this version has no image model yet",
)
