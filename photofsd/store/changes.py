"""The log of changes: who derives something from the assets (indexes, caches) follows it by a watermark.

An asset is logged, once a transaction, when anything that follows from its records has changed: a facet or its row.
What all followers have passed may be trimmed. A follower that has no watermark, or whose watermark lies before what
has been trimmed, begins anew: it reads everything, and goes on from the `sequence` of that same transaction.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from photofsd.store.schema import U32, U64, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

TRIM_MAX_ROWS = 10_000


def sequence(txn: ReadTransaction) -> int:
    """The number of the last change; 0 = there was none yet."""
    return txn.number(Tables.META, b"sequence")


def since(txn: ReadTransaction, sequence: int, limit: int) -> Iterator[tuple[int, AssetId]]:
    """The (sequence, asset) of at most `limit` changes above `sequence`, oldest first."""
    rows = txn.items(Tables.CHANGES, start=U64.pack(sequence + 1))
    for key, value in itertools.islice(rows, limit):
        yield U64.unpack(key)[0], AssetId(U32.unpack(value)[0])


def is_complete_since(txn: ReadTransaction, sequence: int) -> bool:
    """Claim: nothing above `sequence` has been trimmed, so `since` tells all that has changed."""
    return sequence >= _trimmed(txn)


def watermark(txn: ReadTransaction, follower: str) -> int:
    """How far `follower` has come; 0 where it never said."""
    return txn.number(Tables.WATERMARKS, follower.encode())


def behind(txn: ReadTransaction, follower: str) -> int:
    """How many changes `follower` has yet to deal with."""
    return sequence(txn) - watermark(txn, follower)


def set_watermark(txn: WriteTransaction, follower: str, sequence: int) -> None:
    """`follower` has dealt with all changes up to `sequence`; those above are kept for it from now on."""
    txn.put_number(Tables.WATERMARKS, follower.encode(), sequence)


def forget_follower(txn: WriteTransaction, follower: str) -> None:
    """Nothing is kept for `follower` any more."""
    txn.delete(Tables.WATERMARKS, follower.encode())


def trim(txn: WriteTransaction, keep: int) -> int:
    """Remove what all followers have passed, but never one of the last `keep` changes.

    returns: how many rows; at most TRIM_MAX_ROWS a call, so that no commit gets long: call it until that is 0.
    """
    passed = min((int(U64.unpack(mark)[0]) for _, mark in txn.items(Tables.WATERMARKS)), default=sequence(txn))
    end = min(passed, sequence(txn) - keep)
    numbers = (U64.unpack(key)[0] for key in txn.keys(Tables.CHANGES))
    old = list(itertools.islice(itertools.takewhile(lambda number: number <= end, numbers), TRIM_MAX_ROWS))
    for number in old:
        txn.delete(Tables.CHANGES, U64.pack(number))
    return len(old)


def _trimmed(txn: ReadTransaction) -> int:
    """The number of the last change that has been trimmed."""
    first = next(iter(txn.keys(Tables.CHANGES)), None)
    return sequence(txn) if first is None else int(U64.unpack(first)[0]) - 1
