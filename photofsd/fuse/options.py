"""What can be chosen about a mount."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MountOptions:
    """How the tree is mounted.

    mount_point:        absolute; made where it is missing, refused where it is not empty.
    inherited_fd:       a descriptor of /dev/fuse that somebody else mounted at `mount_point`; None: mount it here.
    allow_other:        other users may look (not root needs user_allow_other in /etc/fuse.conf).
    xattrs:             answer for extended attributes. Off, the kernel stops asking: listings are ten times faster.
    links:              photos are symbolic links to the originals instead of files.
    entry_timeout_s:    how long the kernel may remember names and attributes.
    negative_timeout_s: how long it may remember that there is no such probe (store/probes.py).
    search_timeout_s:   how long a folder may take to answer.
    library_timeout_s:  how long the library may take to open or read a file: disks that spin up take 15 s.
    read_ahead_kb:      size of a read request when root; 0 leaves the kernel's 128 KiB.
    """

    mount_point: Path
    inherited_fd: int | None = None
    allow_other: bool = False
    xattrs: bool = False
    links: bool = False
    entry_timeout_s: float = 60
    negative_timeout_s: float = 60
    search_timeout_s: float = 10
    library_timeout_s: float = 60
    read_ahead_kb: int = 1024
    fsname: str = "photofsd"
    subtype: str = "photofsd"

    @property
    def kernel_options(self) -> set[str]:
        """The options as libfuse takes them; the kernel checks permissions by the mode bits."""
        chosen = {"default_permissions", f"fsname={self.fsname}", f"subtype={self.subtype}"}
        return chosen | {"allow_other"} if self.allow_other else chosen
