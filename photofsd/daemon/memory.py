"""Keeps the daemon small: lets go of the pages of the store that it has read, before they add up to the store itself.

The store is a mapped file. A page that was read counts as the daemon's memory until the kernel needs the room, so that
after some use `top` would show the whole store, more than a gigabyte at a million photos. A page that is let go of
stays in the page cache: reading it again costs less than a microsecond and no disk.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import trio

MAPPED_MAX_BYTES: Final = 192 << 20
LOOK_EVERY_S: Final = 2.0

_READ_ONLY_SHARED: Final = "r--s"
_MADV_DONTNEED: Final = 4

log = logging.getLogger(__name__)


async def keep_small(store: Path, *, at_most: int = MAPPED_MAX_BYTES) -> None:
    """Let go of what is mapped of the folder `store` whenever more than `at_most` bytes are here, until cancelled."""
    while True:
        await trio.sleep(LOOK_EVERY_S)
        if mapped_bytes() > at_most:
            await trio.to_thread.run_sync(let_go, store)


def mapped_bytes() -> int:
    """Bytes of mapped files that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[2])
    return pages * resource.getpagesize()


def let_go(store: Path) -> None:
    """Let go of every page that is mapped to be read of the files in `store`. Safe while other threads read them."""
    libc = ctypes.CDLL(None, use_errno=True)
    for start, size in _mappings({str(file.stat().st_ino) for file in store.iterdir()}):
        if libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _MADV_DONTNEED):
            log.debug("pages of %s stay: %s", store, os.strerror(ctypes.get_errno()))


def _mappings(inodes: Collection[str]) -> Iterator[tuple[int, int]]:
    """Address and size of each mapping of such a file that nothing can be written through. See proc_pid_maps(5).

    A file of another file system may have the same inode: its pages would be let go of, too, which does no harm.
    """
    for line in Path("/proc/self/maps").read_bytes().splitlines():
        span, access, _, _, inode, *_ = line.decode("ascii", "replace").split(maxsplit=5)
        if access == _READ_ONLY_SHARED and inode in inodes:
            start, end = (int(address, 16) for address in span.split("-"))
            yield start, end - start
