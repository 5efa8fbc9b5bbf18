"""The folder that the tree is mounted on: what is mounted there, and clearing away what a dead daemon left.

Nothing here looks at the mount point itself before it is known that nothing dead or hung is mounted there: stat() on
a dead mount fails, and on a hung one never returns.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from photofsd.errors import MountFailed
from photofsd.mounts import OUR_FILE_SYSTEM, Mount, detach, mount_at, mounts, real_point

ANSWER_TIMEOUT_S: Final = 5
LAYERS_MAX: Final = 8

_PROBE: Final = "import os, sys; os.statvfs(sys.argv[1])"


def mounted_at(point: Path) -> Mount | None:
    """What is mounted at that canonical path, the topmost layer; None when nothing is."""
    return mount_at(os.fsencode(point), mounts())


def canonical(point: Path) -> Path:
    """The path as mountinfo has it. Raises MountFailed where it cannot be that of a mount point."""
    if not point.is_absolute() or not point.name or ".." in point.parts:
        raise MountFailed(f"the mount point must be the absolute path of a folder, not {str(point)!r}")
    return real_point(point)


def claim(point: Path, *, file_system: str, source: str) -> None:
    """Make the canonical path `point` an empty folder with nothing mounted on it.

    A mount of our `file_system` and `source` whose daemon is dead or hung is removed. Raises MountFailed, saying why,
    when something else is there.
    """
    for _ in range(LAYERS_MAX):
        mount = mounted_at(point)
        if mount is None:
            return _make_empty_folder(point)
        if (mount.file_system, mount.source) != (file_system, source):
            raise MountFailed(f"{point}: {mount.source} ({mount.file_system}) is mounted there already")
        if answers(point):
            raise MountFailed(f"{point}: another photofsd serves it; end that one first")
        abort(mount)
        detach(point)
    raise MountFailed(f"{point}: stale mounts are in the way; unmount them by hand")


def answers(point: Path) -> bool:
    """Claim: somebody serves the mount at `point`. A child asks, since whoever asks may never return."""
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", _PROBE, point], stderr=subprocess.DEVNULL)
    try:
        return child.wait(ANSWER_TIMEOUT_S) == 0
    except subprocess.TimeoutExpired:
        child.kill()
        return False


def abort(mount: Mount) -> None:
    """Cut the connection of a FUSE mount, so that all who wait for it get an error. Best effort."""
    connection = mount.device.partition(":")[2]
    with contextlib.suppress(OSError):  # not there where fusectl is not mounted; then they wait on
        Path("/sys/fs/fuse/connections", connection, "abort").write_bytes(b"1")


def take_away(point: Path, mount: Mount) -> None:
    """Cut and unmount `mount`, if it is still what is at `point`. Raises MountFailed."""
    if mounted_at(point) == mount:
        abort(mount)
        detach(point)


def cut_off(point: Path) -> None:
    """Cut the connection of a photofsd at `point` that is known to be dead, for those who wait for it. Best effort."""
    mount = mounted_at(canonical(point))
    if mount is not None and mount.file_system == OUR_FILE_SYSTEM:
        abort(mount)


def _make_empty_folder(point: Path) -> None:
    try:
        point.mkdir(parents=True, exist_ok=True)
        with os.scandir(point) as entries:
            is_empty = next(entries, None) is None
    except OSError as error:
        raise MountFailed(f"{point} cannot be the mount point: {error.strerror}") from None
    if not is_empty:
        raise MountFailed(f"{point} is not empty: choose another mount point, or move what is in it")
