"""Vectors and what the store says of them are kept in agreement: all rows are looked at, at start and every day.

A row that is not what its CRC says does not count any more, and is made again.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
from pyroaring import BitMap

from photofsd.errors import StoreError
from photofsd.index.torn import FACES, PICTURES, Kind, Torn, look_at_rows
from photofsd.index.vectors import FACE_ROWS, VectorFile, dimension_of
from photofsd.pipeline.results import Results
from photofsd.pipeline.stage import VECTORS
from photofsd.pipeline.stages.clip import STAGE as CLIP
from photofsd.pipeline.stages.faces import STAGE as FIND
from photofsd.store import assets, embeddings, faces, jobs, model_roles
from photofsd.store.schema import U32, Tables
from photofsd.types import FaceId

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

EVERY_S: Final = 24 * 3600.0

MakeAgain = Callable[[Sequence[Torn], "WriteTransaction"], int]


class VectorUpkeep:
    """Looks after the vectors. `run` until cancelled."""

    def __init__(self, store: Store, writer: Writer, graph: Graph, state: Path) -> None:
        self._store = store
        self._writer = writer
        self._results = Results(graph)
        self._vectors = state / VECTORS
        self._settled = self._next_face()

    async def run(self) -> None:
        """Look at all rows now, and then every day."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.warning("vectors could not be looked at: %s", error)
            await trio.sleep(EVERY_S)

    async def look(self) -> int:
        """Look at all rows, at most half of the time; how many photos had torn ones. Raises StoreError, StoreFull."""
        torn = await self._look_at(PICTURES, self._embed_again) + await self._look_at(FACES, self._find_again)
        await trio.to_thread.run_sync(self._give_room_back)
        if torn:
            log.warning("vectors of %d photos are missing or torn: they are made again", torn)
        return torn

    async def _look_at(self, kind: Kind, make_again: MakeAgain) -> int:
        after: int | None = 0
        torn = 0
        while after is not None:
            started = time.monotonic()
            found, after = await trio.to_thread.run_sync(self._look_at_some, kind, make_again, after)
            torn += found
            await trio.sleep(time.monotonic() - started)
        return torn

    def _look_at_some(self, kind: Kind, make_again: MakeAgain, after: int) -> tuple[int, int | None]:
        with self._store.read() as txn:
            found = look_at_rows(txn, self._vectors, after, kind=kind)
        if not found.torn:
            return 0, found.last
        return self._writer.run(functools.partial(make_again, found.torn), rows=len(found.torn)), found.last

    def _find_again(self, torn: Sequence[Torn], txn: WriteTransaction) -> int:
        """Where a photo has lost the vector of a face, its faces are found anew: they take their own places again."""
        record, count = jobs.stage(txn, FIND.name), 0
        for asset in dict.fromkeys(row.asset for row in torn):
            known, found = assets.asset(txn, asset), faces.faces(txn, asset)
            rows = {} if found is None else {face.id: face.crc for face in found.faces}
            is_of_now = any(row.asset == asset and rows.get(FaceId(row.row)) == row.crc for row in torn)
            if known is not None and known.files and is_of_now and jobs.get(txn, record, asset) is None:
                self._results.redo(txn, FIND, asset)
                count += 1
        return count

    def _give_room_back(self) -> None:
        """Clear the rows of faces that are no more; those of ids that were given since the last look may be to come."""
        settled, self._settled = self._settled, self._next_face()
        with self._store.read() as txn:
            dead = BitMap(range(1, settled)) - BitMap(U32.unpack(key)[0] for key in txn.keys(Tables.FACE_ROWS))
        for rows in self._vectors.glob(f"*/{FACE_ROWS}"):
            with contextlib.suppress(StoreError):  # of nobody: what is written next begins it anew
                file = VectorFile(rows.parent, dimension_of(rows.parent), FACE_ROWS)
                try:
                    file.clear(dead)
                finally:
                    file.close()

    def _next_face(self) -> int:
        with self._store.read() as txn:
            return faces.next_id(txn)

    def _embed_again(self, torn: Sequence[Torn], txn: WriteTransaction) -> int:
        """What is queued is about to be made again anyhow: its row may be newer than what the store says."""
        record, model, count = jobs.stage(txn, CLIP.name), model_roles.chosen(txn, CLIP.name), 0
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
