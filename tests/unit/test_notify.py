"""Notifications to systemd, received by a real datagram socket; levels in the journal."""

from __future__ import annotations

import logging
import math
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from photofsd.daemon.logs import (
    JOURNAL_FORMAT,
    PLAIN_FORMAT,
    JournalFormatter,
    LineFormatter,
    is_the_journal,
    start_logging,
)
from photofsd.daemon.notify import Notifier, feed_watchdog


class Manager:
    """Stands for systemd: receives what is sent to its socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(5)

    def received(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@photofsd-test-{os.getpid()}"
    manager = Manager(address)
    yield manager
    manager.close()


def test_each_event_is_one_datagram_of_the_protocol(manager: Manager) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.address})
    notifier.ready("1,203 photos")
    assert manager.received() == ["READY=1", "STATUS=1,203 photos"]
    notifier.status("scanning")
    assert manager.received() == ["STATUS=scanning"]
    notifier.reloading()
    reloading, clock = manager.received()
    assert reloading == "RELOADING=1"
    assert int(clock.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.still_starting("part 2 of 16", 90)
    assert manager.received() == ["EXTEND_TIMEOUT_USEC=90000000", "STATUS=part 2 of 16"]
    notifier.stopping("unmounting")
    assert manager.received() == ["STOPPING=1", "STATUS=unmounting"]
    notifier.alive()
    assert manager.received() == ["WATCHDOG=1"]


def test_a_status_cannot_smuggle_in_another_variable(manager: Manager) -> None:
    Notifier({"NOTIFY_SOCKET": manager.address}).status("a name with\nMAINPID=1\udcff")
    assert manager.received() == ["STATUS=a name with MAINPID=1?"]


def test_outside_of_systemd_nothing_happens(caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier({})
    notifier.ready("up")
    assert math.isinf(notifier.watchdog_s)
    assert not caplog.records


def test_a_service_manager_that_is_gone_is_logged_once_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notifier.status("one")
    notifier.status("two")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    "environ, seconds",
    [
        ({"WATCHDOG_USEC": "60000000"}, 60),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, math.inf),
        ({"WATCHDOG_USEC": "0"}, math.inf),
        ({"WATCHDOG_USEC": "soon"}, math.inf),
    ],
)
def test_the_watchdog_is_meant_for_the_process_that_it_names(environ: dict[str, str], seconds: float) -> None:
    assert Notifier(environ).watchdog_s == seconds


def test_the_watchdog_is_fed_twice_in_its_interval(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "60000000"})

    async def five_minutes() -> None:
        with trio.move_on_after(299):
            await feed_watchdog(notifier)

    trio.run(five_minutes, clock=trio.testing.MockClock(autojump_threshold=0))
    meals = [manager.received() for _ in range(10)]
    assert meals == [["WATCHDOG=1"]] * 10
    manager.close()


def test_without_a_watchdog_feeding_ends_at_once() -> None:
    trio.run(feed_watchdog, Notifier({}))


def test_every_line_of_a_traceback_has_its_level() -> None:
    try:
        int("two\nlines")
    except ValueError:
        record = logging.LogRecord("photofsd", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    lines = JournalFormatter("%(message)s").format(record).splitlines()
    assert lines[:2] == ["<3>failed", "<3>    Traceback (most recent call last):"]
    assert all(line.startswith("<3>    ") for line in lines[1:])


@pytest.mark.parametrize("formatter", [LineFormatter(PLAIN_FORMAT), JournalFormatter(JOURNAL_FORMAT)])
def test_a_name_in_a_message_or_in_an_error_forges_no_line(formatter: logging.Formatter) -> None:
    name = "a.jpg\n<3>forged\x1b[2J\x85forged\u2028\u202eforged"
    error = ValueError(name)
    record = logging.LogRecord(
        "photofsd", logging.WARNING, __file__, 1, "%s is bad", (name,), (ValueError, error, None)
    )
    first, *trace = formatter.format(record).splitlines()
    assert first.endswith(r"a.jpg\n<3>forged\x1b[2J\x85forged\u2028\u202eforged is bad")
    assert trace
    assert all("    " in line[:7] for line in trace)
    assert not {"\x1b", "\u202e"} & set("".join(trace))


@pytest.mark.parametrize(
    "level, prefix",
    [(logging.CRITICAL, "<2>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"), (logging.DEBUG, "<7>"), (25, "<6>")],
)
def test_levels_become_priorities(level: int, prefix: str) -> None:
    record = logging.LogRecord("photofsd", level, __file__, 1, "text", None, None)
    assert JournalFormatter().format(record) == f"{prefix}text"


def test_the_journal_is_recognised_by_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        stat = os.fstat(stream.fileno())
        assert is_the_journal(stream.fileno(), {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"})
        assert not is_the_journal(stream.fileno(), {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino + 1}"})
        assert not is_the_journal(stream.fileno(), {})


@pytest.mark.parametrize(
    "reader, pattern",
    [("journal", r"<4>photofsd\.test: low"), ("terminal", r"\d{4}-.* WARNING photofsd\.test: low")],
)
def test_the_log_goes_to_stderr_in_the_form_of_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, pattern: str
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    with (tmp_path / "stderr").open("w") as stream:
        stat = os.fstat(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        start_logging("warning", {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"} if reader == "journal" else {})
        logging.getLogger("photofsd.test").info("not this")
        logging.getLogger("photofsd.test").warning("low")
    assert re.fullmatch(pattern + "\n", (tmp_path / "stderr").read_text())
