"""A scan finds what has changed, and nothing else; what it reads and what it leaves alone."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from photofsd.library.disk import Disk
from photofsd.library.report import Progress
from photofsd.library.rules import Rules
from photofsd.library.scan import ScanOptions
from photofsd.store import facets, jobs, moved, paths
from photofsd.store.transaction import WriteTransaction
from photofsd.types import Facet, Kind
from tests.component.library_world import NS, World, mounted, world

T = TypeVar("T")


class CountingDisk(Disk):
    """Counts what is looked at."""

    def __init__(self) -> None:
        self.listed: list[bytes] = []
        self.looked_at: list[bytes] = []

    def lstat(self, path: bytes) -> os.stat_result:
        self.looked_at.append(path)
        return super().lstat(path)

    @contextmanager
    def entries(self, folder: bytes) -> Iterator[Iterator[os.DirEntry[bytes]]]:
        self.listed.append(folder)
        with super().entries(folder) as entries:
            yield entries

    def forget(self) -> None:
        self.listed.clear()
        self.looked_at.clear()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[tuple[World, CountingDisk]]:
    disk = CountingDisk()
    with world(tmp_path, disk=disk) as made:
        yield made, disk


def test_first_scan_takes_every_photo_as_backlog(library: World) -> None:
    names = {f"2024/{month:02}/IMG_{shot}.jpg" for month in range(1, 13) for shot in range(9)}
    for name in names:
        library.write(name)
    library.write("2024/notes.txt")
    report = library.scan()
    assert library.names() == {name.encode() for name in names}
    assert (report.new, report.files, report.is_complete, report.alerts) == (108, 108, True, ())
    with library.store.read() as txn:
        due = jobs.due(txn, library.stage, now_ms=1 << 60, limit=1000)
        assert {job.priority for file in due if (job := jobs.get(txn, library.stage, file))} == {jobs.BACKLOG}
        assert len(due) == 108


def test_what_arrives_later_goes_before_the_backlog(library: World) -> None:
    library.write("old.jpg")
    library.scan()
    library.write("new.jpg")
    assert library.scan().new == 1
    with library.store.read() as txn:
        first, second = jobs.due(txn, library.stage, now_ms=1 << 60, limit=2)
        assert paths.file(txn, first).name == b"new.jpg"
        assert jobs.get(txn, library.stage, first).priority == jobs.NEW
        assert paths.file(txn, second).name == b"old.jpg"


def test_sidecars_are_known_and_not_queued(library: World) -> None:
    library.write("a.jpg")
    library.write("a.xmp")
    library.scan()
    assert library.record("a.xmp").kind is Kind.SIDECAR
    assert library.queued == 1


def test_names_that_an_older_program_did_not_look_for_are_found(counting: tuple[World, CountingDisk]) -> None:
    library, disk = counting
    library.write("old/a.jpg")
    library.write("old/a.jpg.json")
    library.scan()

    def as_an_older_one(txn: WriteTransaction) -> None:
        (record,) = paths.libraries(txn)
        folder = paths.child(txn, record.dir, b"old")
        paths.remove_file(txn, paths.file_at(txn, folder, b"a.jpg.json").file)
        paths.put_library(txn, msgspec.structs.replace(record, looked_for=1))

    library.writer.run(as_an_older_one)
    assert library.scan().new == 1
    assert library.record("old/a.jpg.json").kind is Kind.SIDECAR
    disk.forget()
    assert library.scan().listed == 0


def test_rescan_of_an_unchanged_library_reads_no_folder_and_no_file(counting: tuple[World, CountingDisk]) -> None:
    library, disk = counting
    for number in range(300):
        library.write(f"{number % 20:02}/{number}.jpg")
    library.scan()
    disk.forget()
    report = library.scan()
    assert (report.folders, report.listed, report.files) == (21, 0, 0)
    assert disk.listed == [os.fsencode(library.folder)]  # the look at its first entry
    assert not [path for path in disk.looked_at if path.endswith(b".jpg")]


def test_only_the_folder_that_changed_is_read(counting: tuple[World, CountingDisk]) -> None:
    library, disk = counting
    for number in range(100):
        library.write(f"{number % 10}/{number}.jpg")
    library.scan()
    disk.forget()
    library.write("3/new.jpg")
    report = library.scan()
    assert (report.listed, report.files, report.new) == (1, 11, 1)
    assert disk.listed[1:] == [library.path("3")]


def test_file_rewritten_in_place_is_found_by_a_sweep_and_not_by_a_quick_scan(library: World) -> None:
    path = library.write("a.jpg", b"one")
    library.scan()
    library.identify()
    asset, _ = library.asset("a.jpg")
    with path.open("r+b") as file:
        file.write(b"other")
    assert library.scan().changed == 0
    assert library.scan(sweep=True).changed == 1
    assert library.identify() == 1
    assert library.asset("a.jpg")[0] == asset


def test_file_replaced_by_a_rename_keeps_its_photo(library: World) -> None:
    library.write("a.jpg", b"one")
    library.scan()
    library.identify()
    asset, record = library.asset("a.jpg")
    library.write("a.tmp", b"edited")
    library.rename("a.tmp", "a.jpg")
    assert library.scan().changed == 1
    library.identify()
    edited, edited_record = library.asset("a.jpg")
    assert (edited, edited_record.name) == (asset, record.name)
    assert edited_record.content != record.content


def test_same_size_and_mtime_under_another_inode_is_no_change(library: World) -> None:
    path = library.write("a.jpg")
    library.scan()
    library.identify()
    status = path.stat()
    library.write("restored.tmp", path.read_bytes())
    os.utime(library.path("restored.tmp"), ns=(status.st_atime_ns, status.st_mtime_ns))
    library.rename("restored.tmp", "a.jpg")
    report = library.scan()
    assert (report.changed, library.queued) == (0, 0)
    assert library.record("a.jpg").inode == path.stat().st_ino


def test_folder_listed_within_its_last_two_seconds_is_listed_again(library: World) -> None:
    library.ahead_s = 0
    library.write("a/one.jpg")
    library.scan()
    assert library.scan().listed == 2
    library.ahead_s = 10
    assert library.scan().listed == 2
    assert library.scan().listed == 0


def test_change_that_leaves_the_folder_its_mtime_is_found_when_the_listing_was_racy(library: World) -> None:
    library.write("a/one.jpg")
    then = library.at("a").stat()
    library.ahead_s = 1
    library.scan()
    library.write("a/two.jpg")
    os.utime(library.path("a"), ns=(then.st_atime_ns, then.st_mtime_ns))
    library.ahead_s = 10
    library.scan()
    assert library.names() == {b"a/one.jpg", b"a/two.jpg"}


def test_growing_file_is_taken_only_when_it_has_settled(library: World) -> None:
    library.ahead_s = 0
    path = library.write("a/growing.jpg", b"half")
    report = library.scan()
    assert (report.new, report.unsettled) == (0, (library.path("a"),))
    with path.open("ab") as file:
        file.write(b" and half")
    library.ahead_s = 1
    report = library.scan(folders=report.unsettled)
    assert (report.new, report.unsettled) == (0, (library.path("a"),))
    library.ahead_s = 3
    report = library.scan(folders=report.unsettled)
    assert (report.new, report.unsettled) == (1, ())
    assert library.record("a/growing.jpg").size == 13


def test_known_file_that_is_being_rewritten_is_not_taken_yet(library: World) -> None:
    path = library.write("a.jpg", b"old")
    library.scan()
    library.identify()
    library.ahead_s = 0
    with path.open("wb") as file:
        file.write(b"new content, half")
    report = library.scan(sweep=True)
    assert (report.changed, report.unsettled, library.queued) == (0, (os.fsencode(library.folder),), 0)
    library.ahead_s = 10
    assert library.scan().changed == 1


def test_file_from_the_future_is_taken_at_the_second_look(library: World) -> None:
    path = library.write("a.jpg")
    os.utime(path, ns=(0, 4_000_000_000 * NS))
    assert library.scan().new == 0
    library.ahead_s += 1
    assert library.scan().new == 0
    library.ahead_s += 2
    assert library.scan().new == 1


def test_times_beyond_what_the_store_holds_are_no_change_for_ever(library: World) -> None:
    path = library.write("sub/a.jpg")
    for far_s in (1 << 34, -(1 << 31)):
        os.utime(path, (far_s, far_s))
        os.utime(library.path("sub"), (far_s, far_s))
        library.scan(sweep=True)
        library.ahead_s += 3
        library.scan(sweep=True)
        assert library.scan(sweep=True).changed == 0


def test_folder_from_before_the_time_of_the_store_is_not_read_for_ever(tmp_path: Path) -> None:
    with world(tmp_path) as library, mounted(library.folder):
        library.write("sub/a.jpg")
        os.utime(library.path("sub"), (-(1 << 34), -(1 << 34)))
        library.scan()
        assert library.scan().listed == 0


def test_pruned_folders_are_never_listed_nor_looked_at(tmp_path: Path) -> None:
    disk = CountingDisk()
    rules = Rules(prune=("@eaDir", ".Trash*", "#recycle", "lost+found"), exclude=("proofs/rejected/*", "*.tmp.jpg"))
    with world(tmp_path, disk=disk, rules=rules) as library:
        pruned = ("@eaDir", "a/@eaDir", ".Trash-1000/files", "#recycle", "lost+found", ".hidden", "proofs/rejected/x")
        for folder in pruned:
            library.write(f"{folder}/thumb.jpg")
        library.write("a/.hidden.jpg")
        library.write("a/b.tmp.jpg")
        library.write("a/photo.jpg")
        library.scan()
        library.scan(sweep=True)
        library.scan(folders=[library.path(folder) for folder in pruned], is_recursive=True)
        assert library.names() == {b"a/photo.jpg"}
        touched = {os.path.relpath(path, os.fsencode(library.folder)) for path in (*disk.listed, *disk.looked_at)}
        assert not [path for path in touched for folder in pruned if path.startswith(folder.encode())]


def test_folders_that_new_rules_leave_out_go_with_the_next_scan(tmp_path: Path) -> None:
    with world(tmp_path) as library:
        for number in range(20):
            library.write(f"{number}.jpg")
        library.write("scans/deep/a.jpg")
        library.scan()
    with world(tmp_path, rules=Rules(exclude=("scans",))) as library:
        report = library.scan()
        assert (report.gone, report.listed) == (1, 0)
        assert library.at("scans/deep/a.jpg").exists()


def test_files_that_new_rules_leave_out_go_with_the_next_sweep(tmp_path: Path) -> None:
    with world(tmp_path) as library:
        for number in range(20):
            library.write(f"{number}.jpg")
        library.write("scans/a.jpg")
        library.scan()
    with world(tmp_path, rules=Rules(exclude=("scans", "1.jpg"))) as library:
        assert library.scan(sweep=True).gone == 2
        assert len(library.names()) == 19
        assert library.at("scans/a.jpg").exists()


NAMES = [
    b"\xff\xfe\x80 not utf-8.jpg",
    b"line\nbreak\ttab.jpg",
    "🦒 giraffe.jpg".encode(),
    "e\u0301.jpg".encode(),
    "\u00e9.jpg".encode(),
    b"n" * 251 + b".jpg",
    b"two..dots.JPG",
    b"trailing space .jpg",
    b"-rf.jpg",
    b"'; DROP TABLE; --.jpg",
    b"%s\x1b[31m.jpg",
    b"\x01.jpg",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_any_name_is_found_moved_and_forgotten(library: World, name: bytes) -> None:
    library.write(name)
    library.write(b"in " + name[:200] + b"/" + name)
    for number in range(9):
        library.write(f"{number}.jpg")
    library.scan()
    library.identify()
    assert library.names() == library.names_on_disk()
    asset, _ = library.asset(name)
    library.at(name).rename(library.at(b"in " + name[:200] + b"/moved.jpg"))
    report = library.scan()
    assert (report.moved, report.new, library.queued) == (1, 0, 0)
    assert library.asset(b"in " + name[:200] + b"/moved.jpg")[0] == asset
    library.at(b"in " + name[:200] + b"/moved.jpg").unlink()
    assert library.scan().gone == 1
    assert library.names() == library.names_on_disk()


def test_links_and_special_files_are_left_alone(library: World) -> None:
    library.write("real/a.jpg")
    library.at("loop.jpg").symlink_to(library.at("real"))
    library.at("real/up").symlink_to(library.at(""))
    library.at("link.jpg").symlink_to(library.at("real/a.jpg"))
    library.at("dangling.jpg").symlink_to("nowhere")
    os.mkfifo(library.path("fifo.jpg"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(library.path("real/s.jpg"))
    report = library.scan(sweep=True)
    assert (report.folders, report.alerts) == (2, ())
    assert library.names() == {b"real/a.jpg"}


def test_library_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "library").symlink_to(tmp_path / "nas")
    with world(tmp_path) as library:
        library.write("sub/a.jpg")
        library.scan()
        assert library.names() == {b"sub/a.jpg"}


def test_five_hundred_folders_need_few_open_files(library: World) -> None:
    for number in range(500):
        library.write("deep/" * (number % 40) + f"{number}/a.jpg")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 8, limits[1]))
    try:
        report = library.scan(sweep=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (report.new, report.alerts) == (500, ())


@pytest.fixture
def abyss(tmp_path: Path) -> Iterator[World]:
    """A library with folders nested deeper than a path can say.

    It lies elsewhere than other tests' files: only `rm` takes it away again, pytest would fail over it for ever.
    """
    folder = Path(tempfile.mkdtemp(prefix="photofsd-abyss-"))
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        for _ in range(2100):
            os.mkdir("d", dir_fd=descriptor)
            below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        os.close(descriptor)
        with world(tmp_path, folder=folder) as library:
            yield library
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.slow
def test_folders_nested_by_the_thousand_are_walked_as_far_as_paths_reach(abyss: World) -> None:
    library = abyss
    library.write("a.jpg")
    report = library.scan()
    assert report.folders > 1500
    assert len(report.alerts) == 1
    assert "File name too long" in report.alerts[0]
    assert library.names() == {b"a.jpg"}


def test_large_folder_is_written_in_many_small_transactions(library: World) -> None:
    sizes: list[int] = []
    submit = library.writer.submit

    def counted(work: Callable[[WriteTransaction], T], *, rows: int = 1) -> Future[T]:
        sizes.append(rows)
        return submit(work, rows=rows)

    library.writer.submit = counted
    for number in range(3000):
        library.write(f"all/{number}.jpg")
    library.scan()
    assert len(library.names()) == 3000
    assert max(sizes) <= 500


def test_scan_of_given_folders_looks_at_those_and_at_new_ones_in_them(counting: tuple[World, CountingDisk]) -> None:
    library, disk = counting
    for folder in ("a", "a/old", "b"):
        library.write(f"{folder}/1.jpg")
    library.scan()
    for folder in ("a", "a/old", "a/new", "a/new/deeper", "b"):
        library.write(f"{folder}/2.jpg")
    disk.forget()
    report = library.scan(folders=[library.path("a")])
    assert not report.is_complete
    assert set(disk.listed[1:]) == {library.path(name) for name in ("a", "a/new", "a/new/deeper")}
    assert library.names() == library.names_on_disk() - {b"a/old/2.jpg", b"b/2.jpg"}
    library.scan(folders=[library.path("a")], is_recursive=True)
    assert library.names() == library.names_on_disk() - {b"b/2.jpg"}
    library.scan()
    assert library.names() == library.names_on_disk()


def test_given_folder_that_is_gone_is_looked_for_in_its_parent(library: World) -> None:
    for number in range(20):
        library.write(f"{number}.jpg")
    library.write("a/b/c/1.jpg")
    library.scan()
    library.rename("a/b", "elsewhere")
    library.scan(folders=[library.path("a/b/c"), library.path("elsewhere"), b"/not/ours", library.path("0.jpg")])
    assert library.names() == library.names_on_disk()
    assert library.scan().new == 0


def test_photos_of_a_renamed_folder_are_told_and_what_an_ended_scan_has_left_the_next_one_tells(
    library: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved, "PIECE", 2)
    for number in range(7):
        library.write(f"Safari/{number}.jpg")
    library.scan()
    library.identify()
    cancel = threading.Event()

    def words() -> tuple[int, int]:
        with library.store.read() as txn:
            safari, kenya = (len(facets.bitmap(txn, Facet.WORD, word)) for word in (b"fsafari", b"fkenya"))
            return safari, kenya

    def end_while_they_are_told(_: Progress) -> None:
        if words()[1]:
            cancel.set()

    library.rename("Safari", "Kenya")
    library.scan(progress=end_while_they_are_told, cancel=cancel)
    assert words() == (1, 6)
    library.scan()
    assert words() == (0, 7)
    library.rename("Kenya", "Safari")
    assert library.scan().new == 0
    assert words() == (7, 0)


def test_given_folder_that_nobody_knows_yet_is_found_through_its_known_parent(library: World) -> None:
    library.write("a/1.jpg")
    library.scan()
    library.write("a/new/new/2.jpg")
    library.scan(folders=[library.path("a/new/new")])
    assert library.names() == {b"a/1.jpg", b"a/new/new/2.jpg"}


def test_cancelled_scan_keeps_what_it_found_and_loses_nothing(library: World) -> None:
    for number in range(30):
        library.write(f"{number:02}/a.jpg")
    cancel = threading.Event()

    def stop_half_way(progress: Progress) -> None:
        if progress.folders == 15:
            cancel.set()

    report = library.scan(progress=stop_half_way, cancel=cancel)
    assert not report.is_complete
    assert 0 < len(library.names()) < 30
    with library.store.read() as txn:
        assert paths.library(txn, os.fsencode(library.folder)).scanned_ns == 0
    assert library.scan().is_complete
    assert library.names() == library.names_on_disk()


def test_scan_that_was_killed_anywhere_is_made_good_by_the_next(library: World) -> None:
    for number in range(40):
        library.write(f"{number % 8}/{number % 4}/{number}.jpg")

    class Killed(BaseException):
        pass

    def kill_after(pieces: int) -> None:
        submit = library.writer.submit
        left = pieces

        def limited(work: Callable[[WriteTransaction], T], *, rows: int = 1) -> Future[T]:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return submit(work, rows=rows)

        library.writer.submit = limited
        try:
            library.make_scanner().scan(sweep=True)
        except Killed:
            pass
        finally:
            library.writer.submit = submit

    for pieces in range(8):
        kill_after(pieces)
        library.write(f"later/{pieces}/new.jpg")
    library.make_scanner().scan()
    assert library.names() == library.names_on_disk()


def test_progress_counts_up(library: World) -> None:
    for number in range(10):
        library.write(f"{number}/a.jpg")
    told: list[Progress] = []
    report = library.scan(progress=told.append)
    assert told == sorted(told)
    assert told[-1].folders == report.folders == 11


def test_settle_time_of_nothing_takes_a_file_while_it_is_written(tmp_path: Path) -> None:
    with world(tmp_path, options=ScanOptions(settle_s=0)) as library:
        library.ahead_s = 0
        library.write("a.jpg")
        assert library.scan().new == 1
