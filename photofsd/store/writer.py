"""The one writer: a thread that gathers pieces of work into transactions and commits them in batches.

A piece of work is a function of a WriteTransaction and nothing else, so it can be run again: when one of a batch
raises, the batch is abandoned and its pieces are run one by one, and only the guilty one fails. The size of a batch
follows the measured commit time (the seed's limit: p95 of a commit < 50 ms), at most `commit_max` rows.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from photofsd.errors import StoreError
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction

T = TypeVar("T")
COMMIT_TARGET_S = 0.040
SMALLEST_BATCH = 128
LINGER_S = 0.002


@dataclass(frozen=True, slots=True)
class _Piece:
    work: Callable[[WriteTransaction], Any]
    rows: int
    future: Future[Any]


class Writer:
    """The thread that alone writes to the store. Usable from any thread; `close` commits what was submitted."""

    def __init__(self, store: Store, *, commit_max: int = 1000) -> None:
        self._store = store
        self._commit_max = commit_max
        self._batch_rows = min(256, commit_max)
        self._waiting: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[tuple[AssetId, ...]], None]] = []
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[WriteTransaction], T], *, rows: int = 1) -> Future[T]:
        """Queue a piece of work; the future is set after the commit that holds it.

        work: depends on its transaction alone (it may be run again). rows: about how many rows it writes.
        """
        future: Future[T] = Future()
        self._waiting.put(_Piece(work, rows, future))
        return future

    def run(self, work: Callable[[WriteTransaction], T], *, rows: int = 1) -> T:
        """Submit a piece of work and wait for its commit. Raises what it raises, and StoreError, StoreFull."""
        return self.submit(work, rows=rows).result()

    def listen(self, listener: Callable[[tuple[AssetId, ...]], None]) -> None:
        """Call `listener` in the writer's thread after every commit, with the assets it was about. Must be quick."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Commit what was submitted and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, is_last = self._gather(first)
            self._commit(batch)
            if is_last:
                return

    def _gather(self, first: _Piece) -> tuple[list[_Piece], bool]:
        """Take what waits, up to the batch size; linger a little for more, so that small writes share a commit."""
        batch, rows = [first], first.rows
        deadline = time.monotonic() + LINGER_S
        while rows < self._batch_rows:
            try:
                piece = self._waiting.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if piece is None:
                return batch, True
            batch.append(piece)
            rows += piece.rows
        return batch, False

    def _commit(self, batch: list[_Piece]) -> None:
        try:
            results, touched, commit_s = self._transact(batch)
        except Exception as error:  # noqa: BLE001  whatever a piece raises belongs to its caller
            self._recover(batch, error)
            return
        self._adapt(commit_s)
        for listener in self._listeners:
            listener(touched)
        for piece, result in zip(batch, results, strict=True):
            piece.future.set_result(result)

    def _transact(self, batch: list[_Piece]) -> tuple[list[Any], tuple[AssetId, ...], float]:
        with self._store.write() as txn:
            results = [piece.work(txn) for piece in batch]
            touched = txn.touched
            started = time.monotonic()
        return results, touched, time.monotonic() - started

    def _recover(self, batch: list[_Piece], error: Exception) -> None:
        """Nothing of the batch was written. A store that fails is everybody's trouble, a piece that raises its own."""
        if len(batch) == 1 or isinstance(error, StoreError):
            for piece in batch:
                piece.future.set_exception(error)
            return
        for piece in batch:
            self._commit([piece])

    def _adapt(self, commit_s: float) -> None:
        if commit_s > COMMIT_TARGET_S:
            self._batch_rows = max(SMALLEST_BATCH, self._batch_rows // 2)
        else:
            self._batch_rows = min(self._commit_max, self._batch_rows + SMALLEST_BATCH)
