"""The folder of sidecars: written whole, only where they differ, and never where originals are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photofsd.cli.mirror import Mirror, refuse_unsafe
from photofsd.errors import StoreError, StoreFull, UsageError
from photofsd.media.xmp_writing import Portrait, sidecar
from tests.component.small_disk import small_disk

ANA, BOB = (sidecar(Portrait((name,))) for name in (b"Ana", b"Bob"))
NAME = b"a\xff\n.jpg.xmp"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def lying(folder: Path) -> dict[bytes, bytes]:
    top = os.fsencode(folder)
    return {
        os.path.relpath(os.path.join(path, name), top): Path(os.fsdecode(os.path.join(path, name))).read_bytes()
        for path, _, names in os.walk(top)
        for name in names
    }


def counts(mirror: Mirror) -> tuple[int, int, int]:
    return mirror.written, mirror.unchanged, mirror.removed


def test_only_what_differs_is_written(folder: Path) -> None:
    first = Mirror(folder)
    first.put(b"2013/\xff", NAME, ANA)
    first.put(b"", b"b.jpg.xmp", ANA)
    assert counts(first) == (2, 0, 0)
    before = (folder / "b.jpg.xmp").stat()
    again = Mirror(folder)
    again.put(b"2013/\xff", NAME, BOB)
    again.put(b"", b"b.jpg.xmp", ANA)
    assert counts(again) == (1, 1, 0)
    assert lying(folder) == {b"2013/\xff/" + NAME: BOB, b"b.jpg.xmp": ANA}
    after = (folder / "b.jpg.xmp").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_others_may_read_them_as_the_umask_allows(folder: Path) -> None:
    mask = os.umask(0o027)
    try:
        Mirror(folder).put(b"", b"a.jpg.xmp", ANA)
    finally:
        os.umask(mask)
    assert (folder / "a.jpg.xmp").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("kind", ["file", "link", "folder", "pipe"])
def test_what_others_have_made_is_left_alone(folder: Path, kind: str) -> None:
    folder.mkdir()
    path, elsewhere = folder / "a.jpg.xmp", folder / "b.txt"
    elsewhere.write_bytes(ANA)
    if kind == "file":
        path.write_bytes(b"<x:xmpmeta/>")
    elif kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    mirror = Mirror(folder)
    mirror.put(b"", b"a.jpg.xmp", BOB)
    mirror.prune(b"", {}, others=False)
    assert counts(mirror) == (0, 0, 0)
    assert mirror.problems == [f"{path} is not ours: left as it is"]
    assert elsewhere.read_bytes() == ANA
    assert os.path.lexists(path)


def test_what_is_not_wanted_any_more_is_removed(folder: Path) -> None:
    mirror = Mirror(folder)
    for name in (b"a.xmp", b"b.xmp", b"c.xmp"):
        mirror.put(b"x", name, ANA)
    (folder / "x" / "note.txt").write_bytes(ANA)
    assert list(mirror.folders()) == [b"", b"x"]
    mirror.prune(b"x", {b"a.xmp": True, b"b.xmp": False}, others=True)
    assert set(lying(folder)) == {b"x/a.xmp", b"x/c.xmp", b"x/note.txt"}
    mirror.prune(b"x", {b"a.xmp": True}, others=False)
    assert set(lying(folder)) == {b"x/a.xmp", b"x/note.txt"}
    assert mirror.removed == 2


def test_a_name_that_is_too_long_is_said_and_one_that_just_fits_is_written(folder: Path) -> None:
    mirror = Mirror(folder)
    mirror.put(b"", b"n" * 251 + b".xmp", ANA)
    mirror.put(b"", b"n" * 252 + b".xmp", ANA)
    assert counts(mirror) == (1, 0, 0)
    assert [line.rpartition(": ")[2] for line in mirror.problems] == ["the name is too long for a file"]


def test_a_folder_that_cannot_be_written_to_is_named(folder: Path) -> None:
    folder.write_bytes(b"")
    with pytest.raises(StoreError, match=r"mirror/x/a\.xmp cannot be written"):
        Mirror(folder).put(b"x", b"a.xmp", ANA)


def test_a_link_among_the_folders_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    folder.mkdir()
    (folder / "x").symlink_to(library)
    mirror = Mirror(folder)
    with pytest.raises(UsageError, match="leads to another place"):
        mirror.put(b"x", b"a.xmp", ANA)
    assert lying(library) == {}
    assert list(mirror.folders()) == [b""]


@pytest.mark.parametrize(
    "place",
    [
        "library",
        "library/deep/new",
        ".",
        "link",
        "link/deep",
        "mount/x",
        "library/../library",
        "state",
        "state/journal",
    ],
)
def test_originals_the_mounted_tree_and_the_state_folder_are_never_written_to(tmp_path: Path, place: str) -> None:
    library, mount = tmp_path / "library", tmp_path / "mount"
    (library / "deep").mkdir(parents=True)
    mount.mkdir()
    (tmp_path / "link").symlink_to(library)
    with pytest.raises(UsageError):
        refuse_unsafe(tmp_path / place, [library], mount, tmp_path / "state")


def test_a_library_that_is_called_by_a_link_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "Pictures").symlink_to(tmp_path / "nas")
    with pytest.raises(UsageError):
        refuse_unsafe(tmp_path / "nas" / "x", [tmp_path / "Pictures"], tmp_path / "mount", tmp_path / "state")


def test_a_folder_beside_is_fine(tmp_path: Path) -> None:
    for library in (tmp_path / "library", tmp_path / "gone"):
        refuse_unsafe(tmp_path / "library2", [library], tmp_path / "mount", tmp_path / "state")


def test_a_disk_that_fills_up_is_said_and_nothing_on_it_is_torn(tmp_path: Path) -> None:
    with small_disk(tmp_path, kind="tmpfs", megabytes=1) as disk:
        mirror = Mirror(disk / "mirror")
        with pytest.raises(StoreFull, match="the disk is full: there is no room for"):
            fill(mirror)
        assert mirror.written > 10
        assert set(lying(disk / "mirror").values()) == {ANA}
        assert len(lying(disk / "mirror")) == mirror.written


def fill(mirror: Mirror) -> None:
    for number in range(1000):
        mirror.put(b"", b"%d.xmp" % number, ANA)
