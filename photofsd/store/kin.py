"""What of a photo says which others are the same shot, and the keys under which they find each other.

A pure function of a photo's records. Its keys are rows of the table `kin`, so that a photo's possible companions are
found by looking up, whatever the size of its folder.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from photofsd.records import AssetRecord, FileRecord, Metadata, Taken
from photofsd.store.keys import storable_ns
from photofsd.store.schema import U32, U64, Tables
from photofsd.store.shot_names import ShotName, shot_name
from photofsd.types import AssetId, DateSource, DirId, FileId, Kind

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

_CLOCKS = frozenset({DateSource.EXIF, DateSource.XMP, DateSource.CONTAINER, DateSource.SIDECAR})
"""Dates that are exact to the second or better; those out of names may be of another zone, or a mere day."""

_BASE_MAX_BYTES = 200
_DIGEST_BYTES = 8
_ABOVE_ZERO = 1 << 63
_ASSET_BYTES = U32.size


class Bond(enum.IntEnum):
    """By what photos find each other: the first byte of a key."""

    NAME = ord("N")  # folder, base name
    LIVE = ord("L")  # the id that the still and the movie of a Live Photo share
    BURST = ord("B")  # the id that the shots of a burst share; or folder, and what their names share
    MOMENT = ord("M")  # folder and camera; then, in order of time: when it was taken, base name


class Kin(NamedTuple):
    """What of one photo counts.

    name:    the first of its files'. names: what they say, by the NAME keys that they make.
    keys:    all its keys, without the id at their end.
    clock:   when it was taken, where that is exact. format, pixels, rating: what a cover is chosen by.
    is_brief: a video no longer than the movie of a Live Photo.
    """

    kind: Kind
    name: bytes
    names: tuple[tuple[bytes, ShotName], ...]
    keys: frozenset[bytes]
    clock: Taken | None
    camera: str | None
    live_id: str | None
    is_brief: bool
    format: str
    pixels: int
    rating: int

    @property
    def bases(self) -> tuple[bytes, ...]:
        """Its NAME keys: two files of one base name in one folder have the same."""
        return tuple(key for key, _ in self.names)

    @property
    def edits(self) -> int:
        """How many marks of editing the name has that has the fewest."""
        return min(name.edits for _, name in self.names)

    @property
    def is_pick(self) -> bool:
        """Claim: the camera has chosen it to stand for the others."""
        return any(name.is_pick for _, name in self.names)


BRIEF_S = 5.0
"""Longest movie of a Live Photo: Apple's are 3 s, others' somewhat longer."""


def of(files: Sequence[FileRecord], metadata: Metadata | None) -> Kin | None:
    """What of a photo with these files counts; None where it has none, or nothing is known of it (yet)."""
    if metadata is None or not files:
        return None
    places = [(file.dir, shot_name(file.name)) for file in files]
    clock = metadata.taken if metadata.taken is not None and metadata.taken.source in _CLOCKS else None
    names = _names(places)
    return Kin(
        metadata.kind,
        min(file.name for file in files),
        names,
        frozenset([*(key for key, _ in names), *_shared_keys(places, metadata), *_moments(places, metadata, clock)]),
        clock,
        metadata.camera,
        metadata.live_id,
        metadata.kind is Kind.VIDEO and metadata.duration_s is not None and metadata.duration_s <= BRIEF_S,
        metadata.format,
        (metadata.width or 0) * (metadata.height or 0),
        metadata.rating or 0,
    )


def read(txn: ReadTransaction, asset: AssetId) -> Kin | None:
    """As `of`, from what the store has."""
    key = U32.pack(asset)
    record = txn.record(Tables.ASSETS, key, AssetRecord)
    if record is None:
        return None
    return of(files_of(txn, record.files), txn.record(Tables.METADATA, key, Metadata))


def files_of(txn: ReadTransaction, files: Sequence[FileId]) -> list[FileRecord]:
    """The records of these files, as far as they are there."""
    found = (txn.record(Tables.FILES, U32.pack(file), FileRecord) for file in files)
    return [file for file in found if file is not None]


def row_key(key: bytes, asset: AssetId) -> bytes:
    """The key of the row in `kin` that says that the asset has that key."""
    return key + U32.pack(asset)


def parts(row: bytes) -> tuple[bytes, AssetId]:
    """The key and the asset that a row's key is made of."""
    return row[:-_ASSET_BYTES], AssetId(U32.unpack(row[-_ASSET_BYTES:])[0])


def moment(key: bytes) -> tuple[bytes, int, bytes]:
    """The parts of a MOMENT key: what a series has in common, the local time in ns, and what tells base names apart."""
    at, base = len(key) - U64.size - _DIGEST_BYTES, len(key) - _DIGEST_BYTES
    return key[:at], int(U64.unpack(key[at:base])[0]) - _ABOVE_ZERO, key[base:]


def _names(places: Sequence[tuple[DirId, ShotName]]) -> tuple[tuple[bytes, ShotName], ...]:
    """The names by their keys; of two in the same folder that say the same base, the one with fewer edits."""
    found: dict[bytes, ShotName] = {}
    for folder, name in places:
        key = b"%c%b%b\0" % (Bond.NAME, U32.pack(folder), _cut(name.base))
        found[key] = min(name, found.get(key, name), key=lambda one: (one.edits, one))
    return tuple(sorted(found.items()))


def _cut(base: str) -> bytes:
    """The base name as a part of a key: no NUL, bounded."""
    encoded = base.encode("utf-8", "surrogateescape")
    return encoded if len(encoded) <= _BASE_MAX_BYTES else encoded[:_BASE_MAX_BYTES] + _digest(base).hex().encode()


def _shared_keys(places: Sequence[tuple[DirId, ShotName]], metadata: Metadata) -> Iterable[bytes]:
    if metadata.live_id is not None:
        yield b"%c%b" % (Bond.LIVE, _digest(metadata.live_id))
    if metadata.burst_id is not None:
        yield b"%c%b" % (Bond.BURST, _digest(metadata.burst_id))
    for folder, name in places:
        if name.burst:
            yield b"%c%b%b" % (Bond.BURST, U32.pack(folder), _digest(name.burst))


def _moments(places: Sequence[tuple[DirId, ShotName]], metadata: Metadata, clock: Taken | None) -> Iterable[bytes]:
    if clock is None or metadata.camera is None or metadata.kind is Kind.VIDEO:
        return
    camera, at = _digest(metadata.camera), U64.pack(storable_ns(clock.local_ns) + _ABOVE_ZERO)
    for folder, name in places:
        yield b"%c%b%b%b%b" % (Bond.MOMENT, U32.pack(folder), camera, at, _digest(name.base))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=_DIGEST_BYTES).digest()
