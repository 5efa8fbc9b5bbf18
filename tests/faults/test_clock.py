"""The wall clock jumps forth and back under a running daemon: photos arrive, settle, are tried again as ever."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.home import Home
from tests.faults.nas import Nas, nas
from tests.mount.photographer import Shot, take
from tests.preloaded import preloaded

YEAR_S = 365 * 86_400
SOURCE = Path(__file__).with_name("skewed_clock.c")


class Clock:
    """The wall clock of the programs that are started with `environ`."""

    def __init__(self, place: Path) -> None:
        self._skew = place / "skew"
        self.environ = {**preloaded(SOURCE, place), "SKEW_FILE": str(self._skew)}
        self.be_wrong_by(0)

    def be_wrong_by(self, seconds: int) -> None:
        fresh = self._skew.with_name("fresh")
        fresh.write_text(str(seconds))
        fresh.rename(self._skew)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Nas]:
    with nas(tmp_path) as one:
        yield one


def test_photos_arrive_whatever_the_clock_says(make_home: Callable[..., Home], clock: Clock) -> None:
    home = make_home()
    take(home.folder / "0.jpg", Shot(shade=1))
    home.start(clock.environ)
    home.rest()
    for number, skew_s in enumerate((YEAR_S, -YEAR_S, 0, -3600, 60), start=1):
        clock.be_wrong_by(skew_s)
        take(home.folder / f"{number}.jpg", Shot(shade=number + 1))
        home.until(lambda number=number: f"{number}.jpg" in home.names())
        home.rest()
        assert home.scan(full=True)["problems"] == []
    assert home.done() == 6
    home.end()


def test_what_was_put_off_before_the_clock_was_set_back_is_not_put_off_for_a_year(
    make_home: Callable[..., Home], clock: Clock, disk: Nas
) -> None:
    take(disk.disk / "bad.jpg", Shot(shade=1))
    disk.fail(errno.EIO, "bad.jpg", to=("open",))
    home = make_home(disk.point)
    clock.be_wrong_by(YEAR_S)
    home.start(clock.environ)
    home.until(lambda: (home.health()["stages"]["identify"]["waiting"] or "").startswith("trying again"))
    disk.recover()
    clock.be_wrong_by(0)
    home.until(lambda: home.names() == ["bad.jpg"])
    home.end()


def test_a_restart_in_another_year_reads_nothing_again(make_home: Callable[..., Home], clock: Clock) -> None:
    home = make_home()
    for number in range(5):
        take(home.folder / f"{number}.jpg", Shot(shade=number))
    home.start(clock.environ)
    home.rest()
    home.end()
    before = home.known()
    for skew_s in (-YEAR_S, YEAR_S):
        clock.be_wrong_by(skew_s)
        home.start(clock.environ)
        home.rest()
        assert (home.done(), home.health()["alerts"]) == (5, [])
        assert home.health()["stages"]["identify"]["rate_per_s"] == 0, "something was read again"
        home.end()
    assert home.known() == before
