"""Stacks: the files of one shot, and the one of them that stands for all, its cover.

RAW and JPEG, the still and the movie of a Live Photo, the shots of a burst, an original and what was made of it. They
follow from the records of the photos, whatever the order in which these came: at the end of a transaction the stacks
around every photo of which something changed are formed anew (forming.py), found by their keys in `kin`.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pyroaring import BitMap

from photofsd.store import facets, kin
from photofsd.store.forming import Both, Forming, Stack
from photofsd.store.schema import STACK_ROW, U32, Tables
from photofsd.types import AssetId, Facet, StackKind

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

_AT_ONCE = 8192
"""Photos whose stacks are built at once: about 10 MB."""


class StackRow(NamedTuple):
    """What the store has of a photo in a stack. is_still: of a live photo, whose movie is beside it."""

    cover: AssetId
    kinds: StackKind
    is_still: bool


def row(txn: ReadTransaction, asset: AssetId) -> StackRow | None:
    """In which stack the photo is; None where it stands for itself."""
    value = txn.get(Tables.STACKS, U32.pack(asset))
    if value is None:
        return None
    cover, kinds, is_still = STACK_ROW.unpack(value)
    return StackRow(AssetId(cover), StackKind(kinds), bool(is_still))


def row_in(stack: Stack | None, asset: AssetId) -> StackRow | None:
    """What is to be stored of a member of that stack."""
    return None if stack is None else StackRow(stack.cover, stack.kinds, asset in stack.stills)


def members(txn: ReadTransaction, cover: AssetId) -> tuple[AssetId, ...]:
    """All photos of the stack with that cover, ascending; none where it is no cover."""
    value = txn.get(Tables.MEMBERS, U32.pack(cover))
    return () if value is None else tuple(map(AssetId, array("I", value)))


def hidden_among(txn: ReadTransaction, photos: BitMap) -> BitMap:
    """The companions among these photos whose cover is one of them, too."""
    hidden = BitMap()
    with txn.cursor(Tables.STACKS) as cursor:
        for asset in photos & facets.bitmap(txn, Facet.COMPANION):
            stored = cursor.get(U32.pack(asset))
            if stored is not None and STACK_ROW.unpack(stored)[0] in photos:
                hidden.add(asset)
    return hidden


def names(kinds: StackKind) -> list[str]:
    """The kinds by their names, as they are asked for."""
    return [kind.name.lower() for kind in StackKind if kind in kinds and kind.name is not None]


def update(txn: WriteTransaction, changes: Mapping[AssetId, Both]) -> set[AssetId]:
    """Write the keys of these photos and form the stacks around them anew.

    Call it when their records are written, before their facets are. returns: the photos whose stack is another one now.
    """
    changed = {asset: both for asset, both in changes.items() if both[0] != both[1]}
    if not changed:
        return set()
    for asset, (before, after) in changed.items():
        old, new = (both.keys if both is not None else frozenset[bytes]() for both in (before, after))
        for key in old - new:
            txn.delete(Tables.KIN, kin.row_key(key, asset))
        for key in new - old:
            txn.put(Tables.KIN, kin.row_key(key, asset), b"")
    forming = Forming(txn, {asset: after for asset, (_, after) in changed.items()})
    formed = _formed(txn, forming, forming.around(changed))
    for asset in formed.rows:
        txn.touch(asset)
    _put(txn, formed)
    return set(formed.rows)


def build(txn: WriteTransaction, assets: Sequence[AssetId]) -> None:
    """Form the stacks of these photos, where all keys are written and no facet is yet: see rederive.py."""
    for first in range(0, len(assets), _AT_ONCE):
        _put(txn, _formed(txn, Forming(txn), set(assets[first : first + _AT_ONCE])))


def write_keys(txn: WriteTransaction, assets: Iterable[AssetId]) -> None:
    """Write the keys of these photos, of which there are none."""
    for asset in assets:
        found = kin.read(txn, asset)
        for key in found.keys if found is not None else ():
            txn.put(Tables.KIN, kin.row_key(key, asset), b"")


class _Formed(NamedTuple):
    """What is to be written: rows that are other ones now, stacks, covers that are none any more."""

    rows: Mapping[AssetId, StackRow | None]
    stacks: Collection[Stack]
    gone: Iterable[AssetId]


def _formed(txn: ReadTransaction, forming: Forming, waiting: set[AssetId]) -> _Formed:
    """Form the stacks of these photos, and of those that were in one stack with them."""
    before: dict[AssetId, StackRow | None] = {}
    after: dict[AssetId, StackRow | None] = {}
    found: dict[AssetId, Stack] = {}
    while waiting:
        asset = waiting.pop()
        if asset in after:
            continue
        together, stack = forming.around_one(asset)
        before.update((member, row(txn, member)) for member in together)
        after.update((member, row_in(stack, member)) for member in together)
        if stack is not None:
            found[stack.cover] = stack
        for cover in _covers(before[member] for member in together):
            waiting.update(members(txn, cover))
    rows = {asset: now for asset, now in after.items() if now != before[asset]}
    return _Formed(rows, found.values(), _covers(before.values()) - found.keys())


def _covers(rows: Iterable[StackRow | None]) -> set[AssetId]:
    return {found.cover for found in rows if found is not None}


def _put(txn: WriteTransaction, formed: _Formed) -> None:
    for asset, found in formed.rows.items():
        if found is None:
            txn.delete(Tables.STACKS, U32.pack(asset))
        else:
            txn.put(Tables.STACKS, U32.pack(asset), STACK_ROW.pack(*found))
    for cover in formed.gone:
        txn.delete(Tables.MEMBERS, U32.pack(cover))
    for stack in formed.stacks:
        if members(txn, stack.cover) != stack.members:
            txn.put(Tables.MEMBERS, U32.pack(stack.cover), array("I", stack.members).tobytes())
