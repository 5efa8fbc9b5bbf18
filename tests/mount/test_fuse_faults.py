"""What a mount does when things go wrong behind it: it answers (facts-fuse.md, rules 3, 5, 8, 9)."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.mount.conftest import Serve, need_fuse
from tests.mount.served import Served, names_of

ANSWER_S = 30
SLOW_DISK = Path(__file__).with_name("slow_disk.py")


def error_of(action: Callable[[], object]) -> int | None:
    """The errno that `action` fails with."""
    try:
        action()
    except OSError as error:
        return error.errno
    return None


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that may hang; whoever uses it lets them go in the end."""
    with ThreadPoolExecutor(150) as pool:
        yield pool


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """slow_disk.py, mounted."""
    need_fuse()
    point = tmp_path / "disk"
    point.mkdir()
    command = [sys.executable, SLOW_DISK, point]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        yield point


def let_go(disk: Path, *gates: object) -> None:
    for gate in gates:
        assert not (disk / f"open-{gate}").exists()


# ---- Clients ----


def test_who_asks_and_is_killed_before_the_mount_has_read_it_holds_up_nobody(
    threads: ThreadPoolExecutor, gallery: Served
) -> None:
    gallery.tree("ask_and_die", str(gallery.point / "all" / "a.jpg"))
    while not threads.submit(gallery.tree, "count", "killed").result(ANSWER_S):
        pass
    assert threads.submit(gallery.tree, "count", "killed").result(ANSWER_S) == 1
    assert (gallery.point / "all" / "a.jpg").stat().st_size == 100_000
    assert gallery.end() == 0
    assert "Traceback" not in gallery.log


# ---- Bugs ----


def test_a_bug_in_a_folder_is_an_io_error_and_the_mount_lives(gallery: Served, library: Path) -> None:
    buggy = gallery.point / "buggy"
    for _ in range(3):
        assert error_of((buggy / "boom").stat) == errno.EIO
        assert error_of(lambda: names_of(buggy)) == errno.EIO
    assert error_of((buggy / "lost").stat) == errno.ENOENT
    assert (gallery.point / "all/a.jpg").read_bytes() == (library / "a.jpg").read_bytes()
    faults = gallery.call("tally", "faults")
    assert sorted(faults.values()) == [3, 3]
    assert {kind.split(":")[0] for kind in faults} == {"lookup", "opendir"}
    assert gallery.log.count("RuntimeError: a bug in a view") == 1


def test_running_out_of_open_files_is_an_error_and_passes(serve: Serve, library: Path) -> None:
    gallery = serve("gallery", {"library": str(library)}, open_files=[64, 64])
    with contextlib.ExitStack() as stack:
        path = gallery.point / "all/a.jpg"
        errors = {error_of(lambda: stack.enter_context(path.open("rb"))) for _ in range(100)}
        assert errors == {None, errno.EMFILE}
        assert (gallery.point / "all/b.jpg").stat().st_size == (1 << 20) + 3
    assert (gallery.point / "all/a.jpg").read_bytes() == (library / "a.jpg").read_bytes()


def test_as_many_files_can_be_open_as_the_hard_limit_allows(serve: Serve, library: Path) -> None:
    gallery = serve("gallery", {"library": str(library)}, open_files=[64, 1024])
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((gallery.point / "all/a.jpg").open("rb")) for _ in range(500)]
        assert {file.read(1) for file in files} == {(library / "a.jpg").read_bytes()[:1]}


# ---- Slow things ----


def test_a_slow_read_delays_nobody_else(serve: Serve, disk: Path, threads: ThreadPoolExecutor) -> None:
    served = serve("on_slow_disk", {"disk": str(disk)})
    slow = threads.submit((served.point / "all/slow-read-1").read_bytes)
    try:
        assert (served.point / "all/quick").read_bytes().startswith(b"quick")
        for number in range(130):
            assert (served.point / f"all/slow-open-{number}").stat().st_size == 4000
        assert not slow.done()
    finally:
        let_go(disk, 1)
    assert slow.result(ANSWER_S).startswith(b"slow-read-1")


def test_130_hung_opens_delay_no_stat(serve: Serve, disk: Path, threads: ThreadPoolExecutor) -> None:
    served = serve("on_slow_disk", {"disk": str(disk)})
    paths = [served.point / f"all/slow-open-{number}" for number in range(130)]
    hung = [threads.submit(path.read_bytes) for path in paths]
    try:
        assert len(names_of(served.point / "all")) == 133
        assert (served.point / "all/quick").stat().st_size == 4000
        assert not any(one.done() for one in hung)
    finally:
        let_go(disk, *range(130))
    assert all(one.result(ANSWER_S).startswith(b"slow-open") for one in hung)


def test_a_hung_library_is_an_io_error_after_its_time(serve: Serve, disk: Path, threads: ThreadPoolExecutor) -> None:
    served = serve("on_slow_disk", {"disk": str(disk)}, library_timeout_s=0.3)
    try:
        for name in ("slow-open-7", "slow-read-1"):
            assert threads.submit(error_of, (served.point / "all" / name).read_bytes).result(ANSWER_S) == errno.EIO
        assert (served.point / "all/quick").read_bytes().startswith(b"quick")
    finally:
        let_go(disk, 1, 7)


def test_a_hung_search_times_out_while_others_are_served(
    serve: Serve, library: Path, threads: ThreadPoolExecutor
) -> None:
    gallery = serve("gallery", {"library": str(library)}, search_timeout_s=2)
    hung = [threads.submit(error_of, (gallery.point / "hung/a.jpg").stat)]
    hung += [threads.submit(error_of, lambda: names_of(gallery.point / "hung")) for _ in range(20)]
    assert names_of(gallery.point / "all") == names_of(library)
    assert (gallery.point / "all/a.jpg").read_bytes() == (library / "a.jpg").read_bytes()
    assert not any(one.done() for one in hung)
    assert {one.result(ANSWER_S) for one in hung} == {errno.ETIMEDOUT}
    assert "no answer within 2 s" in gallery.tree("reasons")
    assert gallery.tree("count", "prepare") == 1


def test_those_who_wait_for_the_same_search_share_it(gallery: Served, threads: ThreadPoolExecutor) -> None:
    waiting = [threads.submit(names_of, gallery.point / "slow") for _ in range(20)]
    assert [one.result(ANSWER_S) for one in waiting] == [[]] * 20
    assert gallery.tree("count", "prepare") == 1


def test_a_query_that_cannot_be_parsed_is_invalid_and_says_why(gallery: Served) -> None:
    assert error_of(lambda: names_of(gallery.point / "bad-query")) == errno.EINVAL
    assert any("unbalanced quote" in reason for reason in gallery.tree("reasons"))


def test_a_text_that_hangs_times_out(serve: Serve, library: Path, threads: ThreadPoolExecutor) -> None:
    gallery = serve("gallery", {"library": str(library)}, search_timeout_s=0.3)
    path = gallery.point / "hung-texts/text"
    assert names_of(path.parent) == ["text"]
    assert threads.submit(error_of, path.stat).result(ANSWER_S) == errno.ETIMEDOUT


# ---- A library that fails ----


def test_a_read_that_fails_is_an_io_error(serve: Serve, disk: Path) -> None:
    served = serve("on_slow_disk", {"disk": str(disk)})
    assert error_of((served.point / "all/bad").read_bytes) == errno.EIO


def test_a_library_that_went_away_is_an_io_error_and_comes_back(gallery: Served, library: Path) -> None:
    path = gallery.point / "all/a.jpg"
    away = library.rename(library.with_name("away"))
    assert error_of(path.read_bytes) == errno.EIO
    assert path.stat().st_size == 100_000
    away.rename(library)
    assert path.read_bytes() == (library / "a.jpg").read_bytes()


def test_what_took_a_photos_place_is_not_opened(gallery: Served, library: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("for the daemon's eyes")
    (library / "a.jpg").unlink()
    (library / "a.jpg").symlink_to(secret)
    (library / "c.jpg").unlink()
    os.mkfifo(library / "c.jpg")
    assert error_of((gallery.point / "all/a.jpg").read_bytes) == errno.EIO
    assert error_of((gallery.point / "all/c.jpg").read_bytes) == errno.EIO


def test_a_photo_that_is_gone_is_not_found(gallery: Served) -> None:
    path = gallery.point / "all/a.jpg"
    gallery.tree("drop", 1)
    assert error_of(path.stat) == errno.ENOENT
    assert "a.jpg" not in names_of(path.parent)
