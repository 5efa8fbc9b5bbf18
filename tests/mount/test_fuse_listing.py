"""What a mount shows: names, attributes, listings (facts-fuse.md, rules 1, 2, 4, 6, 11)."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import struct
import subprocess
from pathlib import Path

import pytest

from tests.mount.conftest import Serve
from tests.mount.served import Served, names_of
from tests.mount.statictree import YEAR_1919_NS

LIBC = ctypes.CDLL(None, use_errno=True)


def entries(folder: int, size: int = 32768) -> list[tuple[bytes, int, int]]:
    """One getdents64() of an open folder: (name, inode, offset after it)."""
    buffer = ctypes.create_string_buffer(size)
    length = LIBC.getdents64(folder, buffer, size)
    assert length >= 0, os.strerror(ctypes.get_errno())
    found, start = [], 0
    while start < length:
        inode, offset, record, _ = struct.unpack_from("=QqHB", buffer, start)
        found.append((buffer.raw[start + 19 : start + record].split(b"\0")[0], inode, offset))
        start += record
    return found


def rest_of(folder: int, size: int = 32768) -> list[bytes]:
    names: list[bytes] = []
    while some := entries(folder, size):
        names += [name for name, _, _ in some]
    return names


@pytest.fixture
def crowd(serve: Serve) -> Served:
    return serve("crowd", {"count": 5000})


def test_names_sizes_and_bytes_are_those_of_the_library(gallery: Served, library: Path) -> None:
    shown = {path.name: (path.stat().st_size, path.read_bytes()) for path in (gallery.point / "all").iterdir()}
    assert shown == {path.name: (path.stat().st_size, path.read_bytes()) for path in library.iterdir()}


def test_a_photo_is_one_inode_with_two_links_in_every_folder_and_after_a_remount(
    gallery: Served, serve: Serve, library: Path
) -> None:
    def look() -> list[tuple[int, int]]:
        paths = ("all/a.jpg", "some/a.jpg", "all", "deep/er/and/deeper")
        return [(status.st_ino, status.st_nlink) for status in map(os.stat, (gallery.point / path for path in paths))]

    before = look()
    assert before[0] == before[1]
    assert before[0][1] == 2
    gallery.end()
    assert serve("gallery", {"library": str(library)}).is_mounted
    assert look() == before


def test_du_and_tar_count_a_photo_in_two_folders_once(gallery: Served, tmp_path: Path) -> None:
    folders = [gallery.point / "all", gallery.point / "some"]
    du = subprocess.run(["du", "-cb", "--apparent-size", *folders], capture_output=True, text=True, check=True)
    assert int(du.stdout.splitlines()[-1].split()[0]) == 100_000 + (1 << 20) + 3 + 1
    archive = tmp_path / "photos.tar"
    subprocess.run(["tar", "-C", gallery.point, "-cf", archive, "all", "some"], check=True)
    table = subprocess.run(["tar", "-tvf", archive], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"(\S+) link to (\S+)", table) == [("some/a.jpg", "all/a.jpg"), ("some/b.jpg", "all/b.jpg")]


def test_modes_let_the_owner_ask_for_changes_of_folders_and_nobody_write_files(gallery: Served) -> None:
    modes = {path: (gallery.point / path).stat().st_mode & 0o7777 for path in ("all/a.jpg", "all", "albums", "status")}
    assert modes == {"all/a.jpg": 0o444, "all": 0o755, "albums": 0o755, "status": 0o444}
    owner = (gallery.point / "all/a.jpg").stat()
    assert (owner.st_uid, owner.st_gid, owner.st_blocks) == (os.getuid(), os.getgid(), 196)


def test_a_photo_of_1919_shows_its_time(gallery: Served) -> None:
    assert (gallery.point / "old/1919.jpg").stat().st_mtime_ns == YEAR_1919_NS


def test_statfs_offers_no_room_and_names_of_255_bytes(gallery: Served) -> None:
    figures = os.statvfs(gallery.point)
    assert (figures.f_bavail, figures.f_bfree, figures.f_blocks, figures.f_namemax) == (0, 0, 0, 255)


def test_dots_lead_to_the_folder_and_its_parent(gallery: Served) -> None:
    folder = os.open(gallery.point / "deep/er", os.O_RDONLY)
    try:
        inodes = {name: inode for name, inode, _ in entries(folder)}
    finally:
        os.close(folder)
    deep, er, inner = ((gallery.point / path).stat().st_ino for path in ("deep", "deep/er", "deep/er/and"))
    assert inodes == {b".": er, b"..": deep, b"and": inner}
    assert (gallery.point / "deep/er/.." / "er/.").stat().st_ino == er


# ---- Listings ----


def test_listing_of_100_000_is_whole_and_without_repeats(serve: Serve) -> None:
    crowd = serve("crowd", {"count": 100_000})
    names = names_of(crowd.point / "all")
    assert names == [f"{n:08d}.jpg" for n in range(100_000)]


def test_listing_resumed_after_delete_neither_skips_nor_repeats(serve: Serve, library: Path) -> None:
    for n in range(300):
        (library / f"{n:03d}.jpg").write_bytes(b"x")
    gallery = serve("gallery", {"library": str(library)})
    folder = os.open(gallery.point / "all", os.O_RDONLY)
    try:
        first = entries(folder, 1024)
        for name, _, _ in first[2:]:
            gallery.tree("remove", "all", name.decode())
        for n in range(280, 300):
            gallery.tree("remove", "all", f"{n:03d}.jpg")
        names = [name for name, _, _ in first] + rest_of(folder, 1024)
    finally:
        os.close(folder)
    assert sorted(names) == sorted([b".", b"..", *(os.fsencode(path.name) for path in library.iterdir())])


def test_listing_goes_on_exactly_at_any_offset_it_gave(crowd: Served) -> None:
    folder = os.open(crowd.point / "all", os.O_RDONLY)
    try:
        whole = []
        while some := entries(folder, 4096):
            whole += some
        names = [name for name, _, _ in whole]
        for position in (0, 1, 2, 3, 999, 1000, 1001, 1002, 2500, 4999, 5001):
            os.lseek(folder, whole[position][2], os.SEEK_SET)
            assert rest_of(folder) == names[position + 1 :]
    finally:
        os.close(folder)


def test_a_folder_that_is_read_again_from_its_start_is_as_it_is_now(gallery: Served) -> None:
    folder = os.open(gallery.point / "all", os.O_RDONLY)
    try:
        before = rest_of(folder)
        assert gallery.tree("count", "listing") == 1
        gallery.tree("remove", "all", "a.jpg")
        gallery.tree("put", "all", "new.jpg", 3)
        assert rest_of(folder) == []
        os.lseek(folder, 0, os.SEEK_SET)
        assert set(rest_of(folder)) == {*before, b"new.jpg"} - {b"a.jpg"}
    finally:
        os.close(folder)


def test_attributes_come_with_the_listing(crowd: Served) -> None:
    before = crowd.requests("lookup") + crowd.requests("getattr")
    with os.scandir(crowd.point / "all") as folder:
        sizes = {entry.stat(follow_symlinks=False).st_size for entry in folder}
    assert sizes == set(range(1000, 6000))
    assert crowd.requests("lookup") + crowd.requests("getattr") - before <= 3


def test_odd_names_are_shown_and_impossible_ones_left_out_with_one_line(serve: Serve, library: Path) -> None:
    hostile = serve("hostile", {"library": str(library)})
    folder = hostile.point / "odd"
    expected = [b"\xff\xfe.jpg", b"new\nline.jpg", b"x" * 255, "😀 été.jpg".encode()]
    for _ in range(2):
        assert sorted(os.fsencode(name) for name in names_of(folder)) == sorted(expected)
    for name in expected:
        assert (folder / os.fsdecode(name)).stat().st_nlink == 2
    assert hostile.log.count("left out of b'/odd'") == 6


def test_a_stretch_of_impossible_names_does_not_end_a_listing(serve: Serve, library: Path) -> None:
    hostile = serve("hostile", {"library": str(library)})
    assert names_of(hostile.point / "bad") == ["good.jpg"]


# ---- Probes ----


def test_a_probe_is_asked_for_once_and_of_no_folder(gallery: Served) -> None:
    folder = gallery.point / "all"
    folder.stat()
    before, asked = gallery.requests("lookup"), gallery.tree("count", "lookup")
    for _ in range(5):
        for name in (".hidden", ".Trash-1000", "Thumbs.db", "._a.jpg"):
            with pytest.raises(FileNotFoundError):
                (folder / name).stat()
    assert gallery.requests("lookup") - before == 4
    assert gallery.tree("count", "lookup") == asked


def test_a_name_that_is_not_there_yet_is_seen_as_soon_as_it_is(gallery: Served) -> None:
    path = gallery.point / "some" / "c.jpg"
    with pytest.raises(FileNotFoundError):
        path.stat()
    gallery.tree("put", "some", "c.jpg", 3)
    assert path.stat().st_size == 1


def test_indexers_are_kept_out_by_a_file_in_the_root_alone(gallery: Served) -> None:
    assert (gallery.point / ".trackerignore").read_bytes() == b""
    assert not (gallery.point / "all" / ".trackerignore").exists()


# ---- Text files ----


def test_stat_tells_the_size_of_a_text_that_changes(gallery: Served) -> None:
    sizes = [(gallery.point / "ticking").stat().st_size for _ in range(3)]
    assert sizes == [5, 10, 15]


def test_an_open_text_is_consistent_whatever_is_rendered_meanwhile(gallery: Served) -> None:
    path = gallery.point / "ticking"
    with path.open("rb") as first:
        size = os.fstat(first.fileno()).st_size
        head = first.read(1)
        with path.open("rb") as second:
            longer = second.read()
            assert len(longer) == os.fstat(second.fileno()).st_size == size + 5
        assert len(head + first.read()) == size


def test_a_text_that_changes_without_changing_size_is_never_mixed(gallery: Served) -> None:
    path = gallery.point / "flipping"
    with path.open("rb", buffering=0) as first:
        seen = [first.read(4000)]
        seen += [path.read_bytes() for _ in range(3)]
        seen[0] += first.read()
    assert [len(set(content)) for content in seen] == [1, 1, 1, 1]
    assert len({content[0] for content in seen}) == 4


# ---- Options ----


def test_the_kernel_stops_asking_for_extended_attributes(gallery: Served) -> None:
    path = gallery.point / "all/a.jpg"
    for _ in range(5):
        for ask in (lambda: os.getxattr(path, "user.xdg.tags"), lambda: os.listxattr(path)):
            with pytest.raises(OSError, match="not supported") as refused:
                ask()
            assert refused.value.errno == errno.EOPNOTSUPP
    assert gallery.requests("getxattr") == 1
    assert gallery.requests("listxattr") == 1


def test_extended_attributes_are_shown_where_wanted(serve: Serve, library: Path) -> None:
    gallery = serve("gallery", {"library": str(library)}, xattrs=True)
    gallery.tree("tag", 1, "user.xdg.tags", "beach,sun")
    path = gallery.point / "all/a.jpg"
    assert os.listxattr(path) == ["user.xdg.tags"]
    assert os.getxattr(path, "user.xdg.tags") == b"beach,sun"
    with pytest.raises(OSError, match="No data"):
        os.getxattr(path, "user.xdg.comment")
    assert os.listxattr(gallery.point / "all/b.jpg") == []
    assert os.listxattr(gallery.point / "all") == []


def test_photos_can_be_links_to_the_originals(serve: Serve, library: Path) -> None:
    gallery = serve("gallery", {"library": str(library)}, links=True)
    path = gallery.point / "all/a.jpg"
    target = str(library / "a.jpg")
    assert str(path.readlink()) == target
    with os.scandir(gallery.point / "all") as folder:
        assert all(entry.is_symlink() for entry in folder)
    assert path.lstat().st_size == len(target)
    assert path.read_bytes() == Path(target).read_bytes()
