"""The folder that the tree is mounted on: what is mounted there, and clearing away what a dead daemon left.

Nothing here looks at the mount point itself before it is known that nothing dead or hung is mounted there: stat() on
a dead mount fails, and on a hung one never returns. A connection is cut by its number, and the kernel gives the number
of one that has gone to the next who mounts something: what is to be cut is held before it is judged.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from photofsd.errors import MountFailed
from photofsd.mounts import OUR_FILE_SYSTEM, Mount, detach, mount_at, mounts, real_point

ANSWER_TIMEOUT_S: Final = 5
LAYERS_MAX: Final = 8

_PROBE: Final = "import os, sys; os.statvfs(int(sys.argv[1]))"


@dataclass(frozen=True, slots=True)
class Held:
    """A mount that is held: until it is let go, neither its number nor that of its connection is given to another.

    descriptor: of its root; opened so that its daemon is not asked.
    """

    mount: Mount
    descriptor: int

    def answers(self) -> bool:
        """Claim: somebody serves it. A child asks, since whoever asks may never return."""
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROBE, str(self.descriptor)],
            pass_fds=[self.descriptor],
            stderr=subprocess.DEVNULL,
        )
        try:
            return child.wait(ANSWER_TIMEOUT_S) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            return False

    def cut(self) -> None:
        """Cut the connection of a FUSE mount, so that all who wait for it get an error. Best effort."""
        connection = self.mount.device.partition(":")[2]
        with contextlib.suppress(OSError):  # not there where fusectl is not mounted; then they wait on
            Path("/sys/fs/fuse/connections", connection, "abort").write_bytes(b"1")

    def take_away(self) -> None:
        """Cut and unmount it. Raises MountFailed."""
        self.cut()
        detach(Path(os.fsdecode(self.mount.point)))


@contextlib.contextmanager
def held(point: Path) -> Iterator[Held | None]:
    """Hold the topmost of what is mounted at that canonical path; None where nothing is."""
    try:
        descriptor = os.open(point, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        number = _mount_number(descriptor)
        known = (mount for mount in mounts() if mount.number == number and mount.point == os.fsencode(point))
        mount = next(known, None)
        yield None if mount is None else Held(mount, descriptor)
    finally:
        os.close(descriptor)


def _mount_number(descriptor: int) -> int:
    """The number of the mount that a descriptor leads to. Source: proc_pid_fdinfo(5)."""
    lines = Path("/proc/self/fdinfo", str(descriptor)).read_text().splitlines()
    return int(next(line for line in lines if line.startswith("mnt_id:")).split()[1])


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
        with held(point) as found:
            if found is None:
                return _make_empty_folder(point)
            mount = found.mount
            if (mount.file_system, mount.source) != (file_system, source):
                raise MountFailed(f"{point}: {mount.source} ({mount.file_system}) is mounted there already")
            if found.answers():
                raise MountFailed(f"{point}: another photofsd serves it; end that one first")
            found.take_away()
    raise MountFailed(f"{point}: stale mounts are in the way; unmount them by hand")


def cut_off(point: Path) -> None:
    """Cut the connection of a photofsd at `point` that is known to be dead, for those who wait for it. Best effort."""
    with held(canonical(point)) as found:
        if found is not None and found.mount.file_system == OUR_FILE_SYSTEM:
            found.cut()


def _make_empty_folder(point: Path) -> None:
    try:
        point.mkdir(parents=True, exist_ok=True)
        with os.scandir(point) as entries:
            is_empty = next(entries, None) is None
    except OSError as error:
        raise MountFailed(f"{point} cannot be the mount point: {error.strerror}") from None
    if not is_empty:
        raise MountFailed(f"{point} is not empty: choose another mount point, or move what is in it")
