"""Which sidecars lie beside which photos, as far as the store knows the folders.

Names are looked for by what they begin with, so that a photo in a folder of a hundred thousand costs a few seeks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from photofsd.media import sidecar_names
from photofsd.store import paths
from photofsd.types import AssetId, DirId, Kind

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

_MOST_ALBUMS: Final = 4
"""Descriptions of albums that a folder may have; Takeout writes one."""


def names_for(txn: ReadTransaction, folder: DirId, photo: bytes) -> tuple[bytes, ...]:
    """The sidecars in `folder` that speak of `photo` alone, the most specific one first."""
    siblings = paths.names_in(txn, folder, sidecar_names.beginnings_of_sidecars(photo))
    return sidecar_names.sidecar_names(photo, set(siblings))


def albums_in(txn: ReadTransaction, folder: DirId) -> tuple[bytes, ...]:
    """The files in `folder` that may describe it as an album."""
    names = paths.names_in(txn, folder, sidecar_names.ALBUM_BEGINNINGS)
    return tuple(itertools.islice(filter(sidecar_names.describes_album, names), _MOST_ALBUMS))


def speak_of(txn: ReadTransaction, folder: DirId, photo: bytes) -> bool:
    """Claim: something in `folder` speaks of a photo of that name, or of all that lie there."""
    return bool(names_for(txn, folder, photo) or albums_in(txn, folder))


def photos_of(txn: ReadTransaction, folder: DirId, sidecar: bytes) -> frozenset[AssetId]:
    """The known photos in `folder` that a sidecar speaks of, or would: all of them where it describes an album.

    A few too many do no harm (a JPEG beside the RAW whose sidecar it is): their metadata is read once more.
    """
    if sidecar_names.describes_album(sidecar):
        names: Iterable[bytes] = (name for name, _ in paths.files_in(txn, folder))
    else:
        near = paths.names_in(txn, folder, sidecar_names.beginnings_of_photos(sidecar))
        names = (name for name in near if sidecar_names.may_speak_of(sidecar, name))
    return frozenset(_known(txn, folder, names))


def _known(txn: ReadTransaction, folder: DirId, names: Iterable[bytes]) -> Iterator[AssetId]:
    for name in names:
        row = paths.file_at(txn, folder, name)
        record = paths.file(txn, row.file) if row is not None else None
        if record is not None and record.asset is not None and record.kind is not Kind.SIDECAR:
            yield record.asset
