"""Thumbnails and what the store says of them are kept in agreement, a shard at a time.

A file that is missing or torn is made again. Files of contents that no photo in the library has (edited, deleted) are
removed, with what the store says of their looks: whatever brings the content back is a visit, and that makes them anew.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from photofsd.errors import StoreError
from photofsd.media.thumbnails import SHARDS, bytes_by_size
from photofsd.pipeline.stages.preview import STAGE as PREVIEW
from photofsd.records import JobRecord
from photofsd.store import assets, jobs
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.media.thumbnails import Kept, Thumbnails
    from photofsd.records import Look
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

SHARD_EVERY_S: Final = 300.0
"""All shards within 21 hours: no whole day, so that a machine that runs a few hours a day comes to all of them."""
RESPITE_NS: Final = 3600 * 10**9
"""Files so young belong to looks that are about to be committed."""
ROWS: Final = 1000


class Subject(NamedTuple):
    """An asset as it was when the shard was looked at."""

    asset: AssetId
    content: bytes


_Piece = Callable[[Sequence[Subject], "WriteTransaction"], None]


class Upkeep:
    """Looks after the thumbnails. `run` until cancelled."""

    def __init__(self, store: Store, writer: Writer, thumbnails: Thumbnails) -> None:
        self._store = store
        self._writer = writer
        self._thumbnails = thumbnails

    async def run(self) -> None:
        """Look at one shard after the other, whichever is next by the clock."""
        while True:
            await trio.sleep(SHARD_EVERY_S)
            number = int(time.time() / SHARD_EVERY_S) % SHARDS
            try:
                await trio.to_thread.run_sync(self.look_at, number)
            except (OSError, StoreError) as error:
                log.warning("thumbnails: shard %02x could not be looked at: %s", number, error)

    def look_at(self, number: int) -> None:
        """Bring the contents whose digest begins with that byte, and their files, into agreement. For a thread."""
        found = self._thumbnails.shard(number)
        torn: list[Subject] = []
        gone: list[Subject] = []
        needed: set[bytes] = set()
        with self._store.read() as txn:
            for content, value in txn.items(Tables.CONTENTS, bytes((number,))):
                subject = Subject(AssetId(U32.unpack(value)[0]), content)
                record, look = assets.asset(txn, subject.asset), assets.look(txn, subject.asset)
                if look is None or record is None:
                    continue
                if not record.files:
                    gone.append(subject)
                    continue
                needed.add(content)
                if not _are_whole(found.get(content, {}), look):
                    torn.append(subject)
        if torn:
            log.warning("thumbnails of %d photos are missing or torn: they are made again", len(torn))
        self._write(_make_again, torn)
        self._write(_forget, gone)
        for content in found.keys() - needed:
            self._thumbnails.remove(content, written_before_ns=time.time_ns() - RESPITE_NS)

    def _write(self, piece: _Piece, subjects: Sequence[Subject]) -> None:
        for first in range(0, len(subjects), ROWS):
            some = subjects[first : first + ROWS]
            self._writer.run(functools.partial(piece, some), rows=len(some))


def _are_whole(files: dict[int, Kept], look: Look) -> bool:
    return {px: kept.size for px, kept in files.items()} == bytes_by_size(look)


def _make_again(subjects: Sequence[Subject], txn: WriteTransaction) -> None:
    record = jobs.stage(txn, PREVIEW.name)
    for subject in subjects:
        known = assets.asset(txn, subject.asset)
        is_as_seen = known is not None and known.content == subject.content
        is_waiting = jobs.get(txn, record, subject.asset) or jobs.failure(txn, record, subject.asset)
        if is_as_seen and not is_waiting:
            jobs.put(txn, record, subject.asset, JobRecord(jobs.BACKLOG))


def _forget(subjects: Sequence[Subject], txn: WriteTransaction) -> None:
    record = jobs.stage(txn, PREVIEW.name)
    for subject in subjects:
        known = assets.asset(txn, subject.asset)
        if known is not None and not known.files:
            assets.keep(txn, Tables.LOOKS, subject.asset, None)
            jobs.undo(txn, record, subject.asset)
