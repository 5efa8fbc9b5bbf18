"""A daemon that is told to end ends, whatever hangs in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photofsd.store.env import Store
from tests.mount.conftest import need_fuse
from tests.mount.hanging_daemon import COUNTER
from tests.mount.served import is_mounted, layers

DAEMON = Path(__file__).with_name("hanging_daemon.py")
LIMIT_S = 60.0


class Home:
    """Where a daemon that will hang has its things."""

    def __init__(self, place: Path) -> None:
        self.library, self.state, self.mount = place / "library", place / "state", place / "photos"
        self.library.mkdir()
        self.log = place / "daemon.log"

    def end(self, how: str) -> int:
        """Start a daemon, tell it to end as soon as it is ready, and return its exit code."""
        places = [f"--library={self.library}", f"--state={self.state}", f"--mount={self.mount}"]
        with self.log.open("wb") as log:
            process = subprocess.Popen([sys.executable, DAEMON, how, "run", *places], stderr=log)
        try:
            until = time.monotonic() + LIMIT_S
            while "ready: " not in self.log.read_text():
                assert time.monotonic() < until, self.log.read_text()
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            return process.wait(LIMIT_S)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    need_fuse()
    home = Home(tmp_path)
    yield home
    for _ in layers(home.mount):
        subprocess.run(["fusermount3", "-u", "-z", home.mount], check=True)


def test_a_thread_that_hangs_does_not_keep_the_daemon_and_what_was_submitted_is_committed(home: Home) -> None:
    assert home.end("thread") == 1
    assert "does not end" in home.log.read_text()
    assert "in wait_for_ever" in home.log.read_text()
    assert not is_mounted(home.mount)
    assert os.listdir(home.mount) == []
    store = Store.open(home.state / "store")
    try:
        with store.read() as txn:
            assert txn.counter(COUNTER) == 1
    finally:
        store.close()


def test_a_daemon_whose_interpreter_is_held_for_ever_ends_and_says_where(home: Home) -> None:
    assert home.end("interpreter") == 1
    assert "in hang_the_interpreter" in home.log.read_text()
