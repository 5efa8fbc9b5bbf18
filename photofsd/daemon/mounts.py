"""What is mounted where, from /proc/self/mountinfo: asking a path itself would hang on a dead NAS or a dead daemon."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from photofsd.errors import PhotofsdError

OUR_FILE_SYSTEM: Final = "fuse.photofsd"
REMOTE_FILE_SYSTEMS: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "fuse.rclone", "glusterfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
"""Where the kernel hears nothing of changes that other machines make."""

MOUNTINFO: Final = Path("/proc/self/mountinfo")
_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """One mount: its folder, and the type of its file system ("ext4", "nfs4", "fuse.photofsd")."""

    point: Path
    file_system: str


def mounts(mountinfo: Path = MOUNTINFO) -> list[Mount]:
    """Every mount of this process's namespace, later ones above earlier ones (proc(5))."""
    found = []
    for line in mountinfo.read_bytes().splitlines():
        before, _, after = line.partition(b" - ")
        point = _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), before.split()[4])
        found.append(Mount(Path(os.fsdecode(point)), after.split()[0].decode()))
    return found


def real_point(point: Path) -> Path:
    """`point` as mountinfo names it, found without touching what is mounted there."""
    return point.parent.resolve() / point.name


def mount_at(point: Path, known: list[Mount]) -> Mount | None:
    """The topmost mount whose folder is `point` itself."""
    return next((mount for mount in reversed(known) if mount.point == point), None)


def mount_of(path: Path, known: list[Mount]) -> Mount:
    """The mount that `path` (absolute, without symbolic links) lies on."""
    holders = [mount for mount in known if path.is_relative_to(mount.point)]
    return max(reversed(holders), key=lambda mount: len(mount.point.parts))


def detach(point: Path) -> None:
    """Take the mount at `point` away at once, even when its daemon is dead or somebody still has a file open.

    Raises PhotofsdError.
    """
    program = shutil.which("fusermount3")
    if program is None:
        raise PhotofsdError("there is no fusermount3 to unmount with: install the package fuse3")
    done = subprocess.run([program, "-u", "-z", "--", point], capture_output=True, check=False)
    if done.returncode != 0:
        complaint = done.stderr.decode(errors="replace").strip()
        raise PhotofsdError(f"{point} cannot be unmounted: {complaint}")
