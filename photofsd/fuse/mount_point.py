"""The folder that the tree is mounted on: what is mounted there, and clearing away what a dead daemon left.

Nothing here looks at the mount point itself before it is known that nothing dead or hung is mounted there: stat() on
a dead mount fails, and on a hung one never returns.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from photofsd.errors import MountFailed

ANSWER_TIMEOUT_S: Final = 5
LAYERS_MAX: Final = 8

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")
_PROBE: Final = "import os, sys; os.statvfs(sys.argv[1])"


@dataclasses.dataclass(frozen=True, slots=True)
class Mounted:
    """One line of /proc/self/mountinfo. device: "0:53", whose second part is the number of a FUSE connection."""

    device: str
    point: Path
    fstype: str
    source: str

    @property
    def number(self) -> int:
        """The device number as st_dev has it."""
        major, minor = self.device.split(":")
        return os.makedev(int(major), int(minor))

    @property
    def connection(self) -> Path:
        """The kernel's controls for a FUSE mount."""
        return Path("/sys/fs/fuse/connections", self.device.partition(":")[2])


def parse(mountinfo: bytes) -> list[Mounted]:
    """The mounts in the text of a mountinfo file, in its order. Source: proc_pid_mountinfo(5)."""
    mounts = []
    for line in mountinfo.splitlines():
        fields = line.split(b" ")
        kind = fields[fields.index(b"-", 6) + 1 :]
        point = Path(os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), fields[4])))
        mounts.append(Mounted(fields[2].decode(), point, kind[0].decode(), kind[1].decode(errors="replace")))
    return mounts


def mounted_at(point: Path) -> Mounted | None:
    """What is mounted at that canonical path, the topmost layer; None when nothing is."""
    mounts = parse(Path("/proc/self/mountinfo").read_bytes())
    return next((mount for mount in reversed(mounts) if mount.point == point), None)


def canonical(point: Path) -> Path:
    """The path as mountinfo has it: the folders above are resolved, the last name is not looked at."""
    if not point.is_absolute() or not point.name or ".." in point.parts:
        raise MountFailed(f"the mount point must be the absolute path of a folder, not {str(point)!r}")
    return point.parent.resolve() / point.name


def claim(point: Path, *, fstype: str, source: str) -> None:
    """Make the canonical path `point` an empty folder with nothing mounted on it.

    A mount with our `fstype` and `source` whose daemon is dead or hung is removed. Raises MountFailed, saying why,
    when something else is there.
    """
    for _ in range(LAYERS_MAX):
        mount = mounted_at(point)
        if mount is None:
            return _make_empty_folder(point)
        if (mount.fstype, mount.source) != (fstype, source):
            raise MountFailed(f"{point}: {mount.source} ({mount.fstype}) is mounted there already")
        if answers(point):
            raise MountFailed(f"{point}: another photofsd serves it; end that one first")
        abort(mount)
        unmount(point)
    raise MountFailed(f"{point}: stale mounts are in the way; unmount them by hand")


def answers(point: Path) -> bool:
    """Claim: somebody serves the mount at `point`. A child asks, since whoever asks may never return."""
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", _PROBE, point], stderr=subprocess.DEVNULL)
    try:
        return child.wait(ANSWER_TIMEOUT_S) == 0
    except subprocess.TimeoutExpired:
        child.kill()
        return False


def unmount(point: Path) -> None:
    """Unmount the topmost layer at `point` now, whoever uses it. Raises MountFailed."""
    program = shutil.which("fusermount3")
    if program is None:
        raise MountFailed("fusermount3 is not installed: install the package fuse3")
    done = subprocess.run([program, "-u", "-z", "--", point], capture_output=True, check=False)
    if done.returncode:
        raise MountFailed(f"{point} cannot be unmounted: {os.fsdecode(done.stderr).strip()}")


def abort(mount: Mounted) -> None:
    """Cut the connection of a FUSE mount, so that all who wait for it get an error. Best effort."""
    with contextlib.suppress(OSError):  # not there where fusectl is not mounted; then they wait on
        (mount.connection / "abort").write_bytes(b"1")


def _make_empty_folder(point: Path) -> None:
    try:
        point.mkdir(parents=True, exist_ok=True)
        with os.scandir(point) as entries:
            is_empty = next(entries, None) is None
    except OSError as error:
        raise MountFailed(f"{point} cannot be the mount point: {error.strerror}") from None
    if not is_empty:
        raise MountFailed(f"{point} is not empty: choose another mount point, or move what is in it")
