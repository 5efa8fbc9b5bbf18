"""Keeps the indexes up with the store, in a thread that works at most half of the time, so that nobody waits for it.

Today that is one index: the groups of photos that look alike.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import trio

from photofsd.errors import StoreError
from photofsd.index.similar import SimilarPhotos

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer

GATHER_S: Final = 1.0
"""What changes within that time is dealt with together."""

AGAIN_S: Final = 10.0
"""After a failure: the disk is full, say."""

log = logging.getLogger(__name__)


class _Stopped(Exception):
    """The daemon ends."""


class Indexer:
    """Follows the change log. `wake` from any thread; `run` until cancelled.

    alert: what keeps it from its work, one line; None = nothing.
    """

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._stop = threading.Event()
        self._worked_s = 0.0
        self._photos = SimilarPhotos(store, writer, self._rest)
        self._token: trio.lowlevel.TrioToken | None = None
        self._changed = trio.Event()
        self._changed.set()
        self.alert: str | None = None

    def wake(self) -> None:
        """Something was committed."""
        if self._token is not None:  # else it will look by itself, when it starts
            self._token.run_sync_soon(self._set, idempotent=True)

    def _set(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Follow until cancelled; then the thread ends within milliseconds."""
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._stop_when_cancelled)
            while True:
                await self._changed.wait()
                self._changed = trio.Event()
                if not await trio.to_thread.run_sync(self._catch_up):
                    self._set()
                    await trio.sleep(AGAIN_S)
                await trio.sleep(GATHER_S)

    async def _stop_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._stop.set()

    def _catch_up(self) -> bool:
        """Claim: it worked, or need not be done any more."""
        self._worked_s = time.thread_time()
        try:
            self._photos.catch_up()
        except _Stopped:
            return True
        except StoreError as error:
            self._say(str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a bug in an index must not take the tree with it
            self._say(f"internal error: {type(error).__name__}: {error}", error)
            return False
        self.alert = None
        return True

    def _say(self, why: str, bug: Exception | None = None) -> None:
        """Alert, and log that once."""
        alert = f"photos that look alike cannot be grouped, it is tried again: {why}"
        if alert != self.alert:
            log.warning("%s", alert, exc_info=bug)
        self.alert = alert

    def _rest(self) -> None:
        """Rest for as long as this thread has worked since it last did."""
        if self._stop.wait(time.thread_time() - self._worked_s):
            raise _Stopped
        self._worked_s = time.thread_time()
