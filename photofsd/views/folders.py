"""/folders: the originals as they lie in the library, under their own names; narrowed, only what leads to a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query.members import InFolder
from photofsd.store import facets, paths
from photofsd.store.paths import PathRow
from photofsd.types import DirId, Facet
from photofsd.vtree.attributes import attributes
from photofsd.vtree.folders import FixedFolder, NarrowFolder
from photofsd.vtree.node import Directory, Listing, Names, Node, Original, Photo, Row
from photofsd.vtree.scope import Scope, View

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class Folder(NarrowFolder):
    """One folder of the library. A copy that vanishes is no change of its photo, so its name is remembered briefly."""

    remembered_s = 3.0

    def __init__(self, scope: Scope, dir_id: DirId) -> None:
        super().__init__(scope, scope.members(InFolder(dir_id)))
        self._dir = dir_id

    def entry(self, name: bytes) -> Node | None:
        with self.scope.library.store.read() as txn:
            below = paths.child(txn, self._dir, name)
            if below is not None:
                return Folder(self.scope, below)
            row = paths.file_at(txn, self._dir, name)
            return None if row is None else self._node(txn, row)

    def listing(self) -> Listing:
        self.prepare()
        with self.scope.library.store.read() as txn:
            within = None if self.scope.within is None else self.scope.within.bitmap(txn)
            rows = [
                Row(name, Folder(self.scope, below), None)
                for name, below in paths.children(txn, self._dir)
                if within is None or leads_to(txn, below, within)
            ]
            for name, row in paths.files_in(txn, self._dir):
                node = self._node(txn, row)
                if node is not None:
                    rows.append(Row(name, node, attributes(txn, node)))
        return Names(rows)

    def _node(self, txn: ReadTransaction, row: PathRow) -> Node | None:
        """The photo at a path; the plain original while it is none (yet), unless the folder is narrowed."""
        record = paths.file(txn, row.file)
        if record is None:
            return None
        within = self.scope.within
        if record.asset is None:
            return Original(row.file) if within is None else None
        return Photo(record.asset) if within is None or within.has(txn, record.asset) else None


def leads_to(txn: ReadTransaction, dir_id: DirId, photos: BitMap) -> bool:
    """Claim: one of the photos lies in the folder or below it."""
    return any(
        photos.intersect(facets.bitmap(txn, Facet.DIR, b"%d" % below)) for below in paths.folders_below(txn, dir_id)
    )


def _root(scope: Scope) -> Directory:
    """One library folder stands for itself; several stand side by side under their names."""
    roots = scope.library.roots
    if len(roots) == 1:
        return Folder(scope, *roots.values())
    return FixedFolder({name: Folder(scope, root) for name, root in roots.items()})


VIEW = View(b"folders", "the originals as they lie", _root)
