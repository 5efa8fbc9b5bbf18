"""The pages of the store that the process has mapped: given back when they are many.

LMDB reads through a shared mapping, so every page that was ever looked at counts as the daemon's memory, though it is
the kernel's cache and the kernel may drop it. After a walk over a million photos that would be the whole store. Giving
the mapping's pages back costs a minor fault a page when it is next looked at, and nothing of the cache is lost.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MADV_DONTNEED = 4
"""For a shared file mapping: forget the page table entries; the pages stay in the cache (madvise(2))."""


def mapped_bytes() -> int:
    """Bytes of files that this process has mapped and looked at (the shared pages of statm(5))."""
    shared_pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[2]
    return int(shared_pages) * os.sysconf("SC_PAGE_SIZE")


def give_back(file: Path) -> int:
    """Give back the pages of every mapping of `file`; how many mappings that were. Safe while others read."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    given = 0
    for start, end in _mappings(os.fsencode(file.resolve())):
        if libc.madvise(start, end - start, MADV_DONTNEED) == 0:
            given += 1
    return given


def _mappings(file: bytes) -> list[tuple[int, int]]:
    """Where `file` is mapped: (start, end) addresses, from proc_pid_maps(5)."""
    found = []
    for line in Path("/proc/self/maps").read_bytes().splitlines():
        fields = line.split(maxsplit=5)
        if fields[-1] == file:
            start, _, end = fields[0].partition(b"-")
            found.append((int(start, 16), int(end, 16)))
    return found
