"""Changing things through a mount: what means something reaches the folder, the rest is refused with a reason."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mount.conftest import WITHOUT_RIGHTS
from tests.mount.served import Served, names_of
from tests.mount.test_fuse_faults import error_of

LIBC = ctypes.CDLL(None, use_errno=True)
NOREPLACE, EXCHANGE = 1, 2


def rename2(old: Path, new: Path, flags: int) -> int:
    """The errno of a renameat2(), 0 for success."""
    done = LIBC.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), flags)
    return ctypes.get_errno() if done else 0


def eventually(claim: Callable[[], bool]) -> bool:
    """Claim: it comes true (the kernel is told by another thread); the test's own time-out is the limit."""
    while not claim():
        pass
    return True


def test_folders_are_made_and_removed(gallery: Served) -> None:
    album = gallery.point / "albums" / "Holiday"
    album.mkdir()
    assert album.is_dir()
    assert names_of(album.parent) == ["Holiday"]
    assert error_of(album.mkdir) == errno.EEXIST
    album.rmdir()
    assert not album.exists()
    assert names_of(album.parent) == []


def test_a_photo_is_added_by_a_link_under_the_name_that_it_has(gallery: Served) -> None:
    album = gallery.point / "albums" / "Holiday"
    album.mkdir()
    os.link(gallery.point / "all/a.jpg", album / "renamed.jpg")
    assert names_of(album) == ["a.jpg"]
    assert (album / "a.jpg").samefile(gallery.point / "all/a.jpg")
    assert not (album / "renamed.jpg").exists()


@pytest.mark.parametrize("target", ["{point}/all/a.jpg", "../../all/a.jpg", "{point}/some/../all/a.jpg"])
def test_a_photo_is_added_by_a_symbolic_link(gallery: Served, target: str) -> None:
    album = gallery.point / "albums" / "Holiday"
    album.mkdir()
    subprocess.run(["ln", "-s", target.format(point=gallery.point), album / "a.jpg"], check=True)
    assert (album / "a.jpg").samefile(gallery.point / "all/a.jpg")
    assert not (album / "a.jpg").is_symlink()


def test_only_photos_of_the_tree_are_added(gallery: Served, library: Path) -> None:
    album = gallery.point / "albums"
    for target in (
        library / "a.jpg",
        gallery.point / "status",
        gallery.point,
        gallery.point / "nothing",
        "/etc/passwd",
    ):
        assert error_of(lambda target=target: (album / "x").symlink_to(target)) == errno.EPERM
    assert error_of(lambda: os.link(gallery.point / "status", album / "x")) == errno.EPERM
    assert names_of(album) == []


def test_a_photo_is_taken_out_and_a_refusal_says_why(gallery: Served) -> None:
    album = gallery.point / "albums"
    for name in ("a.jpg", "keep.jpg"):
        gallery.tree("put", "albums", name, 1)
    (album / "a.jpg").unlink()
    assert error_of((album / "keep.jpg").unlink) == errno.EPERM
    assert names_of(album) == ["keep.jpg"]
    assert "keep.jpg stays" in gallery.tree("reasons")
    assert (gallery.point / "all/a.jpg").exists()


def test_a_person_is_renamed_and_merged_and_the_old_names_are_gone_at_once(gallery: Served) -> None:
    people = gallery.point / "people"
    gallery.tree("put", "people/Alice", "a.jpg", 1)
    assert names_of(people / "Alice") == ["a.jpg"]
    (people / "Alice").rename(people / "Alicia")
    assert names_of(people) == ["Alicia", "Bob"]
    assert eventually(lambda: names_of(people / "Alicia") == ["a.jpg"])
    subprocess.run(["mv", people / "Alicia", people / "Bob"], check=True)
    assert names_of(people) == ["Bob"]
    assert names_of(people / "Bob") == ["a.jpg"]
    assert eventually(lambda: not (people / "Bob" / "Alicia").exists())
    assert not (people / "Alicia").exists()


def test_a_folder_that_is_renamed_stays_the_same_for_those_who_work_in_it(gallery: Served) -> None:
    people = gallery.point / "people"
    gallery.tree("put", "people/Alice", "a.jpg", 1)
    (people / "Alice" / "in").mkdir()
    inodes = [(people / "Alice" / name).stat().st_ino for name in ("", "in")]
    held = os.open(people / "Alice", os.O_RDONLY)
    (people / "Alice").rename(people / "Alicia")
    assert [(people / "Alicia" / name).stat().st_ino for name in ("", "in")] == inodes
    assert Path(f"/proc/self/fd/{held}").readlink() == people / "Alicia"
    assert os.listdir(held) == ["a.jpg", "in"]
    assert os.stat("in", dir_fd=held).st_ino == inodes[1]
    os.close(held)
    assert not (people / "Alice").exists()
    (people / "Alice").mkdir()
    assert (people / "Alice").stat().st_ino not in inodes
    assert names_of(people / "Alice") == []


def test_nothing_is_renamed_over_what_is_there_when_that_is_forbidden(gallery: Served) -> None:
    people = gallery.point / "people"
    names_of(people)
    gallery.tree("remove", "people", "Bob")
    gallery.tree("put", "people", "Bob", 1)
    assert rename2(people / "Alice", people / "Bob", NOREPLACE) == errno.EEXIST
    assert rename2(people / "Alice", people / "Bob", EXCHANGE) == errno.EINVAL
    assert rename2(people / "Alice", people / "Carol", NOREPLACE) == 0
    assert names_of(people) == ["Bob", "Carol"]


@pytest.mark.parametrize("name", [".Trash-1000", ".trash", ".hidden", "._Alice"])
def test_nothing_takes_the_name_of_a_trash_or_a_probe(gallery: Served, name: str) -> None:
    people = gallery.point / "people"
    assert error_of(lambda: (people / "Alice").rename(people / name)) == errno.EPERM
    assert error_of((people / name).mkdir) == errno.EPERM
    assert error_of(lambda: os.link(gallery.point / "all/a.jpg", people / name)) == errno.EPERM
    assert names_of(people) == ["Alice", "Bob"]
    assert any(name in reason for reason in gallery.tree("reasons"))


def test_everything_else_is_refused_and_changes_nothing(gallery: Served, library: Path) -> None:
    before = {path.name: path.read_bytes() for path in library.iterdir()}
    photo, folder, album = gallery.point / "all/a.jpg", gallery.point / "all", gallery.point / "albums"
    changes: list[Callable[[], object]] = [
        photo.unlink,
        lambda: photo.rename(folder / "z.jpg"),
        lambda: photo.chmod(0o777),
        lambda: os.utime(photo),
        lambda: os.utime(folder),
        (folder / "new").mkdir,
        (folder / "new").touch,
        lambda: os.mkfifo(folder / "new"),
        (gallery.point / "albums").rmdir,
        lambda: (folder / "new").symlink_to(photo),
    ]
    assert {error_of(change) for change in changes} == {errno.EROFS}
    writes: list[Callable[[], object]] = [
        lambda: photo.open("r+b"),
        lambda: photo.open("wb"),
        lambda: os.truncate(photo, 0),
    ]
    by_mode = errno.EROFS if os.geteuid() == 0 else errno.EACCES  # a file's mode is no law for root
    assert {error_of(write) for write in writes} == {by_mode}
    assert error_of((album / "new.jpg").touch) == errno.EPERM
    assert error_of(lambda: os.mkfifo(album / "new.jpg")) == errno.EPERM
    assert {path.name: path.read_bytes() for path in library.iterdir()} == before
    assert names_of(folder) == sorted(before)
    assert all(gallery.tree("reasons"))
    assert "Traceback" not in gallery.log


def test_who_has_no_rights_but_an_owners_is_refused_by_us_with_a_reason(gallery: Served) -> None:
    """Root may do what modes forbid, so that nobody would notice if the kernel refused everybody else before us."""
    for words in (["rm", "-f", "all/a.jpg"], ["mkdir", "all/new"], ["mv", "-f", "all/a.jpg", "all/b.jpg"]):
        before = len(gallery.tree("reasons"))
        done = subprocess.run(
            [*(WITHOUT_RIGHTS if os.geteuid() == 0 else ()), *words],
            cwd=gallery.point,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Read-only file system" in done.stderr, done.stderr
        assert len(gallery.tree("reasons")) == before + 1
