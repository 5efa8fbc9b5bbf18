"""Photos that look alike: to which group each belongs. Worked out by `index/similar.py`, kept here.

A group is named by its best copy. It is also a facet (derived.py), so that a group is a bitmap as any other folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from photofsd.store.schema import SIMILAR_ROW, U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

FOLLOWER: Final = "similar"
"""Its watermark says up to which change the groups are what they should be."""


class Membership(NamedTuple):
    """A photo in its group.

    head:    the group's best copy, which is one of its members.
    family:  the smallest id of those that are alike, directly or through others: one group, or several of a large one.
    quality: how good a copy it is, as bytes that compare.
    """

    head: AssetId
    family: AssetId
    quality: bytes


def membership(txn: ReadTransaction, asset: AssetId) -> Membership | None:
    """The group of a photo; None where nothing is like it."""
    row = txn.get(Tables.SIMILAR, U32.pack(asset))
    return None if row is None else parsed(row)


def memberships(txn: ReadTransaction, start: int = 0) -> Iterator[tuple[AssetId, Membership]]:
    """Every photo that is in a group, by id, from the id `start` on."""
    for key, row in txn.items(Tables.SIMILAR, start=U32.pack(start)):
        yield AssetId(U32.unpack(key)[0]), parsed(row)


def assign(txn: WriteTransaction, asset: AssetId, found: Membership | None) -> None:
    """Put a photo into its group, None = into none."""
    txn.touch(asset)
    key = U32.pack(asset)
    if found is None:
        txn.delete(Tables.SIMILAR, key)
    else:
        txn.put(Tables.SIMILAR, key, SIMILAR_ROW.pack(found.head, found.family) + found.quality)


def parsed(row: bytes) -> Membership:
    """The membership in a row of the table."""
    head, family = SIMILAR_ROW.unpack_from(row)
    return Membership(AssetId(head), AssetId(family), row[SIMILAR_ROW.size :])
