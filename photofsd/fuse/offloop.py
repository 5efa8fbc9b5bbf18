"""Work off the loop: in threads, so many at once, each with a time limit."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import trio

from photofsd.errors import FileUnreadable, PhotofsdError, TooSlow

_P = ParamSpec("_P")
_T = TypeVar("_T")

WAITING_MAX: Final = 250
"""Of the 1,000 requests that pyfuse3 serves at once, so that a library that hangs leaves room for stat."""


class OffLoop:
    """A kind of work that may block, apart from the other kinds: one that hangs delays none of them.

    A call that ran out of time goes on in its thread, whose place stays taken until it is done. What it returns then
    is dropped, so a result that must be closed has to close itself.
    """

    def __init__(self, threads: int, timeout_s: float, failure: Callable[[str], PhotofsdError]) -> None:
        self._limiter = trio.CapacityLimiter(threads)
        self._timeout_s = timeout_s
        self._failure = failure
        self._waiting: set[trio.CancelScope] = set()
        self._stopped = False

    async def run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what `call` returns in a thread. Raises `failure` when that takes too long, and after `stop`."""
        if self._stopped:
            raise self._late()
        if len(self._waiting) >= WAITING_MAX:
            raise self._failure(f"{WAITING_MAX} requests wait already")
        with trio.CancelScope(deadline=trio.current_time() + self._timeout_s) as scope:
            self._waiting.add(scope)
            try:
                return await trio.to_thread.run_sync(
                    functools.partial(call, *args, **kwargs), limiter=self._limiter, abandon_on_cancel=True
                )
            finally:
                self._waiting.discard(scope)
        raise self._late()

    def _late(self) -> PhotofsdError:
        reason = "the tree is being unmounted" if self._stopped else f"no answer within {self._timeout_s:g} s"
        return self._failure(reason)

    def stop(self) -> None:
        """End all waiting now: the requests that wait are answered with `failure`."""
        self._stopped = True
        for scope in self._waiting:
            scope.cancel()


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """The kinds of work off the loop. They wait for different things, so that none delays another."""

    searches: OffLoop
    listings: OffLoop
    texts: OffLoop
    library: OffLoop
    renditions: OffLoop
    mutations: OffLoop

    @classmethod
    def within(cls, *, search_s: float, library_s: float) -> Work:
        """All kinds with their time limits: the tree answers within `search_s`, the library within `library_s`.

        Changes run one at a time and without a limit: one that is told to have failed must not happen later.
        """
        return cls(
            searches=OffLoop(8, search_s, TooSlow),
            listings=OffLoop(8, search_s, TooSlow),
            texts=OffLoop(4, search_s, TooSlow),
            library=OffLoop(40, library_s, FileUnreadable),
            renditions=OffLoop(8, search_s, TooSlow),
            mutations=OffLoop(1, math.inf, TooSlow),
        )

    def stop(self) -> None:
        """Answer all that wait."""
        for kind in (self.searches, self.listings, self.texts, self.library, self.renditions, self.mutations):
            kind.stop()
