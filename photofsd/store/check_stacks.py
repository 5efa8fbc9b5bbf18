"""The part of `check` about stacks (I10): the keys by which photos find each other, and what is formed of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.store import kin, rederive, stacks
from photofsd.store.forming import Forming, Stack
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

_REMEMBERED_MAX = 50_000
"""Photos that are kept in memory, about 1 kB each."""


def check(txn: ReadTransaction, assets: Iterable[int], step: Callable[[], None]) -> Iterator[str]:
    """I10. `assets`: all there are. `step` is called once an asset."""
    if not rederive.is_current(txn):
        return  # check_facets.py says so
    keys = 0
    seen = BitMap()
    forming = Forming(txn)
    for asset in map(AssetId, assets):
        found = forming.kin(asset)
        for key in found.keys if found is not None else ():
            keys += 1
            if txn.get(Tables.KIN, kin.row_key(key, asset)) is None:
                yield f"I10 kin {key!r}: asset {asset} is missing"
        if asset not in seen:
            together, stack = forming.around_one(asset)
            seen.update(together)
            yield from _compared(txn, together, stack)
            if len(forming) > _REMEMBERED_MAX:
                forming = Forming(txn)
        step()
    if keys != txn.count(Tables.KIN):
        yield from _stray_keys(txn)
    for cover in (AssetId(U32.unpack(key)[0]) for key in txn.keys(Tables.MEMBERS)):
        row = stacks.row(txn, cover)
        if row is None or row.cover != cover:
            yield f"I10 members {cover}: it is no cover"


def _compared(txn: ReadTransaction, together: Collection[AssetId], stack: Stack | None) -> Iterator[str]:
    for asset in together:
        row, expected = stacks.row(txn, asset), stacks.row_in(stack, asset)
        if row != expected:
            yield f"I10 stacks {asset}: it says {row}, what is known of the photos makes {expected}"
    if stack is not None and stacks.members(txn, stack.cover) != stack.members:
        yield f"I10 members {stack.cover}: they are {stack.members}"


def _stray_keys(txn: ReadTransaction) -> Iterator[str]:
    for row in txn.keys(Tables.KIN):
        key, asset = kin.parts(row)
        found = kin.read(txn, asset)
        if found is None or key not in found.keys:
            yield f"I10 kin {key!r}: asset {asset} does not belong there"
