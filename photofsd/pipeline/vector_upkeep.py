"""Vectors and what the store says of them are kept in agreement: all rows are looked at, at start and every day.

A row that is not what its CRC says does not count any more, and is made again.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from photofsd.errors import StoreError
from photofsd.index.torn import Torn, look_at_rows
from photofsd.pipeline.results import Results
from photofsd.pipeline.stages.clip import STAGE as CLIP
from photofsd.pipeline.stages.clip import VECTORS
from photofsd.store import embeddings, jobs

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

EVERY_S: Final = 24 * 3600.0


class VectorUpkeep:
    """Looks after the vectors. `run` until cancelled."""

    def __init__(self, store: Store, writer: Writer, graph: Graph, state: Path) -> None:
        self._store = store
        self._writer = writer
        self._results = Results(graph)
        self._vectors = state / VECTORS

    async def run(self) -> None:
        """Look at all rows now, and then every day."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.warning("vectors could not be looked at: %s", error)
            await trio.sleep(EVERY_S)

    async def look(self) -> int:
        """Look at all rows, at most half of the time; how many were torn. Raises StoreError, StoreFull."""
        after: int | None = 0
        torn = 0
        while after is not None:
            started = time.monotonic()
            found, after = await trio.to_thread.run_sync(self._look_at_some, after)
            torn += found
            await trio.sleep(time.monotonic() - started)
        if torn:
            log.warning("vectors of %d photos are missing or torn: they are made again", torn)
        return torn

    def _look_at_some(self, after: int) -> tuple[int, int | None]:
        with self._store.read() as txn:
            found = look_at_rows(txn, self._vectors, after)
        if not found.torn:
            return 0, found.last
        return self._writer.run(functools.partial(self._make_again, found.torn), rows=len(found.torn)), found.last

    def _make_again(self, torn: Sequence[Torn], txn: WriteTransaction) -> int:
        """What is queued is about to be made again anyhow: its row may be newer than what the store says."""
        record, model, count = jobs.stage(txn, CLIP.name), embeddings.chosen(txn), 0
        for row in torn:
            known = embeddings.embedding(txn, row.asset)
            if known is None or known.rows.get(row.model) != row.crc:
                continue
            if row.model == model and jobs.get(txn, record, row.asset) is not None:
                continue
            embeddings.discount(txn, row.asset, row.model)
            if row.model == model:
                self._results.redo(txn, CLIP, row.asset)
            count += 1
        return count
