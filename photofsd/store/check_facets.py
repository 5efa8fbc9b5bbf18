"""The part of `check` about what is derived from assets: their rows (I4) and facets (I5).

Facets are stored in chunks of 64k ids, and proved chunk by chunk: the facets of 64k assets are computed anew and
compared with the bitmaps that are stored for them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.errors import StoreError
from photofsd.store import derived, facets, rederive
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def check(txn: ReadTransaction, assets: Iterable[int], step: Callable[[], None]) -> Iterator[str]:
    """I4 for `rows`, I5. `assets`: all there are, ascending. `step` is called once an asset."""
    if not rederive.is_current(txn):
        yield "I5 meta derived: not with this version and time zone: the daemon brings that up to date when it starts"
        return
    right = 0
    for number, members in itertools.groupby(assets, key=lambda asset: asset >> facets.CHUNK_BITS):
        expected = defaultdict[bytes, list[int]](list)
        for asset in members:
            found = derived.of(txn, AssetId(asset))
            if txn.get(Tables.ROWS, U32.pack(asset)) != found.row:
                yield f"I4 rows {asset}: not what its records say"
            for fact in found.facets:
                expected[fact].append(asset)
            step()
        chunk = number.to_bytes(2, "big")
        for fact, ids in expected.items():
            stored = txn.get(Tables.FACETS, fact + chunk)
            right += stored is not None
            yield from _compared(fact, BitMap(ids), stored)
    if right != txn.count(Tables.FACETS):
        yield from _strays(txn, BitMap(assets))


def _compared(fact: bytes, expected: BitMap, stored: bytes | None) -> Iterator[str]:
    try:
        members = None if stored is None else facets.loaded(stored)
    except StoreError:
        yield f"I5 facets {_shown(fact)}: its bitmap cannot be read"
        return
    if members is None:
        members = BitMap()
    elif not members:
        yield f"I5 facets {_shown(fact)}: an empty bitmap"
    for asset in expected - members:
        yield f"I5 facets {_shown(fact)}: asset {asset} is missing"
    for asset in members - expected:
        yield f"I5 facets {_shown(fact)}: asset {asset} does not belong there"


def _strays(txn: ReadTransaction, assets: BitMap) -> Iterator[str]:
    """Bitmaps for facts that are true of no asset of their chunk: rare, so everything is computed once more."""
    for chunk in sorted({key[-2:] for key in txn.keys(Tables.FACETS)}):
        first = int.from_bytes(chunk, "big") << facets.CHUNK_BITS
        members = assets & BitMap(range(first, first + (1 << facets.CHUNK_BITS)))
        expected = {fact for asset in members for fact in derived.of(txn, AssetId(asset)).facets}
        for key, stored in txn.items(Tables.FACETS):
            if key[-2:] == chunk and key[:-2] not in expected:
                yield from _compared(key[:-2], BitMap(), stored)


def _shown(fact: bytes) -> str:
    number, value = fact[0], fact[1:-1]
    name = Facet(number).name if number in Facet.__members__.values() else str(number)
    return f"{name} {value!r}"
