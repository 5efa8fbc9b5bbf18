"""/jpeg: the same folders, with a JPEG in place of every photo that not every viewer opens; for programs that cannot.

A rendition is called like its photo with .jpg behind it (IMG_1.HEIC.jpg), so nothing but its name is needed to find
the photo. Where that name is taken, the photo's number stands before it (IMG_1.HEIC~17.jpg).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pyroaring import BitMap

from photofsd.media.rendition import NAME, RENDERED_TYPES, has_rendition
from photofsd.store import assets, facets
from photofsd.types import AssetId, Facet
from photofsd.vtree.attributes import of_rendition
from photofsd.vtree.folders import NARROW, FixedFolder, PhotoFolder
from photofsd.vtree.node import Directory, Listing, Node, Photo, Rendered, Row
from photofsd.vtree.scope import Library, Scope, View

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

NAME_MAX_BYTES: Final = 255
LEFT_OUT: Final = frozenset({b"jpeg", b".photofsd"})
"""Views that are not shown again in here."""

_NESTED: Final = NARROW + b"jpeg"
_NUMBER: Final = re.compile(rb"~\d+$")


class JpegFolder(Directory):
    """A folder of another view with renditions in it. Nothing can be changed here."""

    def __init__(self, library: Library, shown: Directory) -> None:
        self._library = library
        self._shown = shown
        self.is_quick = shown.is_quick
        self.remembered_s = shown.remembered_s
        self.is_open_to_any_name = shown.is_open_to_any_name
        self.is_on_demand = shown.is_on_demand

    def is_ready(self) -> bool:
        return self._shown.is_ready()

    def prepare(self) -> None:
        self._shown.prepare()

    def lookup(self, name: bytes) -> Node | None:
        if name == _NESTED:
            return None
        node = self._shown.lookup(name)
        if isinstance(node, Directory):
            return JpegFolder(self._library, node)
        if node is not None and not self._has_rendition(node):
            return node
        return next(self._renditions_called(name), None)

    def listing(self) -> Listing:
        return RenditionListing(self._library, self, self._shown.listing())

    def name_of_rendition(self, txn: ReadTransaction, name: bytes, asset: AssetId) -> bytes:
        """What the rendition of the photo that is called `name` is called here.

        A name that leaves no room for more stays as it is: programs look at what is in the file then.
        """
        base = name
        while self._is_taken(txn, base + NAME) or (base != name and self._is_taken(txn, base)):
            base += b"~%d" % asset
        return base + NAME if len(base + NAME) <= NAME_MAX_BYTES else name

    def _is_taken(self, txn: ReadTransaction, name: bytes) -> bool:
        """Claim: something else is called so: in the library, where names are those of the library, or here."""
        if isinstance(self._shown, PhotoFolder):
            return assets.named(txn, name) is not None
        return len(name) <= NAME_MAX_BYTES and self._shown.lookup(name) is not None

    def _has_rendition(self, node: Node) -> bool:
        if not isinstance(node, Photo):
            return False
        with self._library.store.read() as txn:
            return has_rendition(assets.metadata(txn, node.asset))

    def _renditions_called(self, name: bytes) -> Iterator[Rendered]:
        """Yield the rendition with that name, if there is one."""
        for base in _bases(name):
            node = self._shown.lookup(base)
            if isinstance(node, Photo) and self._has_rendition(node):
                with self._library.store.read() as txn:
                    if self.name_of_rendition(txn, base, node.asset) == name:
                        yield Rendered(node.asset)


class RenditionListing(Listing):
    """Another listing with renditions in it; positions are its own."""

    def __init__(self, library: Library, folder: JpegFolder, shown: Listing) -> None:
        self._library = library
        self._folder = folder
        self._shown = shown

    def __len__(self) -> int:
        return len(self._shown)

    def rows(self, start: int) -> Iterator[tuple[int, Row]]:
        for entry in self._shown.rows(start):
            node = entry[1].node
            if isinstance(node, Photo):
                yield (entry[0], self._rendition(entry[1], node.asset)) if node.asset in self._rendered else entry
            elif isinstance(node, Directory):
                yield entry[0], entry[1]._replace(node=JpegFolder(self._library, node))
            else:
                yield entry

    @functools.cached_property
    def _rendered(self) -> BitMap:
        """The photos that have a rendition."""
        with self._library.store.read() as txn:
            return facets.union(txn, Facet.TYPE, (kind.encode() for kind in RENDERED_TYPES))

    def _rendition(self, row: Row, asset: AssetId) -> Row:
        with self._library.store.read() as txn:
            name = self._folder.name_of_rendition(txn, row.name, asset)
            return Row(name, Rendered(asset), of_rendition(txn, asset, row.attributes, self._library.rendering))


def _bases(name: bytes) -> Iterator[bytes]:
    """Yield what a photo may be called whose rendition is called `name`."""
    yield name
    base = name.removesuffix(NAME)
    while base and base != name:
        yield base
        name, base = base, _NUMBER.sub(b"", base)


def _root(scope: Scope) -> Directory:
    views = scope.library.views.items()
    return FixedFolder(
        {name: JpegFolder(scope.library, view.root(scope)) for name, view in views if name not in LEFT_OUT}
    )


VIEW = View(b"jpeg", "the same folders, HEIC, RAW, TIFF ... as JPEG", _root)
