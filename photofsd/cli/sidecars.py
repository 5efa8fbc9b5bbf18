"""Which sidecar of which photo lies where, in a folder that has the folders of the library."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.cli.mirror import XMP, Mirror
from photofsd.cli.progress import Show
from photofsd.config.schema import Settings
from photofsd.library import roots
from photofsd.media.xmp_writing import sidecar
from photofsd.query import people, portraits
from photofsd.query.parse import parse
from photofsd.query.search import matching
from photofsd.store import facets, paths
from photofsd.types import AssetId, DirId, Kind

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction


class Sidecars:
    """The sidecars of the photos that somebody with a name is in, folder by folder: each is looked at in a moment.

    query: only of the photos that its words and filters find. lightroom: those of RAW files are IMG_1.xmp.
    Raises BadQuery.
    """

    def __init__(self, store: Store, settings: Settings, query: str | None, *, lightroom: bool) -> None:
        self._store = store
        self._is_whole = query is None
        self._lightroom = lightroom
        named = roots.by_name(settings.library.folders)
        self._has_one_root = len(named) == 1
        with store.read() as txn:
            known = {name: paths.library(txn, os.fsencode(folder)) for name, folder in named.items()}
            self._photos = facets.live(txn) if query is None else _found(txn, query, settings)
            self._portrayed = self._photos & people.everybody(txn)
        self._roots = {name: record.dir for name, record in known.items() if record is not None}

    def write(self, mirror: Mirror, show: Show) -> None:
        """Write the sidecars that differ."""
        done, total = 0, len(self._portrayed)
        for folder in self._folders():
            with self._store.read() as txn:
                path, packets = self._path(txn, folder), list(self._packets(txn, folder))
            for name, packet in packets:
                mirror.put(path, name, packet)
            done += len(packets)
            show(f"{done:,} photos", min(done, total), total)

    def prune(self, mirror: Mirror) -> None:
        """Remove the sidecars of photos that nobody with a name is in any more."""
        for path in mirror.folders():
            with self._store.read() as txn:
                folder = self._folder(txn, path)
                names = {} if folder is None else self._names(txn, folder)
            wanted = {name: asset in self._portrayed for name, asset in names.items() if asset in self._photos}
            mirror.prune(path, wanted, others=not self._is_whole)

    def _folders(self) -> Iterator[DirId]:
        for root in self._roots.values():
            with self._store.read() as txn:
                below = list(paths.folders_below(txn, root))
            yield from below

    def _packets(self, txn: ReadTransaction, folder: DirId) -> Iterator[tuple[bytes, bytes]]:
        for name, asset in self._names(txn, folder).items():
            portrait = portraits.portrait(txn, asset) if asset in self._portrayed else None
            if portrait is not None:
                yield name, sidecar(portrait)

    def _names(self, txn: ReadTransaction, folder: DirId) -> Mapping[bytes, AssetId]:
        """The sidecars that the photos in a folder may have."""
        found: dict[bytes, AssetId] = {}
        for name, row in paths.files_in(txn, folder):
            record = paths.file(txn, row.file)
            if record is None or record.asset is None:
                continue
            stem = name.rpartition(b".")[0]
            short = stem + XMP if self._lightroom and stem and record.kind is Kind.RAW else b""
            found[short if short and short not in found else name + XMP] = record.asset
        return found

    def _path(self, txn: ReadTransaction, folder: DirId) -> bytes:
        below = b"/".join(paths.names_below_root(txn, folder))
        if self._has_one_root:
            return below
        *_, root = paths.lineage(txn, folder)
        name = next(name for name, known in self._roots.items() if known == root)
        return name + b"/" + below if below else name

    def _folder(self, txn: ReadTransaction, path: bytes) -> DirId | None:
        """The folder of the library whose sidecars lie at that path; None = there is none."""
        names = path.split(b"/") if path else []
        if self._has_one_root:
            root = next(iter(self._roots.values()), None)
        else:
            root = self._roots.get(names.pop(0)) if names else None
        return functools.reduce(lambda at, name: at and paths.child(txn, at, name), names, root)


def _found(txn: ReadTransaction, query: str, settings: Settings) -> BitMap:
    return matching(txn, parse(query), today=dt.datetime.now(settings.zone).date())
