"""Derived rows are brought up to date when the program derives differently, or the photos' time zone is another one.

`derived.update` writes what follows from a change; what an older program derived from the same records, or reckoned in
another zone, nobody would touch again. So the store remembers what its derived rows were made with. At start, where
that has changed, all of them are compared with what they should be, a chunk of the facets (64k assets) a transaction:
only what differs is written and gets its line in the change log, and a start that is killed goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.store import derived, facets, stacks
from photofsd.store.schema import U32, U64, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

Progress = Callable[[int, int], None]
"""Is told (steps that are done, steps in all)."""

_MADE_WITH = b"derived"
_UNDER_WAY = b"deriving"
_STEPS_DONE = b"derived_steps"

_RULES_FROM, _RULES_TO = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2038, 1, 1, tzinfo=dt.UTC)
_RULES_STEP = dt.timedelta(days=9)
"""No zone has ever had summer time for less; so two zones that agree at every step have the same rules."""


def fingerprint(zone: dt.tzinfo | None) -> int:
    """What derived rows depend on beside the records, as a number: how they are derived, and the rules of the zone.

    zone: None = the system's. Zones with other names and the same rules are the same.
    """
    rules = _rules(None) if zone is None else _rules_of(zone)
    return int(U64.unpack(hashlib.blake2b(b"%d" % derived.VERSION + rules, digest_size=8).digest())[0])


def _rules(zone: dt.tzinfo | None) -> bytes:
    return b"".join(offset.to_bytes(2, "big", signed=True) for offset in _offsets_min(zone))


_rules_of = functools.lru_cache(maxsize=8)(_rules)
"""The system's zone may become another one; one that has a name does not."""


def _offsets_min(zone: dt.tzinfo | None) -> Iterator[int]:
    moment = _RULES_FROM
    while moment < _RULES_TO:
        yield (moment.astimezone(zone).utcoffset() or dt.timedelta()) // dt.timedelta(minutes=1)
        moment += _RULES_STEP


def is_current(txn: ReadTransaction) -> bool:
    """Claim: the derived rows are those that this program makes of the records, in the transaction's zone."""
    return txn.number(Tables.META, _MADE_WITH) == fingerprint(txn.timezone)


def begin(txn: WriteTransaction) -> None:
    """Say of a store without assets that nothing in it is out of date."""
    if not txn.number(Tables.META, b"next_asset"):
        txn.put_number(Tables.META, _MADE_WITH, fingerprint(txn.timezone))


def refresh(store: Store, writer: Writer, progress: Progress | None = None) -> int:
    """Bring all derived rows up to date, where they are not: before anything else writes or answers.

    returns: how many assets had others. Memory: the facets of 64k assets. Raises StoreError, StoreFull.
    """
    with store.read() as txn:
        if is_current(txn):
            return 0
        chunks = (txn.number(Tables.META, b"next_asset") >> facets.CHUNK_BITS) + 1
    steps = [*((_write_keys, chunk) for chunk in range(chunks)), *((_refresh_chunk, chunk) for chunk in range(chunks))]
    first, changed = writer.run(_start), 0
    for done, (step, chunk) in enumerate(steps[first:], first):
        if progress is not None:
            progress(done, len(steps))
        changed += writer.run(functools.partial(_take, step=step, chunk=chunk, done=done + 1))
    writer.run(_end)
    return changed


def _start(txn: WriteTransaction) -> int:
    """How many steps are done. Stacks are built anew: nothing tells what an older program has made them of."""
    target = fingerprint(txn.timezone)
    if txn.number(Tables.META, _UNDER_WAY) != target:
        txn.put_number(Tables.META, _UNDER_WAY, target)
        txn.put_number(Tables.META, _STEPS_DONE, 0)
        txn.delete(Tables.META, _MADE_WITH)
        for table in (Tables.KIN, Tables.STACKS, Tables.MEMBERS):
            txn.clear(table)
    return txn.number(Tables.META, _STEPS_DONE)


def _take(txn: WriteTransaction, step: Callable[[WriteTransaction, int], int], chunk: int, done: int) -> int:
    changed = step(txn, chunk)
    txn.put_number(Tables.META, _STEPS_DONE, done)
    return changed


def _end(txn: WriteTransaction) -> None:
    txn.put_number(Tables.META, _MADE_WITH, fingerprint(txn.timezone))
    for key in (_UNDER_WAY, _STEPS_DONE):
        txn.delete(Tables.META, key)


def _assets(txn: ReadTransaction, chunk: int) -> Iterator[AssetId]:
    """The assets of a chunk of the facets."""
    for key in txn.keys(Tables.ASSETS, start=U32.pack(chunk << facets.CHUNK_BITS)):
        (asset,) = U32.unpack(key)
        if asset >> facets.CHUNK_BITS != chunk:
            return
        yield AssetId(asset)


def _write_keys(txn: WriteTransaction, chunk: int) -> int:
    """Write the keys by which the chunk's photos find their companions: all are needed before the first stack."""
    stacks.write_keys(txn, _assets(txn, chunk))
    return 0


def _refresh_chunk(txn: WriteTransaction, chunk: int) -> int:
    """Write the stacks of a chunk's assets, and what differs of their rows and facets; how many assets these were."""
    expected = defaultdict[bytes, list[int]](list)
    changed = BitMap()
    stacks.build(txn, list(_assets(txn, chunk)))
    for asset in _assets(txn, chunk):
        found = derived.of(txn, asset)
        for fact in found.facets:
            expected[fact].append(asset)
        key = U32.pack(asset)
        if found.row is not None and txn.get(Tables.ROWS, key) != found.row:
            txn.put(Tables.ROWS, key, found.row)
            changed.add(asset)
    changed |= facets.replace_chunk(txn, chunk, expected)
    derived.log(txn, changed)
    return len(changed)
