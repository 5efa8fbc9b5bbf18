"""The one writer: a thread that gathers pieces of work into transactions and commits them in batches.

A piece of work is a function of a WriteTransaction and nothing else, so it can be run again: when one of a batch
raises, the batch is abandoned and its pieces are run one by one, and only the guilty one fails. The size of a batch
follows the measured commit time (the seed's limit: p95 of a commit < 50 ms), at most `commit_max` rows.

Nothing that a piece or a listener raises ends the thread: an ended writer would be a daemon that waits for ever.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from photofsd.errors import StoreError, StoreFull

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import Touched, WriteTransaction

T = TypeVar("T")
log = logging.getLogger(__name__)
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
        self._waiting: queue.Queue[_Piece | None] = queue.Queue()  # a SimpleQueue (3.11) that is late waits for ever
        self._closing = threading.Lock()
        self._is_closed = False
        self._listeners: tuple[Callable[[Touched], None], ...] = ()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[WriteTransaction], T], *, rows: int = 1) -> Future[T]:
        """Queue a piece of work; the future is set after the commit that holds it. Pieces are run in this order.

        work: depends on its transaction alone (it may be run again). rows: about how many rows it writes.
        A future that is cancelled before its turn is not run. Raises StoreError after `close`.
        """
        future: Future[T] = Future()
        with self._closing:  # nothing may queue up behind the end
            if self._is_closed:
                raise StoreError("the writer has been closed: nothing can be stored any more")
            self._waiting.put(_Piece(work, rows, future))
        return future

    def run(self, work: Callable[[WriteTransaction], T], *, rows: int = 1) -> T:
        """Submit a piece of work and wait for its commit. Raises what it raises, and StoreError, StoreFull.

        Not for listeners and pieces: they run in the writer's thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("the writer's thread cannot wait for itself: submit instead")
        return self.submit(work, rows=rows).result()

    def listen(self, listener: Callable[[Touched], None]) -> None:
        """Call `listener` in the writer's thread after every commit, with what it was about. Must be quick.

        What it raises is logged: the commit stands, the other listeners hear of it.
        """
        self._listeners = (*self._listeners, listener)

    def close(self) -> None:
        """Commit what was submitted and end the thread. May be called twice."""
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._waiting.put(None)
        self._thread.join()

    def _serve(self) -> None:
        is_last = False
        while not is_last and (first := self._waiting.get()) is not None:
            batch, is_last = self._gather(first)
            begun = [piece for piece in batch if piece.future.set_running_or_notify_cancel()]
            if begun:
                self._commit(begun)

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
        except BaseException as error:  # noqa: BLE001  whatever a piece raises belongs to its caller
            self._recover(batch, error)
            return
        self._adapt(commit_s)
        self._tell(touched)
        for piece, result in zip(batch, results, strict=True):
            piece.future.set_result(result)

    def _transact(self, batch: list[_Piece]) -> tuple[list[Any], Touched, float]:
        with self._store.write() as txn:
            results = [piece.work(txn) for piece in batch]
            touched = txn.touched
            started = time.monotonic()
        return results, touched, time.monotonic() - started

    def _recover(self, batch: list[_Piece], error: BaseException) -> None:
        """Nothing of the batch was written. A full disk is everybody's trouble, anything else that of one piece."""
        if len(batch) == 1 or isinstance(error, StoreFull):
            for piece in batch:
                piece.future.set_exception(error)
            return
        for piece in batch:
            self._commit([piece])

    def _tell(self, touched: Touched) -> None:
        for listener in self._listeners:
            try:
                listener(touched)
            except BaseException:
                log.exception("a listener of the store's writer failed")

    def _adapt(self, commit_s: float) -> None:
        if commit_s > COMMIT_TARGET_S:
            self._batch_rows = max(min(SMALLEST_BATCH, self._commit_max), self._batch_rows // 2)
        else:
            self._batch_rows = min(self._commit_max, self._batch_rows + SMALLEST_BATCH)
