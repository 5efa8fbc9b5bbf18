"""`make run` on a terminal: what it says, and that ending it leaves nothing behind."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.mount.conftest import need_fuse

CHECKOUT = Path(__file__).parents[2]
READY = b"Ctrl-C ends it"
STARTED_WITHIN_S = 60
ENDED_WITHIN_S = 30


class TrialRun:
    """The recipe of `make run` under a make of its own, on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.mount = folder / "mnt"
        library = folder / "library"
        library.mkdir()
        Image.new("RGB", (32, 24), "teal").save(library / "a.jpg")
        self._options = ("--library", str(library), "--mount", str(self.mount), "--state", str(folder / "state"))
        recipe = f'@exec "{sys.executable}" -m contrib.setup.run {" ".join(self._options)}'
        (folder / "Makefile").write_text(f"run:\n\t{recipe}\n")
        self._terminal, ours = pty.openpty()
        self.make = subprocess.Popen(
            ["setsid", "--ctty", "make", "-f", folder / "Makefile", "run"],
            cwd=CHECKOUT,
            stdin=ours,
            stdout=ours,
            stderr=ours,
        )
        os.close(ours)
        self.said = b""

    def wait_until_ready(self) -> None:
        """Read the terminal until the hints are there."""
        deadline = time.monotonic() + STARTED_WITHIN_S
        while READY not in self.said:
            assert time.monotonic() < deadline, self.said
            self.said += os.read(self._terminal, 65536)

    def run_again(self) -> subprocess.CompletedProcess[bytes]:
        """The same without a terminal, until it ends."""
        words = [sys.executable, "-m", "contrib.setup.run", *self._options]
        return subprocess.run(words, cwd=CHECKOUT, capture_output=True, check=False, timeout=ENDED_WITHIN_S)

    def type(self, keys: bytes) -> None:
        """Type on the terminal."""
        os.write(self._terminal, keys)

    def close(self) -> None:
        """End what still runs."""
        if self.make.poll() is None:
            self.make.terminate()
            self.make.wait(ENDED_WITHIN_S)
        if self.mount.is_mount():
            program = Path(sys.executable).with_name("photofsd")
            subprocess.run([program, "unmount", *self._options], check=True)
        os.close(self._terminal)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[TrialRun]:
    need_fuse()
    running = TrialRun(tmp_path)
    yield running
    running.close()


def test_ctrl_c_ends_make_run_with_exit_code_0_and_no_mount(trial: TrialRun) -> None:
    trial.wait_until_ready()
    assert trial.mount.is_mount()
    assert f"ls {trial.mount}/search/beach".encode() in trial.said
    assert b"--models" not in trial.said
    trial.type(b"\x03")
    assert trial.make.wait(ENDED_WITHIN_S) == 0
    assert not trial.mount.is_mount()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ending_make_ends_the_daemon_too(number: signal.Signals, trial: TrialRun) -> None:
    trial.wait_until_ready()
    # As a terminal does that goes away: to all of make's group.
    os.killpg(trial.make.pid, number)
    trial.make.wait(ENDED_WITHIN_S)
    deadline = time.monotonic() + ENDED_WITHIN_S
    while trial.mount.is_mount():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_run_beside_the_first_says_why_it_cannot_and_gives_no_hints(trial: TrialRun) -> None:
    trial.wait_until_ready()
    second = trial.run_again()
    assert second.returncode == 1
    assert READY not in second.stdout
    assert b"another" in second.stderr
    assert trial.mount.is_mount()


def test_library_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "contrib.setup.run",
            "--library",
            tmp_path / "no",
            "--mount",
            tmp_path,
            "--state",
            tmp_path,
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "is no folder: give one with PHOTOS=DIR" in result.stderr


def test_recipe_of_make_run_is_the_one_tested_here() -> None:
    recipe = (CHECKOUT / "Makefile").read_text()
    assert "\t@exec $(PYTHON_IN_VENV) -m contrib.setup.run --library" in recipe


@pytest.mark.parametrize("photos, is_demo", [("", True), ("PHOTOS=/nas/photos", False)])
def test_the_demo_model_is_for_the_sample_library_alone(photos: str, is_demo: bool) -> None:  # noqa: FBT001
    words = ["make", "--dry-run", "run", *photos.split()]
    said = subprocess.run(words, cwd=CHECKOUT, capture_output=True, check=True, text=True).stdout
    line = next(line for line in said.replace("\\\n", " ").splitlines() if "contrib.setup.run" in line)
    assert ("--demo" in line) is is_demo
