"""Facets: for every known fact, the roaring bitmap of the assets it is true of, in chunks of 64k ids.

A view is a facet and an order; composition is AND. Chunks keep a commit small whatever the library's size
(measured: 65 kB a commit of 100 assets at 1 M and at 10 M, where whole bitmaps cost 0.7 and 6.6 MB).
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.errors import StoreError
from photofsd.store.schema import VALUE_MAX_BYTES, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

CHUNK_BITS = 16
"""Assets whose ids agree above these bits share the chunks of the bitmaps."""

NAME_MAX_BYTES = 240
_CHARACTER_MAX_BYTES = 4
_WITHIN = 0x80
"""The two highest bits of every byte of a character but its first."""
_ONE_DOT_LEADER = "\u2024"
_DIVISION_SLASH = "\u2215"


def value_of(text: str, limit: int = NAME_MAX_BYTES) -> bytes:
    """`text` as a facet value that can also be a folder name: no slash, NUL or leading dot, at most 240 bytes."""
    name = text.replace("/", _DIVISION_SLASH).replace("\0", " ").strip()
    if name.startswith("."):
        name = _ONE_DOT_LEADER + name[1:]
    return cut(name.encode("utf-8", "replace"), limit).decode().rstrip().encode()


def cut(encoded: bytes, limit: int) -> bytes:
    """`encoded` cut to `limit` bytes, where it is UTF-8 without cutting a character."""
    if len(encoded) <= limit:
        return encoded
    ends = (end for end in range(limit, max(-1, limit - _CHARACTER_MAX_BYTES), -1) if encoded[end] & 0xC0 != _WITHIN)
    return encoded[: next(ends, limit)]


def fact(facet: Facet, value: bytes = b"") -> bytes:
    """A facet and one of its values as the head of their keys; what the derived rows of an asset are made of."""
    return b"%c%b\0" % (facet, value)


_head = functools.lru_cache(maxsize=1024)(fact)  # for folders, of which the same few are asked again and again


def loaded(stored: bytes) -> BitMap:
    """The bitmap of a chunk. Raises StoreError where it cannot be read."""
    try:
        return BitMap.deserialize(stored)
    except (ValueError, IndexError) as error:
        raise StoreError(f"the store is damaged: a facet cannot be read ({error})") from error


def _chunk(asset: int) -> bytes:
    return (asset >> CHUNK_BITS).to_bytes(2, "big")


def bitmap(txn: ReadTransaction, facet: Facet, value: bytes = b"") -> BitMap:
    """The assets that `value` of `facet` is true of; empty where nothing is."""
    prefix = fact(facet, value)
    chunks = [loaded(stored) for key, stored in txn.items(Tables.FACETS, prefix) if len(key) == len(prefix) + 2]
    return BitMap.union(*chunks) if len(chunks) > 1 else chunks[0] if chunks else BitMap()


def live(txn: ReadTransaction) -> BitMap:
    """Every asset that has a file."""
    return bitmap(txn, Facet.LIVE)


def contains(txn: ReadTransaction, facet: Facet, value: bytes, asset: AssetId) -> bool:
    """Claim: `value` of `facet` is true of `asset`. One lookup, whatever the size."""
    key = _head(facet, value) + _chunk(asset)
    known = txn.chunks()
    try:
        chunk = known[key]
    except KeyError:
        stored = txn.get(Tables.FACETS, key)
        chunk = known[key] = None if stored is None else loaded(stored)
    return chunk is not None and asset in chunk


def exists(txn: ReadTransaction, facet: Facet, value: bytes) -> bool:
    """Claim: `value` of `facet` is true of some asset."""
    if len(value) > VALUE_MAX_BYTES or b"\0" in value:
        return False
    return next(iter(txn.keys(Tables.FACETS, fact(facet, value))), None) is not None


def values(txn: ReadTransaction, facet: Facet, prefix: bytes = b"") -> Iterator[bytes]:
    """The values of `facet` that begin with `prefix`, in byte order, each once (jumps over the chunks)."""
    head = bytes([facet])
    with txn.cursor(Tables.FACETS) as cursor:
        found = cursor.set_range(head + prefix)
        while found:
            key: bytes = cursor.key()
            if not key.startswith(head + prefix):
                return
            value = key[1 : key.index(b"\0", 1)]
            yield value
            found = cursor.set_range(head + value + b"\1")


def union(txn: ReadTransaction, facet: Facet, wanted: Iterable[bytes]) -> BitMap:
    """The assets that any of the values is true of."""
    bitmaps = [bitmap(txn, facet, value) for value in wanted]
    return BitMap.union(*bitmaps) if bitmaps else BitMap()


def replace_chunk(txn: WriteTransaction, number: int, facts: Mapping[bytes, Sequence[int]]) -> BitMap:
    """Make the facets of one chunk of assets exactly these, and write only what differs.

    facts: what is true of assets of that chunk, as `fact` makes it. returns: the assets for which anything was wrong.
    """
    chunk = number.to_bytes(2, "big")
    wrong: dict[bytes, BitMap] = {}
    seen, assets = set[bytes](), BitMap()
    for key, stored in txn.items(Tables.FACETS):
        if key[-2:] == chunk:
            seen.add(key[:-2])
            members = BitMap(facts.get(key[:-2], ()))
            different = loaded(stored) ^ members
            if different:
                wrong[key] = members
                assets |= different
    for missing in facts.keys() - seen:
        wrong[missing + chunk] = members = BitMap(facts[missing])
        assets |= members
    for key in sorted(wrong):
        _put(txn, key, wrong[key])
    return assets


def _put(txn: WriteTransaction, key: bytes, members: BitMap) -> None:
    if members:
        members.run_optimize()
        txn.put(Tables.FACETS, key, members.serialize())
    else:
        txn.delete(Tables.FACETS, key)


class Changes:
    """Facet changes of one transaction, gathered so that every chunk is read and written once."""

    def __init__(self) -> None:
        self._added: defaultdict[bytes, list[int]] = defaultdict(list)
        self._removed: defaultdict[bytes, list[int]] = defaultdict(list)

    def note(self, asset: AssetId, before: frozenset[bytes], after: frozenset[bytes]) -> None:
        """The facts of `asset` have changed from `before` to `after`."""
        chunk = _chunk(asset)
        for new in after - before:
            self._added[new + chunk].append(asset)
        for old in before - after:
            self._removed[old + chunk].append(asset)

    def apply(self, txn: WriteTransaction) -> None:
        """Write them, in key order (neighbouring pages stay warm)."""
        for key in sorted(self._added.keys() | self._removed.keys()):
            stored = txn.get(Tables.FACETS, key)
            members = BitMap() if stored is None else loaded(stored)
            members.difference_update(BitMap(self._removed.get(key, ())))
            members.update(self._added.get(key, ()))
            _put(txn, key, members)
