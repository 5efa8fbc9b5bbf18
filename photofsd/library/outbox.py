"""Changes on their way to the writer: gathered into pieces of work, few of them in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from photofsd.library.changes import Change, Changes, Effects
from photofsd.library.rules import Names
from photofsd.types import DirId

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

ROWS_A_PIECE: Final = 500
PIECES_IN_FLIGHT: Final = 4


class Outbox:
    """Sends changes to the writer, ROWS_A_PIECE a piece of work, and waits when it gets too far ahead of it."""

    def __init__(self, writer: Writer, root: DirId, effects: Effects, priority: int) -> None:
        self._writer = writer
        self._root = root
        self._effects = effects
        self._priority = priority
        self._waiting: list[Change] = []
        self._in_flight: deque[Future[None]] = deque()

    def put(self, change: Change) -> None:
        """Write a change some time soon, after all that were put before. Raises StoreError, StoreFull."""
        self._waiting.append(change)
        if len(self._waiting) >= ROWS_A_PIECE:
            self.flush()

    def flush(self) -> None:
        """Send what waits. Raises StoreError, StoreFull, also for what was sent before."""
        if self._waiting:
            changes, self._waiting = tuple(self._waiting), []
            self._in_flight.append(self._writer.submit(self._work(changes), rows=len(changes)))
        while len(self._in_flight) > PIECES_IN_FLIGHT:
            self._in_flight.popleft().result()

    def drain(self) -> None:
        """Return when everything that was put is committed. Raises StoreError, StoreFull."""
        self.flush()
        while self._in_flight:
            self._in_flight.popleft().result()

    def move_folder(self, folder: DirId, names: Names) -> bool:
        """Move a known folder to `names`, at once; False where it cannot be there. Raises StoreError, StoreFull.

        Its photos are told of it by `store.moved.tell`.
        """
        self.drain()
        root, effects, priority = self._root, self._effects, self._priority
        return self._writer.run(lambda txn: Changes(txn, root, effects, priority).move_folder(folder, names))

    def _work(self, changes: Sequence[Change]) -> Callable[[WriteTransaction], None]:
        root, effects, priority = self._root, self._effects, self._priority
        return lambda txn: Changes(txn, root, effects, priority).apply(changes)
