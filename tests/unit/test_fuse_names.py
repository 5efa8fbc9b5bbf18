"""Names on their way to and from the kernel: probes, links, mount points, what can be sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import MountFailed
from photofsd.fuse.mount_point import canonical
from photofsd.fuse.mutations import path_in_tree
from photofsd.fuse.options import MountOptions
from photofsd.fuse.readdir import is_sendable
from photofsd.store.probes import is_no_query, is_probe

MOUNT = b"/mnt/photos"


@pytest.mark.parametrize(
    "name",
    [b".hidden", b".Trash", b".Trash-1000", b".directory", b"Thumbs.db", b"desktop.ini", b"._x.jpg", b"@eaDir"],
)  # fmt: skip
def test_what_programs_look_for_everywhere_is_a_probe(name: bytes) -> None:
    assert is_probe(name)
    assert is_no_query(name)


@pytest.mark.parametrize("name", [b"folder.jpg", b"IMG_1.jpg.xmp", b"BDMV", b"photofsd"])
def test_what_a_library_may_hold_is_no_probe_but_no_query_either(name: bytes) -> None:
    assert not is_probe(name)
    assert is_no_query(name)


@pytest.mark.parametrize("name", [b"beach sunset", b"IMG_1.jpg", b".photofsd", b".ranked", b"trash", b"+by-date"])
def test_what_people_name_is_neither(name: bytes) -> None:
    assert not is_probe(name)
    assert not is_no_query(name)


@pytest.mark.parametrize("name", [b"a", b"x" * 255, b"\xff\n\\", b"...", "é".encode(), b" "])
def test_any_name_that_a_file_can_have_is_sent(name: bytes) -> None:
    assert is_sendable(name)


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"/", b"a\0b", b"x" * 256])
def test_names_that_no_file_can_have_are_not_sent(name: bytes) -> None:
    assert not is_sendable(name)


@pytest.mark.parametrize(
    "target,path",
    [
        (b"/mnt/photos/all/a.jpg", b"/all/a.jpg"),
        (b"../../all/a.jpg", b"/all/a.jpg"),
        (b"b.jpg", b"/albums/Holiday/b.jpg"),
        (b"/mnt/photos", b""),
        (b"../..", b""),
        (b"../../../photos-old/a.jpg", None),
        (b"/mnt/photos/../other", None),
        (b"/etc/passwd", None),
        (b"../../../../../../etc/passwd", None),
    ],
)
def test_a_link_leads_into_the_tree_or_out(target: bytes, path: bytes | None) -> None:
    assert path_in_tree(target, MOUNT, b"/albums/Holiday") == path


@given(target=st.binary(min_size=1, max_size=60).filter(lambda target: b"\0" not in target))
def test_no_link_leads_out_by_trickery(target: bytes) -> None:
    path = path_in_tree(target, MOUNT, b"/albums")
    assert path is None or (MOUNT + path == os.path.normpath(MOUNT + path) and b".." not in path.split(b"/"))


def test_links_above_the_mount_point_are_resolved_but_not_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "mnt").symlink_to("/nowhere")
    assert canonical(tmp_path / "link" / "mnt") == tmp_path.resolve() / "real" / "mnt"


@pytest.mark.parametrize("point", ["relative", "/", "/a/../b"])
def test_a_mount_point_is_an_absolute_path(point: str) -> None:
    with pytest.raises(MountFailed, match="absolute path"):
        canonical(Path(point))


def test_others_are_let_in_only_where_wanted() -> None:
    assert "allow_other" not in MountOptions(mount_point=Path("/mnt/photos")).kernel_options
    assert MountOptions(mount_point=Path("/mnt/photos"), allow_other=True).kernel_options == {
        "allow_other",
        "default_permissions",
        "fsname=photofsd",
        "subtype=photofsd",
    }
