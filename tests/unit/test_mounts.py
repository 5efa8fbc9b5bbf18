"""What is mounted where, on which mount a path lies, and whether the kernel tells of what changes there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photofsd.errors import MountFailed
from photofsd.mounts import Mount, detach, mount_at, mount_of, mounts, mounts_below, real_point

MOUNTINFO = (
    rb"""21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /nas rw,relatime shared:9 master:2 - nfs4 nas:/volume1 rw,vers=4.2
31 30 8:17 / /nas/usb\040stick rw - vfat /dev/sdb1 rw
32 21 0:41 / /home/a/share rw - cifs //nas/photos rw
33 32 0:42 / /home/a/share rw - xfs /dev/sdc1 rw
34 21 0:43 / /ssh rw - fuse.sshfs a@b:/ rw
35 21 0:44 / /mnt/back\134slash\012line rw - btrfs /dev/sdd rw
41 21 0:36 / /mnt/photos ro,nosuid,nodev - tmpfs tmpfs rw
42 41 0:37 / /mnt/photos rw,nosuid,nodev master:3 propagate_from:2 - fuse.photofsd photofsd rw,user_id=0
43 21 0:38 / /odd/"""
    b"\xff rw - ext4 /dev/sdb1 rw\n"
)


@pytest.fixture
def known(tmp_path: Path) -> list[Mount]:
    (tmp_path / "mountinfo").write_bytes(MOUNTINFO)
    return mounts(tmp_path / "mountinfo")


def test_mountinfo_is_read_whatever_the_names(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_bytes(
        rb"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" + b"\n"
        rb"42 27 0:39 / /tmp/a\040b/new\012line\134\303\251 rw,nosuid - fuse.photofsd photofsd rw,user_id=0" + b"\n"
        rb"43 27 0:40 / /x rw shared:1 master:2 propagate_from:3 - tmpfs none rw" + b"\n"
        rb"44 27 0:41 / /y rw - cifs //nas/our\040photos rw" + b"\n"
        rb"45 27 0:42 / /z rw - tmpfs  rw" + b"\n"
    )
    assert mounts(tmp_path / "mountinfo") == [
        Mount(b"/mnt2", 36, "98:0", "ext3", "/dev/root"),
        Mount("/tmp/a b/new\nline\\é".encode(), 42, "0:39", "fuse.photofsd", "photofsd"),
        Mount(b"/x", 43, "0:40", "tmpfs", "none"),
        Mount(b"/y", 44, "0:41", "cifs", "//nas/our photos"),
        Mount(b"/z", 45, "0:42", "tmpfs", ""),
    ]


def test_escapes_and_odd_bytes_of_mount_points_are_read(known: list[Mount]) -> None:
    assert Mount(b"/nas/usb stick", 31, "8:17", "vfat", "/dev/sdb1") in known
    assert Mount(b"/odd/\xff", 43, "0:38", "ext4", "/dev/sdb1") in known


def test_device_numbers_are_those_of_stat() -> None:
    for mount in mounts():
        if mount.point in {b"/proc", b"/dev"}:
            assert mount.device_number == os.stat(mount.point).st_dev


def test_the_topmost_of_two_mounts_counts(known: list[Mount]) -> None:
    ours = Mount(b"/mnt/photos", 42, "0:37", "fuse.photofsd", "photofsd")
    assert mount_at(b"/mnt/photos", known) == ours
    assert mount_of(b"/mnt/photos/by-date", known) == ours


def test_a_folder_below_a_mount_is_no_mount_but_lies_on_it(known: list[Mount]) -> None:
    assert mount_at(b"/nas/usb stick/2024", known) is None
    assert mount_of(b"/nas/usb stick/2024", known) == mount_at(b"/nas/usb stick", known) is not None


@pytest.mark.parametrize(
    "path, file_system, is_remote",
    [
        (b"/home/a", "ext4", False),
        (b"/nas", "nfs4", True),
        (b"/nas/photos/2024", "nfs4", True),
        (b"/nas/usb sticks", "nfs4", True),
        (b"/nashville", "ext4", False),
        (b"/nas/usb stick/x", "vfat", False),
        (b"/home/a/share/x", "xfs", False),  # mounted over the share
        (b"/ssh/x", "fuse.sshfs", True),
        (b"/mnt/back\\slash\nline", "btrfs", False),
    ],
)
def test_path_lies_on_the_longest_and_last_mount(
    known: list[Mount], path: bytes, file_system: str, *, is_remote: bool
) -> None:
    mount = mount_of(path, known)
    assert mount is not None
    assert (mount.file_system, mount.is_remote) == (file_system, is_remote)


def test_mounts_below_are_those_inside(known: list[Mount]) -> None:
    assert {mount.point for mount in mounts_below(b"/nas", known)} == {b"/nas/usb stick"}
    assert mounts_below(b"/ssh", known) == frozenset()
    assert len(mounts_below(b"/", known)) == 9


def test_mount_that_cannot_be_seen_is_none_at_all() -> None:
    assert mount_of(b"/anything", []) is None


def test_this_machine_has_a_root() -> None:
    assert mount_at(b"/", mounts()) is not None
    assert mount_of(b"/", mounts()) is not None


def test_the_parents_of_a_mount_point_are_resolved_but_not_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "tree").symlink_to("/nowhere")
    assert real_point(tmp_path / "link" / "tree") == tmp_path / "real" / "tree"


def test_what_is_not_mounted_cannot_be_detached(tmp_path: Path) -> None:
    with pytest.raises(MountFailed, match=r"cannot be unmounted: .+|install the package fuse3"):
        detach(tmp_path)
