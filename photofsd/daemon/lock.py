"""One daemon a state folder: a lock that the kernel gives back however the daemon ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from photofsd.errors import StoreBusy

LOCK_NAME = "lock"


@contextlib.contextmanager
def exclusive(state: Path) -> Iterator[None]:
    """Hold the state folder, made where it is missing. Raises StoreBusy when another daemon has it."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            who = f" (process {holder})" if holder else ""
            raise StoreBusy(f"another daemon{who} works in {state}: end it, or give another --state") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
