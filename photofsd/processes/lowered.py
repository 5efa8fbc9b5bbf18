"""What a child does to itself before it works: takes the last place, limits itself, dies with its parent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
IOPRIO_WHO_PROCESS = 1
IOPRIO_IDLE = 3 << 13
SYS_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
NICE = 10


def lower_and_limit(memory_mb: int, *, nice: int = NICE, may_write: bool = False, maps_much: bool = False) -> None:
    """Take the last place at CPU and disk, cap memory, forbid writing files and core dumps, die with the parent.

    memory_mb: of address space, mapped files too; 0 = no limit.
    nice:      how far behind others; those whom somebody waits for keep their place at the disk.
    maps_much: it maps files and devices that are larger than memory: the cap is on what it allocates (RLIMIT_DATA).
    may_write: it has files of its own, and parses none of the library's.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
    if nice >= NICE and (call := SYS_IOPRIO_SET.get(os.uname().machine)) is not None:
        libc.syscall(call, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE)
    if memory_mb:
        limit = resource.RLIMIT_DATA if maps_much else resource.RLIMIT_AS
        resource.setrlimit(limit, (memory_mb << 20, memory_mb << 20))
    if not may_write:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def silence_libraries() -> None:
    """Let C libraries write about broken files where nobody reads it; errors of our own go on to the daemon's log."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
