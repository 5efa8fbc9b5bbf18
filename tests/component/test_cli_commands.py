"""The commands that talk to the daemon: the program as a process, a real control socket, replies of the test's own."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from photofsd.daemon.commands import (
    Health,
    Reload,
    Scan,
    ScanResult,
    SearcherHealth,
    StageHealth,
    Stages,
    Status,
    Stop,
    Wait,
)
from photofsd.daemon.control import Report
from photofsd.daemon.protocol import SOCKET_NAME, Message
from photofsd.errors import UsageError

Program = Callable[..., subprocess.CompletedProcess[bytes]]
Serving = Callable[..., contextlib.AbstractContextManager[None]]

METADATA: StageHealth = {
    "queued": 1203,
    "running": 8,
    "done": 40,
    "failed": 2,
    "waiting": None,
    "rate_per_s": 31.25,
    "retries_per_min": 7,
}
SEARCHER: SearcherHealth = {
    "state": "off",
    "waiting": "no model is installed",
    "model": None,
    "floor": None,
    "memory_mb": 0,
    "mapped_mb": 0,
    "vectors": 0,
    "annoy_generation": None,
    "tail": 0,
}
HEALTH: Health = {
    "version": "0.1.0",
    "state": "running",
    "mount": "/mnt/photos",
    "library": [
        {"path": "/nas/\udcff", "online": True, "last_scan": "2024-06-15T08:00:00Z"},
        {"path": "/nas/more", "online": False, "last_scan": None},
    ],
    "photos": 12345,
    "files": 12400,
    "failed": 2,
    "stages": {"metadata": METADATA},
    "index": {
        "vectors": 0,
        "annoy_generation": None,
        "tail": 0,
        "text_docs": 12345,
        "similar": 40,
        "similar_queued": 1203,
    },
    "people": {"named": 12, "unknown": 1203, "faces": 4120, "waiting": "grouping 4,120 faces"},
    "searcher": SEARCHER,
    "models": {"clip": {"id": "demo-0123", "about": "DEMO MODEL: of drawings"}},
    "alerts": ["the disk is nearly full"],
}


async def status(_command: Status, _report: Report) -> Message:
    return HEALTH


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def test_status_json_is_what_the_daemon_says_and_nothing_else(photofsd: Program, serving: Serving, state: Path) -> None:
    with serving(state, {Status: status}):
        done = photofsd("status", "--json", "--state", state)
    assert done.returncode == 0
    assert json.loads(done.stdout) == HEALTH
    assert done.stderr == b""


def test_status_is_readable_and_safe_for_a_terminal(photofsd: Program, serving: Serving, state: Path) -> None:
    with serving(state, {Status: status}):
        done = photofsd("status", "--state", state)
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "photofsd 0.1.0 is running; the tree is at /mnt/photos"
    assert "! the disk is nearly full" in lines
    assert r"/nas/\xff  online   last scan 2024-06-15T08:00:00Z" in lines
    assert "/nas/more  OFFLINE  not scanned yet" in lines
    assert "12,345 photos, 12,400 files, 2 failed" in lines
    assert "people: 12 named, 1,203 not yet; faces: 4,120; grouping 4,120 faces" in lines
    assert "stage clip: demo-0123 (DEMO MODEL: of drawings)" in lines
    assert "searching by words only: no model is installed" in lines
    assert lines[-1].split() == ["metadata", "1,203", "8", "40", "2", "31.2", "7"]


@pytest.mark.parametrize("before", [True, False], ids=["before the command", "after the command"])
def test_options_stand_before_or_after_the_command(
    photofsd: Program, serving: Serving, state: Path, *, before: bool
) -> None:
    words = ["--state", state, "status", "--json"] if before else ["status", "--json", "--state", str(state)]
    with serving(state, {Status: status}):
        assert photofsd(*words).returncode == 0


def test_the_socket_is_found_through_the_configuration(
    photofsd: Program, serving: Serving, state: Path, tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_text('state = "state"')
    with serving(state, {Status: status}):
        done = photofsd("status", "--json", environ={"PHOTOFSD_CONFIG": str(tmp_path / "my.toml")})
    assert json.loads(done.stdout) == HEALTH


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["scan"], ["stages", "list"], ["ctl", "reload"]])
def test_without_a_daemon_a_command_exits_3_with_one_line(photofsd: Program, state: Path, words: list[str]) -> None:
    done = photofsd(*words, "--state", state)
    assert done.returncode == 3
    assert done.stdout == b""
    assert done.stderr.decode() == f"photofsd: the daemon isn't running: nobody answers at {state}/{SOCKET_NAME}\n"


def test_status_watch_shows_one_status_after_the_other(serving: Serving, state: Path) -> None:
    words = [sys.executable, "-m", "photofsd", "status", "--watch", "--json", "--state", str(state)]
    with serving(state, {Status: status}), subprocess.Popen(words, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert [json.loads(program.stdout.readline()) for _ in range(2)] == [HEALTH, HEALTH]
        program.send_signal(signal.SIGINT)
        assert program.wait(10) == 130


def test_scan_sends_absolute_paths_of_any_bytes(
    photofsd: Program, serving: Serving, state: Path, tmp_path: Path
) -> None:
    arrived: list[Scan] = []

    async def scan(command: Scan, _report: Report) -> Message:
        arrived.append(command)
        return {}

    with serving(state, {Scan: scan}):
        done = photofsd("scan", b"holiday/\xff", "/nas", "--full", "--confirm-deletions", "--state", state)
    assert done.returncode == 0
    here = tmp_path / "home"
    assert arrived == [Scan(paths=(f"{here}/holiday/\udcff", "/nas"), full=True, confirm_deletions=True)]


@pytest.mark.parametrize("problems", [[], ["/nas/locked: Permission denied", "/nas is offline"]])
def test_scan_that_waits_says_what_it_found(
    photofsd: Program, serving: Serving, state: Path, problems: list[str]
) -> None:
    found: ScanResult = {
        "folders": 7, "files": 2000, "added": 1999, "changed": 1, "moved": 0, "gone": 0, "problems": problems,
    }  # fmt: skip

    async def scan(command: Scan, report: Report) -> Message:
        assert command.wait
        await report({"folders": 3, "files": 1200})
        return found

    with serving(state, {Scan: scan}):
        done = photofsd("scan", "--wait", "--state", state)
    assert done.returncode == (4 if problems else 0)
    assert done.stdout == b"2,000 files in 7 folders: 1,999 added, 1 changed, 0 moved, 0 gone\n"
    progress, *said = done.stderr.decode().splitlines()
    assert progress == "scanning: 1,200 files in 3 folders"
    assert said[1:] == [f"  {line}" for line in problems]
    assert said[:1] == (["photofsd: not all of it could be done:"] if problems else [])


def test_wait_returns_when_the_daemon_is_idle(photofsd: Program, serving: Serving, state: Path) -> None:
    arrived: list[Wait] = []

    async def wait(command: Wait, report: Report) -> Message:
        arrived.append(command)
        await report({"scanned": False, "due": 0, "done": 0})
        await report({"scanned": True, "due": 3, "done": 1})
        return {}

    with serving(state, {Wait: wait}):
        done = photofsd("wait", "--stage", "metadata", "--timeout", "30", "--state", state)
    assert done.returncode == 0
    assert done.stdout == b""
    assert arrived == [Wait(stage="metadata")]


def test_wait_exits_1_at_the_time_out_and_says_what_is_due(photofsd: Program, serving: Serving, state: Path) -> None:
    async def wait(_command: Wait, report: Report) -> Message:
        await report({"scanned": True, "due": 1203, "done": 7})
        await trio.sleep_forever()

    with serving(state, {Wait: wait}):
        done = photofsd("wait", "--timeout", "1", "--state", state)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == b"photofsd: not finished after 1 s: 1,203 jobs are due"


def test_wait_exits_1_when_no_daemon_came_up_in_time(photofsd: Program, state: Path) -> None:
    done = photofsd("wait", "--timeout", "0.3", "--state", state)
    assert done.returncode == 1
    assert b"not finished after 0.3 s: the daemon isn't running" in done.stderr


def test_wait_waits_for_a_daemon_that_starts_later_and_starts_again(serving: Serving, state: Path) -> None:
    asked = threading.Event()

    async def never(_command: Wait, _report: Report) -> Message:
        asked.set()
        await trio.sleep_forever()

    async def at_once(_command: Wait, _report: Report) -> Message:
        return {}

    words = [sys.executable, "-m", "photofsd", "wait", "--timeout", "60", "--state", str(state)]
    with subprocess.Popen(words) as program:
        with serving(state, {Wait: never}):
            assert asked.wait(30)
        assert program.poll() is None
        with serving(state, {Wait: at_once}):
            assert program.wait(30) == 0


def test_stages_are_listed_and_steered(photofsd: Program, serving: Serving, state: Path) -> None:
    arrived: list[Stages] = []

    async def stages(command: Stages, _report: Report) -> Message:
        arrived.append(command)
        return {"stages": {"metadata": METADATA}, "jobs": 2}

    with serving(state, {Stages: stages}):
        listed = photofsd("stages", "list", "--json", "--state", state)
        paused = photofsd("stages", "pause", "metadata", "--state", state)
        retried = photofsd("stages", "retry", "--state", state)
    assert json.loads(listed.stdout) == {"stages": {"metadata": METADATA}, "jobs": 2}
    assert paused.stdout.splitlines()[0] == b"stage metadata paused"
    assert retried.stdout.splitlines()[0] == b"2 jobs will be tried again"
    assert arrived == [Stages(), Stages(action="pause", stage="metadata"), Stages(action="retry")]


def test_an_error_of_the_daemon_is_printed_and_sets_the_exit_code(
    photofsd: Program, serving: Serving, state: Path
) -> None:
    async def stages(_command: Stages, _report: Report) -> Message:
        raise UsageError("there is no stage metdata; did you mean metadata?")

    with serving(state, {Stages: stages}):
        done = photofsd("stages", "pause", "metdata", "--json", "--state", state)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr == b"photofsd: there is no stage metdata; did you mean metadata?\n"


def test_reload_says_what_was_applied(photofsd: Program, serving: Serving, state: Path) -> None:
    async def reload(_command: Reload, _report: Report) -> Message:
        return {"applied": ["recent.photos"], "needs_restart": ["mount.point"]}

    with serving(state, {Reload: reload}):
        done = photofsd("ctl", "reload", "--state", state)
    assert done.stdout == b"applied: recent.photos\nneeds a restart: mount.point\n"


def test_unmount_without_a_mount_says_so_and_leaves_the_daemon_alone(
    photofsd: Program, serving: Serving, state: Path, tmp_path: Path
) -> None:
    async def stop(_command: Stop, _report: Report) -> Message:
        raise AssertionError("nobody should be stopped")

    with serving(state, {Stop: stop}):
        done = photofsd("unmount", "--state", state, "--mount", tmp_path / "tree")
    assert (done.returncode, done.stdout) == (0, f"nothing is mounted at {tmp_path}/tree\n".encode())


def test_unmount_leaves_what_is_not_ours(photofsd: Program, state: Path) -> None:
    done = photofsd("unmount", "--state", state, "--mount", "/proc")
    assert done.returncode == 2
    assert done.stderr == b"photofsd: what is mounted at /proc is not ours but proc\n"
