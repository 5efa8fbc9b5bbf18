"""The program against the real daemon: run, wait, ask, search, unmount; and a daemon that was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from photofsd.fuse.mount_point import held
from photofsd.mounts import OUR_FILE_SYSTEM, detach, mount_at, mounts

STUCK_DAEMON = Path(__file__).with_name("stuck_daemon.py")
PHOTOS = ("beach.jpg", "mountain.jpg", "forest.jpg")


class Installation:
    """A library of three photos, and the program with its folders."""

    def __init__(self, folder: Path) -> None:
        self.library, self.state, self.tree = folder / "library", folder / "state", folder / "tree"
        self.library.mkdir()
        for number, name in enumerate(PHOTOS):
            Image.new("RGB", (32, 32), (80 * number, 0, 0)).save(self.library / name)

    def words(self, *words: str) -> list[str]:
        places = [f"--library={self.library}", f"--state={self.state}", f"--mount={self.tree}"]
        return [sys.executable, "-m", "photofsd", *words, *places]

    def photofsd(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(*words), capture_output=True, check=False, text=True, timeout=90)

    def is_mounted(self) -> bool:
        mount = mount_at(os.fsencode(self.tree), mounts())
        return mount is not None and mount.file_system == OUR_FILE_SYSTEM

    @contextlib.contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon, idle; killed at the end if it still runs."""
        with subprocess.Popen(self.words("run")) as daemon:
            try:
                waited = self.photofsd("wait", "--timeout", "60")
                assert waited.returncode == 0, waited.stderr
                yield daemon
            finally:
                daemon.kill()

    @contextlib.contextmanager
    def hung_daemon(self) -> Iterator[None]:
        """A daemon that answers nobody, neither at its socket nor in its tree."""
        with self.daemon() as daemon:
            daemon.send_signal(signal.SIGSTOP)
            yield


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no FUSE here: /dev/fuse cannot be opened")
    installation = Installation(tmp_path)
    yield installation
    if installation.is_mounted():
        detach(installation.tree)


def test_the_commands_work_with_the_daemon_and_unmount_ends_it(installation: Installation) -> None:
    with installation.daemon() as daemon:
        health = json.loads(installation.photofsd("status", "--json").stdout)
        assert (health["state"], health["photos"], health["failed"]) == ("running", 3, 0)
        assert health["library"][0]["online"]
        found = installation.photofsd("search", "mountain")
        assert found.stdout == f"{installation.library}/mountain.jpg\n"
        (installation.library / "new.jpg").write_bytes((installation.library / "beach.jpg").read_bytes() + b"\0")
        assert installation.photofsd("scan", "--wait", "--full").returncode == 0
        paused = json.loads(installation.photofsd("stages", "pause", "metadata", "--json").stdout)
        assert paused["stages"]["metadata"]["waiting"]
        assert installation.photofsd("ctl", "reload").stdout == "nothing has changed\n"
        assert installation.photofsd("check").returncode == 0
        ended = installation.photofsd("unmount")
        assert ended.stdout == f"unmounted {installation.tree}\n"
        assert daemon.wait(30) == 0
    assert not installation.is_mounted()
    assert installation.photofsd("status").returncode == 3
    assert installation.photofsd("search", "mountain").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_that_come_while_the_daemon_ends_change_nothing(installation: Installation, number: int) -> None:
    with installation.daemon() as daemon:
        daemon.send_signal(signal.SIGTERM)
        while daemon.poll() is None:
            daemon.send_signal(number)
            time.sleep(0.001)
        assert daemon.returncode == 0
    assert not installation.is_mounted()
    assert not (installation.state / "control.sock").exists()


def test_a_daemon_that_was_killed_is_diagnosed_and_its_mount_taken_away(installation: Installation) -> None:
    with installation.daemon() as daemon:
        daemon.send_signal(signal.SIGKILL)
        daemon.wait(30)
    assert installation.is_mounted()
    examined = installation.photofsd("doctor", "--json")
    assert examined.returncode == 1
    findings = {finding["check"]: finding for finding in json.loads(examined.stdout)}
    assert findings["mount point"]["level"] == "problem"
    assert findings["mount point"]["advice"] == "photofsd unmount"
    assert installation.photofsd("unmount").returncode == 0
    assert not installation.is_mounted()


@pytest.mark.usefixtures("fuse_controls")
def test_a_daemon_that_was_killed_while_it_waited_for_its_own_mount_is_cut_loose(installation: Installation) -> None:
    """It cannot end, and so would keep its lock and its mount for ever: whoever comes after it would be refused."""
    stuck = [sys.executable, STUCK_DAEMON, installation.state, installation.tree]
    with subprocess.Popen(stuck, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "waits for itself\n"
        with held(installation.tree) as mount:
            assert mount is not None
            killed.kill()
            try:
                with pytest.raises(subprocess.TimeoutExpired):
                    killed.wait(1)
                with installation.daemon():
                    assert killed.wait(30) == -signal.SIGKILL
                    assert set(PHOTOS) <= set(os.listdir(installation.tree / "recent"))
            finally:
                mount.cut()  # else a failure would wait for ever


def test_a_lock_that_a_living_daemon_holds_is_left_alone(installation: Installation) -> None:
    with installation.daemon() as daemon:
        refused = installation.photofsd("run")
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert f"another daemon (process {daemon.pid}) works in {installation.state}" in refused.stderr
        assert set(PHOTOS) <= set(os.listdir(installation.tree / "recent"))


@pytest.mark.parametrize("words", [("doctor",), ("config", "show"), ("search", "beach")])
def test_a_command_does_not_wait_for_a_tree_that_hangs(installation: Installation, words: tuple[str, ...]) -> None:
    with installation.hung_daemon():
        assert installation.photofsd(*words).stdout


@pytest.mark.usefixtures("fuse_controls")
def test_unmount_takes_the_tree_of_a_daemon_that_hangs_away_and_frees_who_waits(installation: Installation) -> None:
    with installation.hung_daemon(), subprocess.Popen(["ls", installation.tree / "recent"]) as waiting:
        ended = installation.photofsd("unmount")
        assert ended.stdout == f"unmounted {installation.tree}\n"
        assert not installation.is_mounted()
        assert waiting.wait(30) != 0
