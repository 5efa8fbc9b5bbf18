"""Changes behind the kernel's caches: seen at once, and told to those who watch (rule 7)."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from photofsd.fuse import announcer
from tests.mount.served import Served, is_mounted, names_of
from tests.mount.test_fuse_changes import eventually
from tests.mount.test_fuse_faults import error_of
from tests.mount.test_fuse_listing import rest_of

ANSWER_S = 30
LIBC = ctypes.CDLL(None, use_errno=True)
IN_ATTRIB, IN_CREATE, IN_DELETE, IN_ISDIR = 0x4, 0x100, 0x200, 0x40000000


class Watch:
    """An inotify watch of one folder, as a file manager has it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def next(self, within_s: float = ANSWER_S) -> list[tuple[int, str]]:
        """The next events, as (mask, name); none when none comes."""
        if not select.select([self._fd], [], [], within_s)[0]:
            return []
        data, events = os.read(self._fd, 65536), []
        while data:
            _, mask, _, length = struct.unpack_from("=iIII", data)
            events.append((mask, data[16 : 16 + length].rstrip(b"\0").decode()))
            data = data[16 + length :]
        return events


@contextmanager
def watching(folder: Path) -> Iterator[Watch]:
    fd = LIBC.inotify_init1(os.O_CLOEXEC)
    try:
        assert LIBC.inotify_add_watch(fd, os.fsencode(folder), IN_ATTRIB | IN_CREATE | IN_DELETE) >= 0
        yield Watch(fd)
    finally:
        os.close(fd)


def tell(served: Served, **names: list[str]) -> None:
    served.call("invalidator", "names_changed", names)


def test_a_changed_photo_shows_its_new_size_at_once(gallery: Served) -> None:
    path = gallery.point / "all/a.jpg"
    assert path.stat().st_size == 100_000
    gallery.tree("resize", 1, 5)
    assert path.stat().st_size == 100_000  # as the kernel remembers it
    gallery.call("invalidator", "photos_changed", {"assets": [1, 999_999]})
    assert eventually(lambda: path.stat().st_size == 5)


def test_a_name_that_vanished_is_gone_at_once_from_every_folder(gallery: Served) -> None:
    paths = [gallery.point / folder / "a.jpg" for folder in ("all", "some")]
    assert all(path.exists() for path in paths)
    for folder in ("all", "some"):
        gallery.tree("remove", folder, "a.jpg")
    assert all(path.exists() for path in paths)  # as the kernel remembers it
    tell(gallery, vanished=["a.jpg", "never-heard-of.jpg"])
    assert eventually(lambda: not any(path.exists() for path in paths))


def test_folders_are_counted_as_often_as_the_kernel_was_told(gallery: Served) -> None:
    names = [f"folder-{n}" for n in range(300)]
    for name in names:
        gallery.tree("folder_appears", f"deep/{name}")
    names_of(gallery.point / "deep/er")
    before = gallery.call("known")
    folder = os.open(gallery.point / "deep", os.O_RDONLY)
    try:
        assert len(rest_of(folder, 1024)) == 303  # in bites, each of which ends with an entry that did not fit
    finally:
        os.close(folder)
    assert all((gallery.point / "deep" / name / ".").is_dir() for name in names)
    assert gallery.call("known") == before + 300
    for name in names:
        gallery.tree("remove", "deep", name)
    tell(gallery, vanished=names)
    assert eventually(lambda: gallery.call("known") == before)


def test_a_photo_that_left_one_folder_only_is_gone_from_that(gallery: Served) -> None:
    names_of(gallery.point / "some")
    names_of(gallery.point / "all")
    gallery.tree("remove", "some", "a.jpg")
    tell(gallery, appeared=["a.jpg"])
    assert eventually(lambda: not (gallery.point / "some/a.jpg").exists())
    assert (gallery.point / "all/a.jpg").exists()


def test_watchers_hear_of_what_appears_and_vanishes(gallery: Served) -> None:
    folder = gallery.point / "some"
    with watching(folder) as watch:
        assert names_of(folder) == ["a.jpg", "b.jpg"]
        gallery.tree("put", "some", "c.jpg", 3)
        tell(gallery, appeared=["c.jpg"])
        assert watch.next() == [(IN_CREATE, "c.jpg")]
        assert (folder / "c.jpg").stat().st_size == 1
        gallery.tree("remove", "some", "c.jpg")
        tell(gallery, vanished=["c.jpg"])
        assert watch.next() == [(IN_DELETE, "c.jpg")]
    assert names_of(folder) == ["a.jpg", "b.jpg"]
    assert (gallery.point / "all/c.jpg").stat().st_nlink == 2


def test_watchers_hear_of_new_folders(gallery: Served) -> None:
    folder = gallery.point / "people"
    with watching(folder) as watch:
        names_of(folder)
        gallery.tree("folder_appears", "people/Carol")
        tell(gallery, appeared=["Carol"])
        assert watch.next() == [(IN_CREATE | IN_ISDIR, "Carol")]
    assert names_of(folder / "Carol") == []


def tell_of_folders(served: Served, *, renamed: Sequence[str] = (), emptied: Sequence[str] = ()) -> None:
    served.call("invalidator", "folders_changed", {"renamed": list(renamed), "emptied": list(emptied)})


def test_a_folder_that_got_another_name_behind_our_back_is_seen_under_it_at_once(gallery: Served) -> None:
    people = gallery.point / "people"
    with watching(people) as watch:
        assert names_of(people) == ["Alice", "Bob"]
        gallery.tree("call", "people", "Alice", "Alicia")
        assert (people / "Alice").exists()  # as the kernel remembers it
        tell_of_folders(gallery, renamed=["Alice", "Alicia"])
        events = [*watch.next(), *watch.next()]
        assert set(events) == {(IN_DELETE, "Alice"), (IN_CREATE | IN_ISDIR, "Alicia")}
    assert not (people / "Alice").exists()
    assert names_of(people) == ["Alicia", "Bob"]


def test_a_folder_that_went_and_came_back_is_told_to_who_watches_and_holds_it(gallery: Served) -> None:
    people = gallery.point / "people"
    held = os.open(people / "Alice", os.O_RDONLY)
    try:
        with watching(people) as watch:
            assert names_of(people) == ["Alice", "Bob"]
            (people / "Alice").stat()
            gallery.tree("call", "people", "Alice", "Alicia")
            tell_of_folders(gallery, renamed=["Alice"])
            assert watch.next() == [(IN_DELETE, "Alice")]
            gallery.tree("call", "people", "Alicia", "Alice")
            tell_of_folders(gallery, renamed=["Alice"])
            assert watch.next() == [(IN_CREATE | IN_ISDIR, "Alice")]
    finally:
        os.close(held)
    assert names_of(people) == ["Alice", "Bob"]


def test_two_folders_that_changed_names_show_what_they_are_called_now(gallery: Served) -> None:
    people = gallery.point / "people"
    for name, photo in (("Alice", "a.jpg"), ("Bob", "b.jpg")):
        gallery.tree("put", f"people/{name}", photo, 1)
    assert (people / "Alice/a.jpg").exists()
    for old, new in (("Alice", "Carol"), ("Bob", "Alice"), ("Carol", "Bob")):
        gallery.tree("call", "people", old, new)
    with watching(people) as watch:
        names_of(people)
        tell_of_folders(gallery, renamed=["Alice", "Bob"])
        assert eventually(lambda: names_of(people / "Alice") == ["b.jpg"])
        assert eventually(lambda: not (people / "Alice/a.jpg").exists())
        assert eventually(lambda: names_of(people / "Bob") == ["a.jpg"])
        assert watch.next(within_s=0) == []


def test_a_folder_that_lost_much_shows_none_of_it_and_stays_where_it_is(gallery: Served) -> None:
    alice = gallery.point / "people/Alice"
    gallery.tree("put", "people/Alice", "a.jpg", 1)
    assert (alice / "a.jpg").exists()
    with watching(alice.parent) as watch:
        names_of(alice.parent)
        gallery.tree("remove", "people/Alice", "a.jpg")
        tell_of_folders(gallery, emptied=["Alice"])
        assert eventually(lambda: not (alice / "a.jpg").exists())
        assert watch.next(within_s=0) == []
    assert alice.is_dir()


def test_watchers_of_other_folders_hear_nothing(gallery: Served) -> None:
    with watching(gallery.point / "deep") as elsewhere, watching(gallery.point / "some") as here:
        names_of(gallery.point / "deep")
        names_of(gallery.point / "some")
        gallery.tree("put", "some", "c.jpg", 3)
        tell(gallery, appeared=["c.jpg"])
        assert here.next() == [(IN_CREATE, "c.jpg")]
        assert elsewhere.next(within_s=0) == []


def test_watchers_hear_as_much_where_the_daemon_has_no_rights_but_an_owners(unprivileged: Served) -> None:
    folder = unprivileged.point / "some"
    with watching(folder) as watch:
        names_of(folder)
        unprivileged.tree("put", "some", "c.jpg", 3)
        tell(unprivileged, appeared=["c.jpg"])
        assert watch.next() == [(IN_CREATE, "c.jpg")]
        unprivileged.tree("remove", "some", "c.jpg")
        tell(unprivileged, vanished=["c.jpg"])
        assert watch.next() == [(IN_DELETE, "c.jpg")]
    assert error_of((folder / "c.jpg").stat) == errno.ENOENT


def test_what_our_announcer_may_pretend_nobody_else_may(gallery: Served) -> None:
    with watching(gallery.point / "some") as watch:
        names_of(gallery.point / "some")
        gallery.tree("put", "some", "c.jpg", 3)
        tell(gallery, appeared=["c.jpg"])
        assert watch.next()
    assert error_of(lambda: os.mknod(gallery.point / "some/d.jpg")) == errno.EROFS
    assert error_of((gallery.point / "some/c.jpg").unlink) == errno.EROFS
    assert error_of(lambda: os.utime(gallery.point / "some/c.jpg")) == errno.EROFS


def test_an_announcer_whose_parent_was_killed_ends_quietly() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(struct.pack("!I", 3) + b"t\0a")
        ended = subprocess.run(
            [sys.executable, "-I", "-S", announcer.__file__, "/nowhere", "0"],
            stdin=theirs,
            capture_output=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_folder_whose_search_hangs_delays_neither_the_others_nor_the_end(gallery: Served) -> None:
    with ThreadPoolExecutor() as pool:
        hung = pool.submit(error_of, (gallery.point / "hung/a.jpg").stat)
        while gallery.tree("count", "prepare") < 1:
            pass
        path = gallery.point / "all/a.jpg"
        path.stat()
        gallery.tree("remove", "all", "a.jpg")
        tell(gallery, vanished=["a.jpg"])
        assert eventually(lambda: not path.exists())
        assert not hung.done()
        assert gallery.end() == 0
        assert hung.result(ANSWER_S) is not None
    assert not is_mounted(gallery.point)


def test_a_flood_of_reports_neither_stalls_nor_ends_the_mount(gallery: Served) -> None:
    names_of(gallery.point / "all")
    names = [f"{n}.jpg" for n in range(2000)]
    for _ in range(100):
        gallery.call("invalidator", "names_changed", {"vanished": names})
        gallery.call("invalidator", "photos_changed", {"assets": list(range(1, 2000))})
    assert (gallery.point / "all/a.jpg").read_bytes()
    assert gallery.end() == 0
    assert gallery.log == ""
