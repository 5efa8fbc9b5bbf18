"""A NAS that hangs, fails or lies: nothing is lost, nothing is given up, the mount and the status stay alive."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.home import Home, queue_in
from tests.faults.nas import Nas, nas
from tests.mount.photographer import Shot, take

PHOTOS = 12


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Nas]:
    with nas(tmp_path) as one:
        for number in range(PHOTOS):
            take(one.disk / f"{number % 2}" / f"{number:02}.jpg", Shot("2013:06:15 10:00:00", shade=number))
        yield one


@pytest.fixture
def home(make_home: Callable[..., Home], disk: Nas) -> Home:
    """A daemon on that NAS, its first work done."""
    home = make_home(disk.point, readers__file_timeout_s=5.0)
    home.start()
    home.until(lambda: are_read(home, *(f"{number:02}.jpg" for number in range(PHOTOS))))
    return home


def are_read(home: Home, *names: str) -> bool:
    """Claim: these photos are known. One that a busy machine has not read in time is tried again."""
    home.rest()
    found = set(names) <= set(home.names())
    if not found:
        home.retry()
    return found


def test_a_nas_that_hangs_holds_up_neither_the_tree_nor_the_status(home: Home, disk: Nas) -> None:
    disk.hang()
    assert home.health()["photos"] == PHOTOS  # whoever asked the NAS for this would never hear anything
    assert len(home.names("by-date/2013/06/15")) == PHOTOS
    assert (home.mount / "recent" / "03.jpg").stat().st_size
    assert len(home.names("search/2013")) == PHOTOS
    report = home.scan()
    assert any("does not answer" in line for line in report["problems"])
    health = home.health()
    assert (health["state"], health["photos"]) == ("degraded", PHOTOS)
    assert not health["library"][0]["online"]
    disk.recover()
    home.until(lambda: not home.scan()["problems"])
    assert home.health()["library"][0]["online"]
    assert home.done() == PHOTOS
    home.end()


@pytest.mark.slow
def test_a_nas_that_hangs_in_the_middle_of_a_scan_is_said_and_scanned_to_the_end_later(home: Home, disk: Nas) -> None:
    take(disk.disk / "1" / "new.jpg", Shot(shade=99))
    disk.hang("/1", to=("opendir",))
    home.ask_for_scan()
    home.until(lambda: any("a scan waits for it" in line for line in home.health()["alerts"]))
    assert len(home.names()) == PHOTOS
    disk.recover()
    home.until(lambda: "new.jpg" in home.names())
    home.until(lambda: not home.health()["alerts"])
    home.end()


def test_a_read_that_hangs_is_put_off_and_done_when_the_nas_answers(home: Home, disk: Nas) -> None:
    disk.hang("slow.jpg", to=("read",))
    take(disk.disk / "1" / "slow.jpg", Shot(shade=98))
    take(disk.disk / "1" / "swift.jpg", Shot(shade=97))
    home.scan()
    home.until(lambda: "swift.jpg" in home.names())
    home.until(lambda: (home.health()["stages"]["identify"]["waiting"] or "").startswith("trying again"))
    assert home.health()["failed"] == 0
    disk.recover()
    home.until(lambda: are_read(home, "slow.jpg"))
    home.end()


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE], ids=["EIO", "ESTALE"])
def test_a_nas_that_fails_altogether_is_offline_and_nothing_is_gone(home: Home, disk: Nas, number: int) -> None:
    disk.fail(number)
    home.scan()
    health = home.health()
    assert (health["state"], health["photos"], health["failed"]) == ("degraded", PHOTOS, 0)
    assert not health["library"][0]["online"]
    assert len(home.names()) == PHOTOS
    with pytest.raises(OSError, match=r"error|denied") as caught:
        (home.mount / "recent" / "03.jpg").read_bytes()
    assert caught.value.errno in {errno.EIO, number}
    disk.recover()
    assert home.scan()["problems"] == []
    assert home.health()["state"] == "running"
    assert (home.mount / "recent" / "03.jpg").read_bytes() == (disk.disk / "1" / "03.jpg").read_bytes()
    assert home.done() == PHOTOS
    home.end()


def test_a_folder_that_may_not_be_read_keeps_what_was_in_it(home: Home, disk: Nas) -> None:
    disk.fail(errno.EACCES, "/1", to=("opendir",))
    report = home.scan(full=True)
    assert any("/1 cannot be read" in line for line in report["problems"])
    assert len(home.names()) == PHOTOS
    disk.recover()
    assert home.scan(full=True)["problems"] == []
    home.end()


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES], ids=["EIO", "EACCES"])
def test_a_file_that_fails_is_tried_again_and_not_given_up(home: Home, disk: Nas, number: int) -> None:
    disk.fail(number, "bad.jpg", to=("open",))
    take(disk.disk / "1" / "bad.jpg", Shot(shade=98))
    home.scan()
    home.until(lambda: (home.health()["stages"]["identify"]["waiting"] or "").startswith("trying again"))
    assert home.health()["failed"] == 0
    disk.recover()
    home.until(lambda: are_read(home, "bad.jpg"))
    home.end()


def test_a_file_that_vanishes_between_stat_and_open_waits_for_the_scan(home: Home, disk: Nas) -> None:
    disk.fail(errno.ENOENT, "ghost.jpg", to=("open",))
    take(disk.disk / "1" / "ghost.jpg", Shot(shade=98))
    home.scan()
    home.until(lambda: (home.health()["stages"]["identify"]["waiting"] or "").startswith("trying again"))
    (disk.disk / "1" / "ghost.jpg").unlink()
    disk.recover()
    home.scan()
    assert home.health()["failed"] == 0
    home.end()
    assert queue_in(home.state / "store")["identify"] == (0, PHOTOS, 0)


def test_a_file_that_reads_shorter_than_it_is_said_to_be_never_becomes_another_photo(home: Home, disk: Nas) -> None:
    disk.shorten("torn.jpg")
    take(disk.disk / "1" / "torn.jpg", Shot(shade=98))
    home.scan()
    home.until(lambda: (home.health()["stages"]["identify"]["waiting"] or "").startswith("trying again"))
    assert "torn.jpg" not in home.names()
    disk.recover()
    home.until(lambda: are_read(home, "torn.jpg"))
    content = (disk.disk / "1" / "torn.jpg").read_bytes()
    assert (home.mount / "recent" / "torn.jpg").read_bytes() == content
    home.end()


def test_one_of_two_libraries_is_away_and_the_other_goes_on(
    make_home: Callable[..., Home], disk: Nas, tmp_path: Path
) -> None:
    near = tmp_path / "near"
    take(near / "a.jpg", Shot(shade=90))
    home = make_home(disk.point, near)
    home.start()
    home.rest()
    disk.hang()
    take(near / "b.jpg", Shot(shade=91))
    home.until(lambda: "b.jpg" in home.names())
    home.until(lambda: len(home.names("folders/near")) == 2)
    away = sorted(os.fsencode(path) for path in disk.disk.rglob("*.jpg"))
    assert home.health()["photos"] == len(away) + 2
    home.scan()
    online = {library["path"]: library["online"] for library in home.health()["library"]}
    assert online == {str(disk.point): False, str(near): True}
    disk.recover()
    home.until(lambda: all(library["online"] for library in home.scan_and_health()["library"]))
    home.end()


def test_a_nas_that_hangs_does_not_keep_the_tree_from_being_unmounted(home: Home, disk: Nas) -> None:
    disk.hang("/1", to=("opendir",))
    home.ask_for_scan()
    home.until(lambda: home.health()["library"][0]["online"])
    home.terminate()
    home.until(lambda: home.layers() == [])
    disk.recover()
    home.ended()
