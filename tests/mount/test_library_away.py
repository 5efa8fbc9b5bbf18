"""The NAS goes away and comes back, new photos arrive, many vanish: a real daemon, a real mount, a real tmpfs."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mount.photographer import Shot, take
from tests.mount.walker import daemon

PHOTOS = 20
LIMIT_S = 30.0

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a tmpfs to play the NAS")


class Home:
    """A library on a file system of its own, and a daemon over it."""

    def __init__(self, place: Path) -> None:
        self.nas = place / "nas"
        self.state = place / "state"
        self.mount = place / "photos"
        self.nas.mkdir()

    def plug(self) -> None:
        """Mount the file system of the library, always the same one."""
        subprocess.run(["mount", "--bind", self.nas.parent / "disk", self.nas], check=True)

    def unplug(self) -> None:
        """Leave an empty mount point."""
        subprocess.run(["umount", "-l", self.nas], check=True)

    def ask(self, *command: str) -> Any:  # noqa: ANN401 - JSON
        """What a command answers, as JSON."""
        whole = [sys.executable, "-m", "photofsd", *command, "--state", str(self.state)]
        return json.loads(subprocess.run(whole, check=True, capture_output=True).stdout)

    def scan(self, *options: str) -> str:
        """Scan and wait; what was said."""
        whole = [sys.executable, "-m", "photofsd", "scan", "--wait", *options, "--state", str(self.state)]
        done = subprocess.run(whole, check=False, capture_output=True, text=True)
        return done.stdout + done.stderr

    def recent(self) -> list[str]:
        return sorted(os.listdir(self.mount / "recent"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    disk = tmp_path / "disk"
    for number in range(PHOTOS):
        take(disk / str(number % 3) / f"{number:02}.jpg", Shot("2013:06:15 10:00:00", shade=number))
    home = Home(tmp_path)
    home.plug()
    try:
        with daemon(home.nas, home.state, home.mount):
            yield home
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            home.unplug()


def until(claim: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + LIMIT_S
    while not claim():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.1)


def test_a_library_that_goes_away_loses_nothing_and_comes_back_as_it_was(home: Home) -> None:
    names = home.recent()
    done = home.ask("status", "--json")["stages"]["identify"]["done"]
    home.unplug()
    home.scan()
    status = home.ask("status", "--json")
    assert status["state"] == "degraded"
    assert not status["library"][0]["online"]
    assert status["photos"] == PHOTOS
    assert home.recent() == names
    with pytest.raises(OSError, match="Input/output error") as caught:
        (home.mount / "recent" / names[0]).read_bytes()
    assert caught.value.errno == errno.EIO
    home.plug()
    home.scan()
    status = home.ask("status", "--json")
    assert status["library"][0]["online"]
    assert status["photos"] == PHOTOS
    assert status["stages"]["identify"]["done"] == done
    assert (home.mount / "recent" / names[0]).read_bytes()


def test_a_new_photo_is_in_the_views_by_itself(home: Home) -> None:
    assert not (home.mount / "by-date" / "2020").exists()
    take(home.nas / "new" / "fresh.jpg", Shot("2020:02:29 12:00:00", shade=200))
    fresh = home.mount / "by-date" / "2020" / "02" / "29" / "fresh.jpg"
    until(fresh.exists)
    assert fresh.read_bytes() == (home.nas / "new" / "fresh.jpg").read_bytes()


def test_a_photo_that_is_removed_leaves_the_views_by_itself(home: Home) -> None:
    shown = home.mount / "by-date" / "2013" / "06" / "15" / "03.jpg"
    assert shown.exists()
    next(home.nas.rglob("03.jpg")).unlink()
    until(lambda: not shown.exists())


def test_a_renamed_folder_keeps_its_photos_and_nothing_is_read_again(home: Home) -> None:
    inode = (home.mount / "folders" / "0" / "00.jpg").stat().st_ino
    done = home.ask("status", "--json")["stages"]["identify"]["done"]
    (home.nas / "0").rename(home.nas / "renamed")
    home.scan()
    assert (home.mount / "folders" / "renamed" / "00.jpg").stat().st_ino == inode
    assert home.ask("status", "--json")["stages"]["identify"]["done"] == done
    assert len(home.recent()) == PHOTOS


def test_a_scan_of_a_folder_that_is_in_no_library_is_refused(home: Home) -> None:
    assert "lies in no library folder" in home.scan("/")


def test_a_copy_that_is_removed_leaves_its_folder_by_itself(home: Home) -> None:
    shutil.copy(home.nas / "0" / "00.jpg", home.nas / "1" / "copy.jpg")
    shown = home.mount / "folders" / "1" / "copy.jpg"
    until(shown.exists)
    (home.nas / "1" / "copy.jpg").unlink()
    until(lambda: not shown.exists())
    assert (home.mount / "folders" / "0" / "00.jpg").exists()


def test_many_photos_that_vanish_at_once_are_held_until_the_user_says_so(home: Home) -> None:
    shutil.rmtree(home.nas / "1")
    assert "confirm-deletions" in home.scan()
    assert len(home.recent()) == PHOTOS
    assert any("confirm-deletions" in alert for alert in home.ask("status", "--json")["alerts"])
    home.scan("--confirm-deletions")
    assert len(home.recent()) == PHOTOS - len(range(1, PHOTOS, 3))
    assert home.ask("status", "--json")["alerts"] == []
