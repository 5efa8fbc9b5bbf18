"""What is mounted where, from /proc/self/mountinfo: asking a path itself would hang on a dead NAS or a dead daemon."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from photofsd.errors import MountFailed

MOUNTINFO: Final = Path("/proc/self/mountinfo")
OUR_FILE_SYSTEM: Final = "fuse.photofsd"

REMOTE: Final = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs",
    "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse", "gfs2", "glusterfs", "lustre",
    "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
})  # fmt: skip
"""File systems that others change without our kernel hearing of it: inotify tells of our own changes at most."""

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """One mount.

    number:      the kernel's id of it.
    device:      "0:53"; for FUSE, its second part is the number of the connection.
                 Both are given to the next who mounts something as soon as this mount has gone.
    file_system: "ext4", "nfs4", "fuse.photofsd".
    source:      what is mounted: "/dev/sda1", "nas:/photos".
    """

    point: bytes
    number: int
    device: str
    file_system: str
    source: str

    @property
    def device_number(self) -> int:
        """The device as st_dev has it."""
        major, minor = self.device.split(":")
        return os.makedev(int(major), int(minor))

    @property
    def is_remote(self) -> bool:
        """Claim: inotify does not tell of what changes there."""
        return self.file_system in REMOTE


def mounts(mountinfo: Path = MOUNTINFO) -> list[Mount]:
    """Every mount of this process's namespace, later ones above earlier ones. Source: proc_pid_mountinfo(5)."""
    return [_mount(line) for line in mountinfo.read_bytes().splitlines()]


def _mount(line: bytes) -> Mount:
    before, _, after = line.partition(b" - ")
    number, _, device, _, point = before.split(b" ")[:5]
    file_system, source = (_unescaped(field).decode(errors="backslashreplace") for field in after.split(b" ")[:2])
    return Mount(_unescaped(point), int(number), device.decode(), file_system, source)


def _unescaped(field: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field)


def real_point(point: Path) -> Path:
    """`point` as mountinfo names it: the folders above are resolved, the last name is not looked at."""
    return point.parent.resolve() / point.name


def mount_at(point: bytes, known: Iterable[Mount]) -> Mount | None:
    """The topmost mount whose folder is `point` itself."""
    layers = [mount for mount in known if mount.point == point]
    return layers[-1] if layers else None


def mount_of(path: bytes, known: Iterable[Mount]) -> Mount | None:
    """The mount that `path` (absolute, without symbolic links) lies on: the longest, and of those the last.

    None where the mount is not to be seen from here (in a chroot).
    """
    holders = [mount for mount in known if _holds(mount.point, path)]
    return max(reversed(holders), key=lambda mount: len(mount.point), default=None)


def mounts_below(path: bytes, known: Iterable[Mount]) -> frozenset[Mount]:
    """The mounts at points below `path`, itself not counted."""
    return frozenset(mount for mount in known if mount.point != path and _holds(path, mount.point))


def _holds(folder: bytes, path: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def detach(point: Path) -> None:
    """Take the topmost mount at `point` away at once, even when its daemon is dead or a file is still open in it.

    Raises MountFailed.
    """
    program = shutil.which("fusermount3")
    if program is None:
        raise MountFailed("fusermount3 is not installed: install the package fuse3")
    done = subprocess.run([program, "-u", "-z", "--", point], capture_output=True, check=False)
    if done.returncode != 0:
        complaint = done.stderr.decode(errors="replace").strip()
        raise MountFailed(f"{point} cannot be unmounted: {complaint}")
