"""Reading mountinfo."""

from __future__ import annotations

from pathlib import Path

import pytest

from photofsd.daemon.mounts import Mount, detach, mount_at, mount_of, mounts, real_point
from photofsd.errors import PhotofsdError

MOUNTINFO = (
    rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /nas/with\040space rw - nfs4 nas:/photos rw,vers=4.2
41 22 0:36 / /mnt/photos ro,nosuid,nodev - tmpfs tmpfs rw
42 41 0:37 / /mnt/photos rw,nosuid,nodev master:3 propagate_from:2 - fuse.photofsd photofsd rw,user_id=0
43 22 0:38 / /odd/"""
    b"\xff rw - ext4 /dev/sdb1 rw\n"
)


@pytest.fixture
def known(tmp_path: Path) -> list[Mount]:
    file = tmp_path / "mountinfo"
    file.write_bytes(MOUNTINFO)
    return mounts(file)


def test_escapes_and_odd_bytes_of_mount_points_are_read(known: list[Mount]) -> None:
    assert Mount(Path("/nas/with space"), "nfs4") in known
    assert Mount(Path("/odd/\udcff"), "ext4") in known


def test_the_topmost_of_two_mounts_counts(known: list[Mount]) -> None:
    assert mount_at(Path("/mnt/photos"), known) == Mount(Path("/mnt/photos"), "fuse.photofsd")
    assert mount_of(Path("/mnt/photos/by-date"), known).file_system == "fuse.photofsd"


def test_a_folder_below_a_mount_is_no_mount_but_lies_on_it(known: list[Mount]) -> None:
    assert mount_at(Path("/nas/with space/2024"), known) is None
    assert mount_of(Path("/nas/with space/2024"), known).file_system == "nfs4"
    assert mount_of(Path("/nas/with spaces"), known).file_system == "ext4"


def test_this_machine_has_a_root() -> None:
    assert mount_at(Path("/"), mounts()) is not None


def test_the_parents_of_a_mount_point_are_resolved_but_not_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "tree").symlink_to("/nowhere")
    assert real_point(tmp_path / "link" / "tree") == tmp_path / "real" / "tree"


def test_what_is_not_mounted_cannot_be_detached(tmp_path: Path) -> None:
    with pytest.raises(PhotofsdError, match=r"cannot be unmounted: .+|install the package fuse3"):
        detach(tmp_path)
