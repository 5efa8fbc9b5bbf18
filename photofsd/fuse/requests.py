"""The loop that takes the kernel's requests: pyfuse3's, made never to wait in a read.

Between the news that a request waits and the read, whoever asked may have been killed; the kernel then takes the
request back. pyfuse3 would wait in that read for the next one, which may never come, with the interpreter's lock held:
nothing of this process would run, not even what is to end it. So the connection is read without blocking, and a read
that finds nothing is no error.

pyfuse3 keeps a second task in reserve, and the two take turns: every request costs a second round of the scheduler.
Here one task reads and answers, request after request; when an answer has to wait, another one takes over.
"""

from __future__ import annotations

import contextlib
import os
import stat
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, TypeVar

import pyfuse3
import trio

REQUESTS_MAX: Final = 1000
"""Served at once. With pyfuse3's 99, some slow requests stall all others."""

_DEVICE: Final = os.makedev(10, 229)
"""/dev/fuse, whatever it is called here. Source: the kernel's admin-guide/devices.txt."""

_TAKER: Final = "_session_loop"
"""What pyfuse3 calls, by this name, for the first task that takes requests."""

_RESERVE: Final = 0
"""Tasks that wait beside the one that reads."""

_OF_ITS_OWN: Final = -(1 << 30)
"""Tasks up to which pyfuse3 would start more by itself; it counts only those that it started."""

_take_requests: Final = vars(pyfuse3)[_TAKER]
_T = TypeVar("_T")


class Requests:
    """Takes the requests of the mount of this process. Used once."""

    def __init__(self) -> None:
        self._nursery: trio.Nursery | None = None
        self._tasks = 0

    async def serve(self) -> None:
        """Answer until `pyfuse3.terminate`, an unmount or a cut connection. The mount must have been made."""
        _never_block()
        vars(pyfuse3)[_TAKER] = self._take
        await pyfuse3.main(_RESERVE, _OF_ITS_OWN)

    async def _take(self, nursery: trio.Nursery, *limits: int) -> None:
        """Read and answer, until another task waits for requests; go on where there was none to be read."""
        self._nursery = nursery
        self._tasks += 1
        try:
            while True:
                with contextlib.suppress(BlockingIOError):  # of the read alone: handlers raise nothing but FUSEError
                    await _take_requests(nursery, *limits)
                    return
        finally:
            self._tasks -= 1

    def one_waits(self) -> None:
        """An answer has to wait: have another task take requests meanwhile."""
        if self._nursery is not None and self._tasks < REQUESTS_MAX:
            self._nursery.start_soon(self._take, self._nursery, _RESERVE, _OF_ITS_OWN)


@types.coroutine
def watched(work: Coroutine[Any, Any, _T], on_wait: Callable[[], None]) -> Generator[Any, Any, _T]:
    """Await `work`; call `on_wait` first where it does not end at once."""
    try:
        asked = work.send(None)
        on_wait()
        while True:
            try:
                answer = yield asked
            except BaseException as error:  # noqa: BLE001 - it is the work's to deal with
                asked = work.throw(error)
            else:
                asked = work.send(answer)
    except StopIteration as end:
        result: _T = end.value
        return result


def _never_block() -> None:
    """Make the connection, of which pyfuse3 tells nobody the descriptor, one that does not block."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own descriptor is gone by now
            status = os.fstat(int(name))
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == _DEVICE:
                os.set_blocking(int(name), False)
