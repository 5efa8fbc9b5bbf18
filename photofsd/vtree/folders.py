"""The folders that views are made of: fixed ones, folders of photos, folders of the values of a facet."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from photofsd.query.members import EVERYTHING, Members, OfFacet
from photofsd.store import assets, facets
from photofsd.store.env import Store
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import AssetId, Facet
from photofsd.vtree.attributes import attributes_of
from photofsd.vtree.inodes import PHOTO
from photofsd.vtree.node import Attributes, Directory, Listing, Names, Node, Photo, Row
from photofsd.vtree.scope import Scope

NARROW = b"+"
HIDDEN = b"+."
ALL = b"all"
CHUNK_ROWS = 256
NAME_AT = ASSET_ROW.size

_new = tuple.__new__  # a named tuple's own way of being made takes twice as long
_figures = ASSET_ROW.unpack_from


class FixedFolder(Directory):
    """A folder whose entries are known beforehand."""

    is_quick = True

    def __init__(self, entries: Mapping[bytes, Node]) -> None:
        self._entries = entries

    def lookup(self, name: bytes) -> Node | None:
        return self._entries.get(name)

    def listing(self) -> Listing:
        return Names([Row(name, node, None) for name, node in self._entries.items()])


class NarrowFolder(Directory):
    """A folder of which `+view` names every view of the same photos. The + names can be opened but are not listed."""

    def __init__(self, scope: Scope, members: Members) -> None:
        self.scope = scope
        self.members = members

    def is_ready(self) -> bool:
        return self.members.is_ready()

    def prepare(self) -> None:
        self.members.prepare()

    def lookup(self, name: bytes) -> Node | None:
        entry = self.entry(name)
        if entry is None and name.startswith(NARROW) and not name.startswith(HIDDEN):
            view = self.scope.library.views.get(name[len(NARROW) :])
            scope = self.scope.narrowed_to(self.members)
            return None if view is None or scope is None else view.root(scope)
        return entry

    def entry(self, name: bytes) -> Node | None:
        """The listed entry called `name`."""
        raise NotImplementedError


class PhotoFolder(NarrowFolder):
    """A folder of photos under their view names. What it shows may be fewer than what `+view` narrows."""

    @property
    def shown(self) -> Members:
        """The photos that are listed and found here."""
        return self.scope.shown(self.members)

    def entry(self, name: bytes) -> Node | None:
        with self.scope.library.store.read() as txn:
            asset = assets.named(txn, name)
            if asset is None or not self.shown.has(txn, asset):
                return None
            return Photo(asset, attributes_of(txn, asset))

    def listing(self) -> Listing:
        shown = self.shown
        shown.prepare()
        with self.scope.library.store.read() as txn:
            ids = shown.ordered(txn)
        return PhotoListing(self.scope.library.store, ids)


class WholePhotoFolder(PhotoFolder):
    """A folder that shows companions beside their covers, whatever the settings: they are what one looks for there."""

    @property
    def shown(self) -> Members:
        return self.members


class PhotoListing(Listing):
    """Photos by id: names and attributes are read when they are asked for, a chunk at a time.

    This is where a listing's time goes: what it makes for every photo is made in the cheapest way.
    namer: makes the shown name of the position and the view name.
    """

    def __init__(self, store: Store, ids: Sequence[int], namer: Callable[[int, bytes], bytes] | None = None) -> None:
        self._store = store
        self._ids = cast("Sequence[AssetId]", ids)
        self._namer = namer
        self._latest: tuple[int, list[tuple[int, Row]]] = (-1, [])

    def __len__(self) -> int:
        return len(self._ids)

    def rows(self, start: int) -> Iterator[tuple[int, Row]]:
        """Read in chunks: a read transaction is never held while the caller does something else with its time.

        The latest chunk is kept: a client takes up where it stopped, which is seldom where a chunk ends.
        """
        for first in range(start - start % CHUNK_ROWS, len(self._ids), CHUNK_ROWS):
            if self._latest[0] != first:
                self._latest = (first, self._chunk(first))
            chunk = self._latest[1]
            yield from chunk if first >= start else [entry for entry in chunk if entry[0] >= start]

    def _chunk(self, first: int) -> list[tuple[int, Row]]:
        ids = self._ids[first : first + CHUNK_ROWS]
        with self._store.read() as txn, txn.cursor(Tables.ROWS) as cursor:  # a cursor finds neighbours faster
            stored = [cursor.get(U32.pack(asset)) for asset in ids]
        found = zip(itertools.count(first), ids, stored, strict=False)
        rows = [
            (at, _new(Row, (row[NAME_AT:], Photo(asset), _new(Attributes, (PHOTO | asset, *_figures(row))))))
            for at, asset, row in found
            if row is not None
        ]
        return rows if self._namer is None else [(at, row._replace(name=self._namer(at, row.name))) for at, row in rows]


class ValueFolder(NarrowFolder):
    """A folder with one folder for every value of a facet, and `all` where asked.

    members:  the photos that the folder is about. prefix: of the values that count. with_all: has a folder `all`.
    """

    def __init__(
        self,
        scope: Scope,
        facet: Facet,
        *,
        members: Members = EVERYTHING,
        prefix: bytes = b"",
        with_all: bool = False,
    ) -> None:
        super().__init__(scope, scope.members(members))
        self.facet = facet
        self.prefix = prefix
        self.with_all = with_all

    def shown(self, value: bytes) -> bytes | None:
        """The name of the folder of `value`, None where it has none here."""
        return value[len(self.prefix) :] or None

    def value(self, name: bytes) -> bytes:
        """The value whose folder is called `name`."""
        return self.prefix + name

    def folder(self, value: bytes) -> Directory:
        """The folder of `value`."""
        return PhotoFolder(self.scope, self.scope.members(OfFacet(self.facet, value)))

    def entry(self, name: bytes) -> Node | None:
        if self.with_all and name == ALL:
            return PhotoFolder(self.scope, self.members)
        value = self.value(name)
        if self.shown(value) != name:
            return None
        with self.scope.library.store.read() as txn:
            is_known = facets.exists(txn, self.facet, value)
        return self.folder(value) if is_known else None

    def listing(self) -> Listing:
        self.members.prepare()
        rows = [Row(name, self.folder(value), None) for value, name in self._named_values()]
        if self.with_all and rows:
            rows.append(Row(ALL, PhotoFolder(self.scope, self.members), None))
        return Names(rows)

    def _named_values(self) -> list[tuple[bytes, bytes]]:
        with self.scope.library.store.read() as txn:
            within = None if self.scope.within is None else self.scope.within.bitmap(txn)
            named = ((value, self.shown(value)) for value in facets.values(txn, self.facet, self.prefix))
            return [
                (value, name)
                for value, name in named
                if name is not None and (within is None or within.intersect(facets.bitmap(txn, self.facet, value)))
            ]


class EmptyFolder(FixedFolder):
    """A folder whose feature has no data yet: it exists and holds nothing, and /.photofsd/status says why."""

    def __init__(self) -> None:
        super().__init__({})
