"""The loop that takes the kernel's requests: pyfuse3's, made never to wait in a read.

Between the news that a request waits and the read, whoever asked may have been killed; the kernel then takes the
request back. pyfuse3 would wait in that read for the next one, which may never come, with the interpreter's lock held:
nothing of this process would run, not even what is to end it. So the connection is read without blocking, and a read
that finds nothing is no error.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Final

import pyfuse3
import trio

REQUESTS_MAX: Final = 1000
"""Served at once. With pyfuse3's 99, some slow requests stall all others."""

_DEVICE: Final = os.makedev(10, 229)
"""/dev/fuse, whatever it is called here. Source: the kernel's admin-guide/devices.txt."""

_TAKER: Final = "_session_loop"
"""What pyfuse3 calls, by this name, for every task that takes requests."""

_take_requests: Final = vars(pyfuse3)[_TAKER]


async def serve() -> None:
    """Answer requests until `pyfuse3.terminate`, an unmount or a cut connection. The mount must have been made."""
    _never_block()
    vars(pyfuse3)[_TAKER] = _take_requests_patiently
    await pyfuse3.main(max_tasks=REQUESTS_MAX)


async def _take_requests_patiently(nursery: trio.Nursery, min_tasks: int, max_tasks: int) -> None:
    """Take requests and answer them; go on where there was none to be read."""
    while True:
        with contextlib.suppress(BlockingIOError):  # of the read alone: handlers raise nothing but FUSEError
            await _take_requests(nursery, min_tasks, max_tasks)
            return


def _never_block() -> None:
    """Make the connection, of which pyfuse3 tells nobody the descriptor, one that does not block."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own descriptor is gone by now
            status = os.fstat(int(name))
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == _DEVICE:
                os.set_blocking(int(name), False)
