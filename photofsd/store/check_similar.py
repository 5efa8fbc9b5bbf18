"""The part of `check` about photos that look alike (I9).

Groups follow the change log; while they lag behind it, a photo may be gone that its group still has. So they are
proved only where they have caught up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.store import changes, similar
from photofsd.store.schema import U32, Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def check(txn: ReadTransaction, live: BitMap) -> Iterator[str]:
    """I9. live: the assets that have a file."""
    if changes.watermark(txn, similar.FOLLOWER) != changes.sequence(txn):
        return
    sizes = Counter[int]()
    families = dict[int, int]()
    for asset, found in similar.memberships(txn):
        sizes[found.head] += 1
        if asset not in live:
            yield f"I9 similar {asset}: it is in a group, but has no file"
        elif txn.get(Tables.LOOKS, U32.pack(asset)) is None:
            yield f"I9 similar {asset}: it is in a group, but nobody has looked at it"
        if families.setdefault(found.head, found.family) != found.family:
            yield f"I9 similar {asset}: its group {found.head} is of two families"
    for head, size in sizes.items():
        yield from _group(txn, head, size)


def _group(txn: ReadTransaction, head: int, size: int) -> Iterator[str]:
    row = txn.get(Tables.SIMILAR, U32.pack(head))
    if size == 1:
        yield f"I9 similar {head}: a group of one"
    if row is None or similar.parsed(row).head != head:
        yield f"I9 similar {head}: the best copy of a group is not in it"
