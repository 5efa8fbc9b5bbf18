"""Power that fails at any moment, a disk that fills up, events that the kernel drops."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.component.small_disk import small_disk
from tests.faults.home import Home, known_in
from tests.mount.photographer import Shot, take

MOMENTS = 12
FLOOD = 12_000
"""Renames forth and back: more events than the kernel keeps for one who does not listen (16,384 by default)."""


def test_what_is_on_the_disk_at_any_moment_is_a_clean_store(make_home: Callable[..., Home], tmp_path: Path) -> None:
    home = make_home()
    for number in range(300):
        shot = Shot("2013:06:15 10:00:00", tags=(f"number {number}",))
        take(home.folder / f"{number % 7}" / f"{number:03}.jpg", shot)
    home.start()
    assert home.process is not None
    chance, most = random.Random(12), 0
    for moment in range(MOMENTS):
        time.sleep(chance.uniform(0.02, 0.4))
        home.process.send_signal(signal.SIGSTOP)  # a store that is written meanwhile is no moment of it
        copy = tmp_path / f"moment {moment}"
        shutil.copytree(home.state / "store", copy)
        home.process.send_signal(signal.SIGCONT)
        known = len(known_in(copy))
        assert known >= most, "what had been committed is not there any more"
        most = known
    home.kill()
    home.start()
    home.rest()
    assert home.health()["photos"] == 300
    home.end()


def test_a_full_disk_pauses_the_work_and_room_resumes_it(make_home: Callable[..., Home], tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    with small_disk(place, kind="tmpfs", megabytes=200) as disk:
        home = make_home()
        home.state = disk / "state"
        take(home.folder / "first.jpg", Shot(shade=1))
        home.start()
        home.rest()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - (32 << 20)))
        take(home.folder / "second.jpg", Shot(shade=2))
        home.until(lambda: any("is full" in line for line in home.health()["alerts"]))
        assert home.names() == ["first.jpg"]
        assert (home.mount / "recent" / "first.jpg").read_bytes() == (home.folder / "first.jpg").read_bytes()
        ballast.unlink()
        home.until(lambda: home.names() == ["first.jpg", "second.jpg"])
        home.until(lambda: home.health()["state"] == "running")
        home.end()
        home.known()


def test_events_that_the_kernel_dropped_are_made_up_for_by_a_scan(make_home: Callable[..., Home]) -> None:
    home = make_home()
    take(home.folder / "there" / "first.jpg", Shot(shade=1))
    home.start()
    home.rest()
    assert home.process is not None
    home.process.send_signal(signal.SIGSTOP)
    one, other = home.folder / "there" / "one.jpg", home.folder / "there" / "other.jpg"
    take(one, Shot(shade=2))
    for _ in range(FLOOD // 2):
        one.rename(other)
        other.rename(one)
    take(home.folder / "late" / "deep" / "last.jpg", Shot(shade=3))
    home.process.send_signal(signal.SIGCONT)
    home.until(lambda: home.names() == ["first.jpg", "last.jpg", "one.jpg"])
    take(home.folder / "late" / "deep" / "later.jpg", Shot(shade=4))
    home.until(lambda: "later.jpg" in home.names())
    home.end()
    home.known()
