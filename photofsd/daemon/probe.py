"""A look at a folder by a process of its own: a NAS that hangs takes whoever asks with it, beyond any signal."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from photofsd.processes.command import command_of

ANSWER_TIMEOUT_S: Final = 5.0
COUNT_TIMEOUT_S: Final = 2.0
OWN_PROGRAM: Final = tuple(command_of("photofsd.daemon.probe"))


class Sight(NamedTuple):
    """What was seen of a folder.

    real:       its path without symbolic links.
    error:      why it cannot be listed, in the system's words; None when it can (the rest says nothing otherwise).
    has_marker: the file that was asked for is in it.
    folders:    folders in it at any depth, and itself; None when they could not be counted in time.
    free_mb:    megabytes that are free on its file system.
    """

    real: str
    error: str | None = None
    is_empty: bool = False
    is_writable: bool = False
    has_marker: bool = False
    folders: int | None = None
    free_mb: int = 0


def probe(folder: Path, marker: str = "", program: Sequence[str] = OWN_PROGRAM) -> Sight | None:
    """Look at `folder` from another process; None when there is no answer in time.

    program: what to run, with the folder and the marker as arguments.
    """
    child = subprocess.Popen([*program, folder, marker], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        answer, _ = child.communicate(timeout=ANSWER_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel, it cannot even be waited for
            child.communicate(timeout=1)
        return None
    return Sight(**json.loads(answer))


def look(folder: Path, marker: str) -> Sight:
    """Look at `folder`, however long it takes."""
    real = os.path.realpath(folder)
    try:
        with os.scandir(folder) as entries:
            is_empty = next(entries, None) is None
        space = os.statvfs(folder)
    except OSError as error:
        return Sight(real, error.strerror)
    return Sight(
        real,
        is_empty=is_empty,
        is_writable=os.access(folder, os.W_OK | os.X_OK),
        has_marker=bool(marker) and (folder / marker).exists(),
        folders=_count_folders(folder),
        free_mb=space.f_bavail * space.f_frsize // 1_000_000,
    )


def _count_folders(folder: Path) -> int | None:
    deadline = time.monotonic() + COUNT_TIMEOUT_S
    count = 0
    for _ in os.walk(folder):
        count += 1
        if time.monotonic() > deadline:
            return None
    return count


if __name__ == "__main__":
    json.dump(look(Path(sys.argv[1]), sys.argv[2])._asdict(), sys.stdout)
