"""Which file system a path lies on, from /proc/self/mountinfo: asking the path itself would hang on a dead NAS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

MOUNTINFO: Final = Path("/proc/self/mountinfo")

REMOTE: Final = frozenset(
    b"9p afs beegfs ceph cifs coda davfs fuse.davfs fuse.gcsfuse fuse.glusterfs fuse.juicefs fuse.rclone fuse.s3fs "
    b"fuse.sshfs fuse.vmhgfs-fuse gfs2 glusterfs lustre ncpfs nfs nfs4 ocfs2 smb3 smbfs vboxsf virtiofs vmhgfs".split()
)
"""File systems that others change without our kernel hearing of it: inotify tells of our own changes at most."""

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """One mount. number: the kernel's id of it; a file system that is mounted again has another one."""

    point: bytes
    number: int
    file_system: bytes

    @property
    def is_remote(self) -> bool:
        """Claim: inotify does not tell of what changes there."""
        return self.file_system in REMOTE


def mounts(mountinfo: Path = MOUNTINFO) -> list[Mount]:
    """Every mount of this process's namespace, later ones above earlier ones (proc_pid_mountinfo(5))."""
    return [_mount(line) for line in mountinfo.read_bytes().splitlines()]


def _mount(line: bytes) -> Mount:
    before, _, after = line.partition(b" - ")
    number, _, _, _, point = before.split(b" ")[:5]
    unescaped = _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), point)
    return Mount(unescaped, int(number), after.split(b" ", 1)[0])


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
