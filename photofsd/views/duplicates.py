"""/duplicates/exact/IMG_1.jpg: the same content at several paths; one folder a photo, one entry a path, best first.

/duplicates/similar/IMG_1.jpg: photos that look alike; one folder a group, named after the best copy, best first.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from photofsd.query.members import LookAlikes, OfFacet, Only
from photofsd.records import FileRecord
from photofsd.store import assets, facets, paths, similar
from photofsd.store.facets import cut
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, Facet
from photofsd.vtree.attributes import attributes
from photofsd.vtree.folders import NAME_AT, FixedFolder, NarrowFolder, WholePhotoFolder
from photofsd.vtree.node import Directory, Listing, Names, Node, Photo, Row
from photofsd.vtree.scope import Scope, View

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

NAME_MAX_BYTES = 255
_DIVISION_SLASH = "\u2215".encode()


class Copies(NarrowFolder):
    """The copies of one photo, each named after its path (with a slash that may stand in a name)."""

    def __init__(self, scope: Scope, asset: AssetId) -> None:
        super().__init__(scope, Only(asset))
        self._asset = asset

    def entry(self, name: bytes) -> Node | None:
        return Photo(self._asset) if name in self._names() else None

    def listing(self) -> Listing:
        photo = Photo(self._asset)
        with self.scope.library.store.read() as txn:
            shown = attributes(txn, photo)
        return Names([Row(name, photo, shown) for name in self._names()])

    def _names(self) -> list[bytes]:
        with self.scope.library.store.read() as txn:
            record = assets.asset(txn, self._asset)
            files = [paths.file(txn, file) for file in (record.files if record is not None else ())]
            return [path_as_name(self._shown_path(txn, file)) for file in files if file is not None]

    def _shown_path(self, txn: ReadTransaction, file: FileRecord) -> bytes:
        """The path as /folders shows it: below the library folder, which is named where there are several."""
        *_, root = paths.lineage(txn, file.dir)
        roots = self.scope.library.roots
        above = [name for name, known in roots.items() if known == root] if len(roots) > 1 else []
        return b"/".join([*above, *paths.names_below_root(txn, file.dir), file.name])


class Groups(WholePhotoFolder):
    """Every photo that lies at several paths, as a folder of its copies."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, scope.members(OfFacet(Facet.HAS, b"copies")))

    def entry(self, name: bytes) -> Node | None:
        photo = super().entry(name)
        return Copies(self.scope, photo.asset) if isinstance(photo, Photo) else None

    def listing(self) -> Listing:
        photos = (row for _, row in super().listing().rows(0))
        return Names(
            [Row(row.name, Copies(self.scope, row.node.asset), None) for row in photos if isinstance(row.node, Photo)]
        )


class Similar(NarrowFolder):
    """Every group of photos that look alike; narrowed, those of which two or more are in that folder.

    A group whose best copy has vanished is gone at once, not when the index has seen it: the kernel would remember it.
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, scope.members(OfFacet(Facet.HAS, b"similar")))

    def entry(self, name: bytes) -> Node | None:
        with self.scope.library.store.read() as txn:
            head = assets.named(txn, name)
            is_head = head is not None and facets.contains(txn, Facet.SIMILAR, b"%d" % head, head)
        return self._group(head) if is_head and head is not None else None

    def listing(self) -> Listing:
        self.members.prepare()
        with self.scope.library.store.read() as txn:
            live = facets.live(txn)
            found = (similar.membership(txn, AssetId(asset)) for asset in self.members.bitmap(txn))
            sizes = Counter(known.head for known in found if known is not None and known.head in live)
            stored = [(head, txn.get(Tables.ROWS, U32.pack(head))) for head, size in sizes.items() if size > 1]
        return Names([Row(row[NAME_AT:], self._group(head), None) for head, row in stored if row is not None])

    def _group(self, head: AssetId) -> Directory:
        return WholePhotoFolder(self.scope, self.scope.members(LookAlikes(head)))


def path_as_name(path: bytes) -> bytes:
    """A relative path as one name: the slash replaced, the front cut to 255 bytes."""
    name = path.replace(b"/", _DIVISION_SLASH)
    if len(name) <= NAME_MAX_BYTES:
        return name
    return cut(name[-NAME_MAX_BYTES:].lstrip(bytes(range(0x80, 0xC0))), NAME_MAX_BYTES)


def _root(scope: Scope) -> Directory:
    return FixedFolder({b"exact": Groups(scope), b"similar": Similar(scope)})


VIEW = View(b"duplicates", "the same photo at several places, and photos that look alike", _root)
