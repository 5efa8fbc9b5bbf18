"""What is not found is moved, gone or held; and nothing is concluded from a NAS that has gone away."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec
import pytest

from photofsd.library import walk
from photofsd.library.disk import Disk
from photofsd.library.report import Progress
from photofsd.library.scan import ScanOptions
from photofsd.store import assets, paths
from photofsd.store.transaction import WriteTransaction
from tests.component.library_world import World, mounted, world
from tests.component.store_kit import folder_at


class FailingDisk(Disk):
    """Fails for everything at or below the paths in `broken`, each with its errno; hangs for those in `hanging`."""

    def __init__(self) -> None:
        self.broken: dict[bytes, int] = {}
        self.hanging: set[bytes] = set()
        self.let_go = threading.Event()

    def _meet(self, path: bytes) -> None:
        for broken, number in self.broken.items():
            if path == broken or path.startswith(broken + b"/"):
                raise OSError(number, os.strerror(number))
        if path in self.hanging:
            self.let_go.wait(60)

    def stat(self, path: bytes) -> os.stat_result:
        self._meet(path)
        return super().stat(path)

    def lstat(self, path: bytes) -> os.stat_result:
        self._meet(path)
        return super().lstat(path)

    @contextmanager
    def entries(self, folder: bytes) -> Iterator[Iterator[os.DirEntry[bytes]]]:
        self._meet(folder + b"/")
        with super().entries(folder) as entries:
            yield (self._entry(entry) for entry in entries)

    def _entry(self, entry: os.DirEntry[bytes]) -> os.DirEntry[bytes]:
        number = self.broken.get(entry.path)
        return entry if number is None or entry.is_dir() else FailingEntry(entry.name, number)


class FailingEntry:
    """A file that is listed and cannot be looked at."""

    def __init__(self, name: bytes, number: int) -> None:
        self.name = name
        self._number = number

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        return False

    def is_file(self, *, follow_symlinks: bool) -> bool:
        return True

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        raise OSError(self._number, os.strerror(self._number))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        fill(made)
        yield made


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[tuple[World, FailingDisk]]:
    disk = FailingDisk()
    with world(tmp_path, disk=disk, options=ScanOptions(look_timeout_s=0.2)) as made:
        fill(made)
        yield made, disk
    disk.let_go.set()


def fill(library: World) -> None:
    """A hundred photos in ten folders, known and identified."""
    for number in range(100):
        library.write(f"{number % 10}/{number:02}.jpg")
    library.scan()
    library.identify()


def empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry)


# ---- The library folder itself


def test_empty_library_folder_deletes_nothing(library: World) -> None:
    empty(library.folder)
    report = library.scan()
    assert not report.is_online
    assert "is empty" in report.alerts[0]
    assert len(library.names()) == 100
    with library.store.read() as txn:
        assert not paths.library(txn, os.fsencode(library.folder)).is_online


def test_library_that_was_emptied_on_purpose_can_be_confirmed(library: World) -> None:
    empty(library.folder)
    report = library.scan(confirm_deletions=True)
    assert (report.is_online, report.gone) == (True, 100)
    assert library.names() == set()
    assert library.scan().is_online


def test_missing_library_folder_deletes_nothing_even_when_confirmed(library: World) -> None:
    shutil.rmtree(library.folder)
    for confirm in (False, True):
        report = library.scan(confirm_deletions=confirm)
        assert not report.is_online
        assert "is not there" in report.alerts[0]
    assert len(library.names()) == 100


def test_library_folder_that_became_a_file_deletes_nothing(library: World) -> None:
    shutil.rmtree(library.folder)
    library.folder.write_bytes(b"")
    assert not library.scan(confirm_deletions=True).is_online
    assert len(library.names()) == 100


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT, errno.EHOSTDOWN])
def test_failing_library_folder_deletes_nothing(failing: tuple[World, FailingDisk], number: int) -> None:
    library, disk = failing
    disk.broken[os.fsencode(library.folder)] = number
    report = library.scan(confirm_deletions=True)
    assert not report.is_online
    assert os.strerror(number) in report.alerts[0]
    assert len(library.names()) == 100
    disk.broken.clear()
    assert library.scan().is_online


def test_hanging_library_folder_is_given_up_and_not_asked_again_before_it_answers(
    failing: tuple[World, FailingDisk],
) -> None:
    library, disk = failing
    disk.hanging.add(os.fsencode(library.folder))
    threads = threading.active_count()
    assert "does not answer within 0.2 s" in library.scan().alerts[0]
    assert "still does not answer" in library.scan().alerts[0]
    assert threading.active_count() == threads + 1
    disk.let_go.set()
    while threading.active_count() > threads:
        time.sleep(0.01)
    assert library.scan().is_online
    assert len(library.names()) == 100


def test_nas_that_goes_away_in_the_middle_of_a_scan_deletes_nothing(library: World) -> None:
    away = library.folder.with_name("away")

    def pull_the_plug(_: Progress) -> None:
        if not away.exists():
            library.folder.rename(away)
            library.folder.mkdir()

    report = library.scan(progress=pull_the_plug)
    assert not report.is_online
    assert len(library.names()) == 100
    library.folder.rmdir()
    away.rename(library.folder)
    report = library.scan()
    assert (report.is_online, report.new, report.gone) == (True, 0, 0)


def test_other_folder_on_the_same_file_system_is_not_taken_for_the_library(library: World) -> None:
    library.folder.rename(library.folder.with_name("away"))
    library.folder.mkdir()
    library.write("README - not mounted.jpg")
    report = library.scan()
    assert not report.is_online
    assert "0 of 10 known entries" in report.alerts[0]
    assert len(library.names()) == 100


def test_library_that_was_restored_to_another_disk_is_taken_for_itself(library: World) -> None:
    copy = library.folder.with_name("copy")
    shutil.copytree(library.folder, copy)
    shutil.rmtree(library.folder)
    copy.rename(library.folder)
    report = library.scan()
    assert (report.is_online, report.new, report.gone) == (True, 0, 0)
    assert library.queued == 0


def test_marker_that_has_been_seen_must_stay(tmp_path: Path) -> None:
    with world(tmp_path, options=ScanOptions(marker=b".library")) as library:
        fill(library)
        assert library.scan().is_online
        library.write(".library")
        assert library.scan().is_online
        library.at(".library").unlink()
        report = library.scan()
        assert not report.is_online
        assert "marker" in report.alerts[0]
        library.write(".library")
        assert library.scan().is_online


def test_a_marker_that_is_no_longer_configured_is_not_missed(tmp_path: Path) -> None:
    with world(tmp_path, options=ScanOptions(marker=b".library")) as library:
        library.write("a.jpg")
        library.write(".library")
        assert library.scan().is_online
    with world(tmp_path, options=ScanOptions()) as library:
        library.at(".library").unlink()
        assert library.scan().is_online


def test_unmounted_library_deletes_nothing_and_comes_back(tmp_path: Path) -> None:
    with world(tmp_path) as library:
        with mounted(library.folder):
            fill(library)
            shutil.copytree(library.folder, tmp_path / "disk")
        assert not library.scan().is_online
        assert not library.scan(confirm_deletions=True).is_online
        assert len(library.names()) == 100
        with mounted(library.folder):
            shutil.copytree(tmp_path / "disk", library.folder, dirs_exist_ok=True)
            report = library.scan()
            assert (report.is_online, report.gone, library.queued) == (True, 0, 0)


def test_mount_below_the_library_that_goes_away_holds_what_is_in_it(tmp_path: Path) -> None:
    with world(tmp_path) as library:
        library.at("usb").mkdir()
        with mounted(library.path("usb")):
            for number in range(5):
                library.write(f"usb/deep/{number}.jpg")
            fill(library)
            assert library.scan().alerts == ()
        for _ in range(2):
            report = library.scan()
            assert (report.is_online, report.gone, report.held) == (True, 0, 0)
            assert "lies on another file system than before" in report.alerts[0]
        library.at("usb").rmdir()
        for _ in range(2):
            report = library.scan()
            assert (report.gone, report.held) == (0, 0)
            assert "was a mount" in report.alerts[0]
        assert len(library.names()) == 105
        assert library.scan(confirm_deletions=True).gone == 5
        assert library.scan().alerts == ()


def test_mounts_that_are_renumbered_at_a_reboot_hold_nothing_back(library: World) -> None:
    def renumber(txn: WriteTransaction) -> None:
        root = paths.library(txn, os.fsencode(library.folder)).dir
        for folder in list(paths.folders_below(txn, root)):
            record = paths.folder(txn, folder)
            paths.set_listed(txn, folder, mtime_ns=record.mtime_ns, dev=record.dev + 7, inode=record.inode)

    library.writer.run(renumber)
    shutil.rmtree(library.path("3"))
    report = library.scan()
    assert (report.gone, report.alerts) == (10, ())


# ---- Folders that cannot be read


def test_nothing_in_a_folder_that_fails_has_vanished(failing: tuple[World, FailingDisk]) -> None:
    library, disk = failing
    library.write("3/below/new.jpg")
    library.write("4/new.jpg")
    library.at("3/03.jpg").unlink()
    library.at("4/04.jpg").unlink()
    disk.broken[library.path("3")] = errno.EIO
    report = library.scan()
    assert (report.new, report.gone) == (1, 1)
    assert len(report.alerts) == 1
    assert "Input/output error" in report.alerts[0]
    assert library.record("3/03.jpg")
    disk.broken.clear()
    report = library.scan()
    assert (report.new, report.gone, report.alerts) == (1, 1, ())


def test_new_folder_that_cannot_be_read_is_tried_again(failing: tuple[World, FailingDisk]) -> None:
    library, disk = failing
    library.write("fresh/new.jpg")
    disk.broken[library.path("fresh") + b"/"] = errno.EACCES
    assert library.scan().new == 0
    disk.broken.clear()
    assert library.scan().new == 1


class RenamingDisk(Disk):
    """Renames a folder right before it is listed, as somebody else may."""

    def __init__(self) -> None:
        self.renamed: dict[bytes, bytes] = {}

    def entries(self, folder: bytes) -> AbstractContextManager[Iterator[os.DirEntry[bytes]]]:
        if folder in self.renamed:
            os.rename(folder, self.renamed[folder])
        return super().entries(folder)


def test_folder_that_is_renamed_while_it_is_listed_is_a_change_and_no_alert(library: World) -> None:
    library.disk = disk = RenamingDisk()
    library.scan = library.make_scanner().scan
    before = library.names()
    library.write("3/new.jpg")
    disk.renamed[library.path("3")] = library.path("renamed")
    report = library.scan()
    assert report.alerts == ()
    disk.renamed.clear()
    report = library.scan()
    assert report.alerts == ()
    assert library.names() == library.names_on_disk() != before


def test_folder_that_only_seems_to_go_while_it_is_listed_loses_nothing(failing: tuple[World, FailingDisk]) -> None:
    library, disk = failing
    library.write("3/new.jpg")
    disk.broken[library.path("3") + b"/"] = errno.ENOENT
    report = library.scan()
    assert (report.new, report.gone, report.alerts) == (0, 0, ())
    disk.broken.clear()
    report = library.scan()
    assert (report.new, report.gone, report.alerts) == (1, 0, ())


def test_folder_that_fails_while_it_is_listed_loses_nothing(failing: tuple[World, FailingDisk]) -> None:
    library, disk = failing
    library.write("3/new.jpg")
    disk.broken[library.path("3") + b"/"] = errno.ESTALE
    report = library.scan()
    assert (report.new, report.gone) == (0, 0)
    disk.broken.clear()
    assert library.scan().new == 1


def test_file_that_cannot_be_looked_at_has_not_vanished_and_holds_up_nothing(
    failing: tuple[World, FailingDisk],
) -> None:
    library, disk = failing
    library.write("3/new.jpg")
    library.write("3/broken.jpg")
    library.at("3/13.jpg").unlink()
    disk.broken |= {library.path("3/03.jpg"): errno.EIO, library.path("3/broken.jpg"): errno.EIO}
    report = library.scan()
    assert (report.new, report.gone) == (1, 1)
    assert len(report.alerts) == 2
    assert library.record("3/03.jpg")
    disk.broken.clear()
    report = library.scan()
    assert (report.new, report.gone, report.alerts) == (1, 0, ())
    assert library.names() == library.names_on_disk()


def test_many_failing_folders_make_few_lines(failing: tuple[World, FailingDisk]) -> None:
    library, disk = failing
    for number in range(60):
        library.write(f"more/{number}/a.jpg")
        disk.broken[library.path(f"more/{number}")] = errno.EIO
    report = library.scan()
    assert len(report.alerts) == 21
    assert report.alerts[-1] == "... and 40 more like these"


def test_file_that_is_listed_by_mistake_as_absent_is_kept(library: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that leaves out entries of a listing (NFS cookies do that) has deleted nothing."""
    entries = Disk.entries

    @contextmanager
    def forgetful(self: Disk, folder: bytes) -> Iterator[Iterator[os.DirEntry[bytes]]]:
        with entries(self, folder) as found:
            yield (entry for entry in found if not entry.name.startswith(b"0"))

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "entries", forgetful)
        assert library.scan(sweep=True).gone == 0
    assert library.names() == library.names_on_disk()
    assert library.scan().gone == 0


# ---- What has really gone


def test_deleted_photo_is_forgotten_and_comes_back_as_itself(library: World) -> None:
    asset, record = library.asset("3/03.jpg")
    content = library.at("3/03.jpg").read_bytes()
    library.at("3/03.jpg").unlink()
    assert library.scan().gone == 1
    assert library.record("3/03.jpg") is None
    library.write("3/back.jpg", content)
    library.scan()
    library.identify()
    again, record_again = library.asset("3/back.jpg")
    assert (again, record_again.name) == (asset, record.name)


def test_photo_that_also_lies_elsewhere_just_loses_a_file(library: World) -> None:
    library.write("copies/03.jpg", b"3/03.jpg")
    library.scan()
    library.identify()
    asset, record = library.asset("copies/03.jpg")
    assert len(record.files) == 2
    library.at("3/03.jpg").unlink()
    assert library.scan().gone == 1
    assert library.asset("copies/03.jpg")[0] == asset
    assert len(library.asset("copies/03.jpg")[1].files) == 1


def test_deleted_folder_is_forgotten_with_everything_below_it(library: World) -> None:
    library.write("3/deep/deeper/x.jpg")
    library.scan()
    shutil.rmtree(library.path("3"))
    assert library.scan().gone == 11
    assert library.names() == library.names_on_disk()
    with library.store.read() as txn:
        assert folder_at(txn, library.path("3")) is None


def test_photo_replaced_by_a_link_or_a_folder_is_gone(library: World) -> None:
    for name in ("3/03.jpg", "4/04.jpg"):
        library.at(name).unlink()
    library.at("3/03.jpg").symlink_to(library.at("3/13.jpg"))
    library.write("4/04.jpg/inside.jpg")
    report = library.scan()
    assert (report.gone, report.new) == (2, 1)
    assert library.names() == library.names_on_disk() - {b"3/03.jpg"}
    assert library.scan().listed == 0


def test_folder_replaced_by_a_link_is_gone(library: World) -> None:
    library.rename("3", "4/three")
    library.at("3").symlink_to(library.at("4/three"))
    report = library.scan()
    assert (report.gone, report.new, library.queued) == (0, 0, 0)
    assert library.names() == library.names_on_disk()


def test_a_fifth_gone_at_once_is_believed_and_more_is_held_until_confirmed(library: World) -> None:
    for number in (0, 1):
        shutil.rmtree(library.path(str(number)))
    assert library.scan().gone == 20
    shutil.rmtree(library.path("2"))
    for name in ("33", "43", "53", "63", "73", "83", "93"):
        library.at(f"3/{name}.jpg").unlink()
    for _ in range(3):
        report = library.scan()
        assert (report.held, report.gone) == (17, 0)
        assert "photofsd scan --confirm-deletions" in report.alerts[0]
        assert len(library.names()) == 80
    report = library.scan(confirm_deletions=True)
    assert (report.held, report.gone, report.alerts) == (0, 17, ())
    assert library.names() == library.names_on_disk()


def test_held_files_are_let_go_when_they_are_back(library: World) -> None:
    hidden = library.folder.with_name("hidden")
    hidden.mkdir()
    for number in range(5):
        library.at(str(number)).rename(hidden / str(number))
    assert library.scan().held == 50
    for number in range(5):
        (hidden / str(number)).rename(library.at(str(number)))
    report = library.scan()
    assert (report.held, report.new, report.gone, report.alerts) == (0, 0, 0, ())
    assert library.scan().listed == 0


def test_held_files_do_not_hold_up_new_ones_and_moves(library: World) -> None:
    for number in range(5):
        shutil.rmtree(library.path(str(number)))
    library.write("9/new.jpg")
    library.rename("9/99.jpg", "8/moved.jpg")
    report = library.scan()
    assert (report.held, report.new, report.moved) == (50, 1, 1)


@pytest.mark.parametrize("percent, gone", [(0, 0), (100, 90)])
def test_guard_can_be_set_from_never_to_always(tmp_path: Path, percent: float, gone: int) -> None:
    with world(tmp_path, options=ScanOptions(vanish_guard_percent=percent)) as library:
        fill(library)
        for number in range(9):
            shutil.rmtree(library.path(str(number)))
        assert library.scan().gone == gone


# ---- What has moved


def test_moved_file_keeps_its_photo_and_its_name(library: World) -> None:
    asset, record = library.asset("3/03.jpg")
    library.rename("3/03.jpg", "7/renamed.jpg")
    report = library.scan()
    assert (report.moved, report.new, report.gone, library.queued) == (1, 0, 0, 0)
    assert library.asset("7/renamed.jpg") == (asset, record)


def test_file_moved_a_moment_ago_is_a_move_although_it_has_not_settled(library: World) -> None:
    asset, _ = library.asset("3/03.jpg")
    library.ahead_s = 0
    library.rename("3/03.jpg", "7/renamed.jpg")
    report = library.scan(folders=[library.path("3"), library.path("7")])
    assert (report.moved, report.gone, library.queued) == (1, 0, 0)
    assert library.asset("7/renamed.jpg")[0] == asset


def test_files_moved_into_a_new_folder_are_not_read_again(library: World) -> None:
    before = {library.asset(f"{number % 10}/{number:02}.jpg")[0] for number in range(100)}
    library.at("all").mkdir()
    for number in range(100):
        library.rename(f"{number % 10}/{number:02}.jpg", f"all/{number}.jpg")
    for number in range(10):
        library.at(str(number)).rmdir()
    report = library.scan()
    assert (report.moved, report.new, report.gone, report.held, library.queued) == (100, 0, 0, 0, 0)
    assert {library.asset(f"all/{number}.jpg")[0] for number in range(100)} == before


def test_more_moves_than_can_be_kept_back_are_known_by_their_content(
    library: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "ARRIVALS_MAX", 4)
    before = {library.asset(f"3/{tens}3.jpg")[0] for tens in range(10)}
    for tens in range(10):
        library.rename(f"3/{tens}3.jpg", f"7/moved{tens}.jpg")
    report = library.scan()
    assert (report.new, report.moved, report.gone) == (8, 2, 8)
    library.identify()
    assert {library.asset(f"7/moved{tens}.jpg")[0] for tens in range(10)} == before


def test_copy_that_outlives_its_original_is_known_by_its_content(library: World) -> None:
    asset, _ = library.asset("3/03.jpg")
    shutil.copyfile(library.path("3/03.jpg"), library.path("4/copy.jpg"))
    library.at("3/03.jpg").unlink()
    report = library.scan()
    assert (report.moved, report.new, report.gone) == (0, 1, 1)
    library.identify()
    assert library.asset("4/copy.jpg")[0] == asset


def test_hard_link_is_a_second_file_and_no_move(library: World) -> None:
    os.link(library.path("3/03.jpg"), library.path("4/link.jpg"))
    assert library.scan().moved == 0
    library.identify()
    assert library.asset("4/link.jpg")[0] == library.asset("3/03.jpg")[0]


def test_photos_that_change_places_keep_their_content(library: World) -> None:
    """Names and facts hang on the content: whoever reads path 03 now sees the photo that was 04."""
    three, _ = library.asset("3/03.jpg")
    four, _ = library.asset("4/04.jpg")
    os.utime(library.path("4/04.jpg"), (1, 1))
    library.scan(sweep=True)
    library.identify()
    library.rename("3/03.jpg", "3/tmp")
    library.rename("4/04.jpg", "3/03.jpg")
    library.rename("3/tmp", "4/04.jpg")
    library.scan()
    library.identify()
    assert (library.asset("3/03.jpg")[0], library.asset("4/04.jpg")[0]) == (four, three)


def test_renamed_folder_of_ten_thousand_is_one_row_and_no_work(library: World) -> None:
    for number in range(10_000):
        library.write(f"big/sub{number % 4}/{number:05}.jpg")
    library.scan()
    library.identify()
    asset, record = library.asset("big/sub1/00001.jpg")
    with library.store.read() as txn:
        folder = folder_at(txn, library.path("big"))
    library.rename("big", "3/renamed")
    report = library.scan()
    assert (report.new, report.changed, report.moved, report.gone, library.queued) == (0, 0, 0, 0, 0)
    assert report.files < 100
    assert library.asset("3/renamed/sub1/00001.jpg") == (asset, record)
    with library.store.read() as txn:
        assert folder_at(txn, library.path("3/renamed")) == folder
    assert library.names() == library.names_on_disk()
    assert library.scan().listed == 0


def test_folder_renamed_and_changed_keeps_what_is_still_in_it(library: World) -> None:
    with library.store.read() as txn:
        folder = folder_at(txn, library.path("3"))
    library.rename("3", "three")
    library.write("three/new.jpg")
    library.at("three/03.jpg").unlink()
    report = library.scan()
    assert (report.new, report.gone, report.moved, library.queued) == (1, 1, 0, 1)
    with library.store.read() as txn:
        assert folder_at(txn, library.path("three")) == folder


def test_new_folder_with_the_inode_of_a_deleted_one_is_not_that_one(library: World) -> None:
    """File systems use inode numbers again; photos of the same name must not inherit each other's facts."""
    old = {library.asset(f"3/{number}3.jpg")[0] for number in range(10)}
    shutil.rmtree(library.path("3"))
    for number in range(10):
        library.write(f"other/{number}3.jpg")

    def reuse_inode(txn: WriteTransaction) -> None:
        folder = folder_at(txn, library.path("3"))
        record = paths.folder(txn, folder)
        inode_now = library.at("other").stat().st_ino
        paths.set_listed(txn, folder, mtime_ns=record.mtime_ns, dev=record.dev, inode=inode_now)

    library.writer.run(reuse_inode)
    report = library.scan()
    assert (report.new, report.gone) == (10, 10)
    library.identify()
    assert not {library.asset(f"other/{number}3.jpg")[0] for number in range(10)} & old


def test_folders_that_swap_parent_and_child_end_where_they_lie(library: World) -> None:
    library.write("3/inner/x.jpg")
    library.scan()
    library.identify()
    asset, _ = library.asset("3/inner/x.jpg")
    other, _ = library.asset("3/03.jpg")
    library.rename("3/inner", "inner")
    library.rename("3", "inner/3")
    report = library.scan()
    assert (report.gone, library.queued) == (0, 0)
    assert library.names() == library.names_on_disk()
    assert library.asset("inner/x.jpg")[0] == asset
    assert library.asset("inner/3/03.jpg")[0] == other


def test_folder_that_is_seen_at_two_places_has_not_moved(library: World) -> None:
    library.at("twin").mkdir()
    with library.store.read() as txn:
        folder = folder_at(txn, library.path("3"))
    with mounted(library.path("twin"), library.at("3")):
        assert library.scan().new == 10
        with library.store.read() as txn:
            assert folder_at(txn, library.path("3")) == folder
        library.identify()
        assert library.names() == library.names_on_disk()
        assert library.asset("twin/03.jpg")[0] == library.asset("3/03.jpg")[0]


def test_folder_that_moves_during_the_scan_is_not_mistaken_for_what_took_its_place(library: World) -> None:
    library.write("z/a/1.jpg")
    library.write("z/b/2.jpg")
    library.scan()
    library.identify()
    asset, _ = library.asset("z/a/1.jpg")

    def exchange(progress: Progress) -> None:
        has_seen_z = progress.folders == 3  # and z/a waits
        if has_seen_z and not library.at("z/b/moved").exists():
            library.rename("z/a", "z/b/moved")
            library.write("z/a/1.jpg", b"another")

    library.scan(progress=exchange)
    library.identify()
    assert library.names() == library.names_on_disk()
    assert library.asset("z/b/moved/1.jpg")[0] == asset
    assert library.asset("z/a/1.jpg")[0] != asset
    library.scan()
    assert library.names() == library.names_on_disk()


def test_folder_replaced_by_another_that_was_renamed_onto_its_name(library: World) -> None:
    kept, _ = library.asset("4/04.jpg")
    lost, _ = library.asset("3/03.jpg")
    shutil.rmtree(library.path("3"))
    library.rename("4", "3")
    library.scan()
    library.identify()
    assert library.names() == library.names_on_disk()
    assert library.asset("3/04.jpg")[0] == kept
    with library.store.read() as txn:
        assert assets.asset(txn, lost).files == ()


def test_library_moved_around_at_random_is_always_known_as_it_lies(library: World) -> None:
    chance = random.Random(20240615)
    for step in range(60):
        folders = [where for where, _, _ in os.walk(library.folder)]
        files = [Path(where, name) for where, _, names in os.walk(library.folder) for name in names]
        for _ in range(chance.randint(1, 6)):
            action = chance.random()
            target = Path(chance.choice(folders))
            try:
                if action < 0.3:
                    chance.choice(files).rename(target / f"{step}-{chance.randint(0, 99)}.jpg")
                elif action < 0.6:
                    Path(chance.choice(folders[1:])).rename(target / f"d{chance.randint(0, 9)}")
                elif action < 0.8:
                    (target / f"new{chance.randint(0, 9)}.jpg").write_bytes(chance.randbytes(9))
                else:
                    chance.choice(files).unlink()
            except OSError:  # into itself, onto a folder that is not empty, gone by now
                continue
        library.scan(confirm_deletions=True)
        library.identify()
        assert library.names() == library.names_on_disk(), f"after step {step}"


# ---- Sidecars


def test_sidecar_that_comes_changes_and_goes_has_its_photos_read_again(library: World) -> None:
    asset, _ = library.asset("3/03.jpg")
    other, _ = library.asset("3/13.jpg")
    library.write("3/03.jpg.xmp")
    library.write("3/13.XMP")
    library.scan()
    assert sorted(library.renewed) == sorted([asset, other])
    library.renewed.clear()
    library.write("3/03.jpg.xmp", b"rated")
    library.scan(sweep=True)
    assert library.renewed == [asset]
    library.renewed.clear()
    library.rename("3/03.jpg.xmp", "3/23.xmp")
    library.scan()
    assert sorted(library.renewed) == sorted([asset, library.asset("3/23.jpg")[0]])
    library.renewed.clear()
    library.at("3/23.xmp").unlink()
    library.scan()
    assert library.renewed == [library.asset("3/23.jpg")[0]]


def test_sidecar_of_nothing_concerns_nobody(library: World) -> None:
    library.write("3/nobody.xmp")
    library.write("3/1.xmp")
    library.scan()
    assert library.renewed == []


def test_library_record_says_when_it_was_scanned_and_swept(library: World) -> None:
    def times() -> tuple[int, int]:
        with library.store.read() as txn:
            record = paths.library(txn, os.fsencode(library.folder))
        assert msgspec.structs.asdict(record)["is_online"]
        return record.scanned_ns, record.swept_ns

    scanned, swept = times()
    assert scanned == swept > 0
    library.scan(folders=[library.path("3")])
    assert times() == (scanned, swept)
    library.scan()
    assert times()[0] > scanned
    assert times()[1] == swept
    library.scan(sweep=True)
    assert times()[1] > swept
