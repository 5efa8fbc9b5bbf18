"""What the photos look like, in memory: the perceptual hash and the family of each, in arrays by asset id.

Pictures that say too little are left out: a blank wall is like every other. So are videos: of them one frame is known,
and the black that they begin with is no likeness.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import numpy.typing as npt

from photofsd.index.families import Hashes, families, near
from photofsd.store import facets, similar
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from pyroaring import BitMap

    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction

CONTRAST_MIN: Final = 12.0
"""Standard deviation of the luminance, of 127. Paper with a shadow or a few words on it lies below, as do black frames;
so do fog and starry nights, of which a hash sees no more than which way the light fades."""

BITS_MIN: Final = 16
BITS_MAX: Final = 48
"""Of a hash's 64 bits half are set; where it is far less, most frequencies of the picture are zero: a plain shape."""

NOTHING: Final = 0
"""In place of a hash that is not compared; it has too few bits to be near to one that is."""

ROWS_AT_ONCE: Final = 1000

AssetIds = npt.NDArray[np.uint32]


class _Seen(msgspec.Struct):
    """What of a records.Look says whether a picture is compared, and with what."""

    phash: int
    contrast: float


class Looks:
    """The hash and the family of every photo. Memory: 12 bytes for each id up to the largest.

    hashes: uint64[ids], NOTHING for a photo that is not compared.
    families: uint32[ids], the smallest id of a photo's family; 0 for one that is like no other.
    """

    def __init__(self) -> None:
        self.hashes: Hashes = np.zeros(1024, np.uint64)
        self.families: AssetIds = np.zeros(1024, np.uint32)

    @property
    def compared(self) -> AssetIds:
        """The photos that are compared with each other."""
        return np.flatnonzero(self.hashes).astype(np.uint32)

    def read(self, store: Store, pause: Callable[[], None]) -> None:
        """Take all hashes out of the store, in transactions of ROWS_AT_ONCE: what changes meanwhile may be missed."""
        with store.read() as txn:
            among = comparable(txn)
        start: int | None = 0
        while start is not None:
            with store.read() as txn:
                rows = list(itertools.islice(txn.items(Tables.LOOKS, start=U32.pack(start)), ROWS_AT_ONCE))
                found = {asset: _hash(txn, row) for key, row in rows if (asset := AssetId(U32.unpack(key)[0])) in among}
            self.put(found)
            start = U32.unpack(rows[-1][0])[0] + 1 if len(rows) == ROWS_AT_ONCE else None
            pause()

    def recall(self, store: Store, pause: Callable[[], None]) -> None:
        """Take the families out of the store, in transactions of ROWS_AT_ONCE."""
        start: int | None = 0
        while start is not None:
            with store.read() as txn:
                rows = list(itertools.islice(similar.memberships(txn, start), ROWS_AT_ONCE))
            self._make_room(max((asset for asset, _ in rows), default=0))
            for asset, found in rows:
                self.families[asset] = found.family
            start = rows[-1][0] + 1 if len(rows) == ROWS_AT_ONCE else None
            pause()

    def put(self, hashes: Mapping[AssetId, int]) -> None:
        """Photos look like that now."""
        self._make_room(max(hashes, default=0))
        for asset, phash in hashes.items():
            self.hashes[asset] = phash

    def _make_room(self, largest: int) -> None:
        missing = largest + 1 - self.hashes.size
        if missing > 0:
            more = (0, max(missing, self.hashes.size // 4))
            self.hashes, self.families = np.pad(self.hashes, more), np.pad(self.families, more)

    def hash_of(self, asset: AssetId) -> int:
        """What is compared of the photo."""
        return int(self.hashes[asset]) if asset < self.hashes.size else NOTHING

    def is_in_family(self, asset: AssetId) -> bool:
        """Claim: some other photo is like it."""
        return asset < self.families.size and bool(self.families[asset])

    def concerned(self, changed: Mapping[AssetId, int], pause: Callable[[], None]) -> AssetIds:
        """The photos whose families must be formed anew once the hashes of `changed` are put: ascending ids.

        They are `changed`, the families of those before the change, and the families of what they are near to now.
        """
        self.put(changed)
        found = [np.fromiter(changed, np.int64, len(changed))]
        for phash in set(changed.values()) - {NOTHING}:
            found.append(near(self.hashes, phash))
            pause()
        touched = np.unique(np.concatenate(found))
        stale = np.unique(self.families[touched])
        relatives = np.flatnonzero(np.isin(self.families, stale[stale > 0]))
        return np.union1d(touched, relatives).astype(np.uint32)

    def form(self, concerned: AssetIds, pause: Callable[[], None]) -> None:
        """Form the families of `concerned` anew; no other photo is like one of these."""
        self.families[concerned] = 0
        there = concerned[self.hashes[concerned] != NOTHING]
        first = families(self.hashes[there], pause)
        is_alike = np.bincount(first, minlength=there.size)[first] > 1
        self.families[there[is_alike]] = there[first[is_alike]]


def comparable(txn: ReadTransaction) -> BitMap:
    """The photos that may be compared, if what they look like says something."""
    return facets.live(txn) - facets.bitmap(txn, Facet.TYPE, b"video")


def hash_of(txn: ReadTransaction, asset: AssetId) -> int:
    """What is to be compared of a picture: its perceptual hash, or NOTHING."""
    row = txn.get(Tables.LOOKS, U32.pack(asset))
    return NOTHING if row is None else _hash(txn, row)


def _hash(txn: ReadTransaction, row: bytes) -> int:
    seen = txn.decode(row, _Seen)
    is_telling = seen.contrast >= CONTRAST_MIN and BITS_MIN <= seen.phash.bit_count() <= BITS_MAX
    return seen.phash if is_telling else NOTHING
