"""Which file system a path lies on, and whether the kernel tells of what changes there."""

from __future__ import annotations

from pathlib import Path

import pytest

from photofsd.library.mounts import Mount, mount_of, mounts, mounts_below

MOUNTINFO = rb"""21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /nas rw,relatime shared:9 master:2 - nfs4 nas:/volume1 rw,vers=4.2
31 30 8:17 / /nas/usb\040stick rw - vfat /dev/sdb1 rw
32 21 0:41 / /home/a/share rw - cifs //nas/photos rw
33 32 0:42 / /home/a/share rw - xfs /dev/sdc1 rw
34 21 0:43 / /ssh rw - fuse.sshfs a@b:/ rw
35 21 0:44 / /mnt/back\134slash\012line rw - btrfs /dev/sdd rw
"""


@pytest.fixture
def known(tmp_path: Path) -> list[Mount]:
    (tmp_path / "mountinfo").write_bytes(MOUNTINFO)
    return mounts(tmp_path / "mountinfo")


@pytest.mark.parametrize(
    "path, file_system, is_remote",
    [
        (b"/home/a", b"ext4", False),
        (b"/nas", b"nfs4", True),
        (b"/nas/photos/2024", b"nfs4", True),
        (b"/nashville", b"ext4", False),
        (b"/nas/usb stick/x", b"vfat", False),
        (b"/home/a/share/x", b"xfs", False),  # mounted over the share
        (b"/ssh/x", b"fuse.sshfs", True),
        (b"/mnt/back\\slash\nline", b"btrfs", False),
    ],
)
def test_path_lies_on_the_longest_and_last_mount(
    known: list[Mount], path: bytes, file_system: bytes, *, is_remote: bool
) -> None:
    mount = mount_of(path, known)
    assert mount is not None
    assert (mount.file_system, mount.is_remote) == (file_system, is_remote)


def test_mounts_below_are_those_inside(known: list[Mount]) -> None:
    assert {mount.point for mount in mounts_below(b"/nas", known)} == {b"/nas/usb stick"}
    assert mounts_below(b"/ssh", known) == frozenset()
    assert len(mounts_below(b"/", known)) == 6


def test_mount_that_cannot_be_seen_is_none_at_all() -> None:
    assert mount_of(b"/anything", []) is None


def test_this_machine_has_a_root() -> None:
    assert mount_of(b"/", mounts()) is not None
