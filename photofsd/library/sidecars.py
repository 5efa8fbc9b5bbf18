"""Which photos a sidecar speaks of, for when one appears, changes or vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from photofsd.store import paths
from photofsd.types import AssetId, DirId, Kind

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def photos_of(txn: ReadTransaction, folder: DirId, sidecar: bytes) -> frozenset[AssetId]:
    """The known photos beside a sidecar that it speaks of, or would: those of `x.jpg.xmp` and of `x.xmp`.

    A few too many do no harm (a JPEG beside the RAW whose sidecar it is): their metadata is read once more.
    """
    return frozenset(_photos(txn, folder, sidecar))


def _photos(txn: ReadTransaction, folder: DirId, sidecar: bytes) -> Iterator[AssetId]:
    spoken_of = _stem(sidecar).lower()
    for name in _alike(txn, folder, sidecar):
        if spoken_of in (name.lower(), _stem(name).lower()):
            row = paths.file_at(txn, folder, name)
            record = paths.file(txn, row.file) if row is not None else None
            if record is not None and record.asset is not None and record.kind is not Kind.SIDECAR:
                yield record.asset


def _alike(txn: ReadTransaction, folder: DirId, sidecar: bytes) -> Iterator[bytes]:
    """Names in the folder that begin like the sidecar's up to a dot, in its case, in lower or in upper case.

    Three looks by prefix instead of one at the whole folder, which may hold a hundred thousand names.
    """
    begin = sidecar.partition(b".")[0] + b"."
    for prefix in {begin, begin.lower(), begin.upper()}:
        for name, _ in paths.files_in(txn, folder, prefix):
            yield name


def _stem(name: bytes) -> bytes:
    return name.rpartition(b".")[0]
