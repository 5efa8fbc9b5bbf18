"""One daemon a state folder: a lock that the kernel gives back however the daemon ends.

A daemon that is killed while one of its threads waits for its own mount cannot end: the kernel keeps the connection
for that thread, and the thread for the connection. Who comes after it cuts the connection.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from photofsd.errors import StoreBusy

LOCK_NAME = "lock"
LET_GO_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.05
_DEAD: Final = ("Z", "X")


@contextlib.contextmanager
def exclusive(state: Path, cut_loose: Callable[[], None]) -> Iterator[None]:
    """Hold the state folder, made where it is missing. Raises StoreBusy when another daemon has it.

    cut_loose: frees a daemon that has been killed from what it waits for.
    """
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _locked(descriptor):
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            is_dying = _is_being_killed(holder)
            if is_dying:
                cut_loose()
            if not is_dying or not _locked_soon(descriptor):
                who = f" (process {holder})" if holder else ""
                raise StoreBusy(f"another daemon{who} works in {state}: end it, or give another --state")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock, if nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_soon(descriptor: int) -> bool:
    """Take the lock as soon as it is free, within LET_GO_WITHIN_S."""
    ends_s = time.monotonic() + LET_GO_WITHIN_S
    while not (is_ours := _locked(descriptor)) and time.monotonic() < ends_s:
        time.sleep(_LOOK_EVERY_S)
    return is_ours


def _is_being_killed(process: str) -> bool:
    """Claim: the process is gone, or on its way: it has been killed and waits in the kernel for something."""
    try:
        lines = Path("/proc", str(int(process)), "status").read_text().splitlines()
    except FileNotFoundError:
        return True
    except (ValueError, OSError):
        return False
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    pending = int(fields["SigPnd"][0], 16) | int(fields["ShdPnd"][0], 16)
    return fields["State"][0] in _DEAD or bool(pending >> (signal.SIGKILL - 1) & 1)
