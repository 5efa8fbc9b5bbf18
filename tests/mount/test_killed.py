"""kill -9 at random moments: the same final state, a clean store, no stale mount, no child left."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from photofsd.store import assets, facets, jobs, paths
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.types import AssetId, Facet
from tests.mount.photographer import Shot, take
from tests.mount.walker import daemon

PHOTOS = 300


def fill(folder: Path) -> None:
    for number in range(PHOTOS):
        date = f"20{number % 20:02}:06:{number % 28 + 1:02} 12:00:00"
        take(
            folder / f"{number % 7}" / f"{number:03}.jpg",
            Shot(date, gps=(43.46, 11.88), shade=number, rating=number % 6),
        )


def final_state(state: Path) -> dict[bytes, Any]:
    """All that is known, by content: ids may differ, facts may not."""
    store = Store.open(state / "store", readonly=True)
    try:
        with store.read() as txn:
            assert list(check(txn)) == []
            known = {}
            for key in txn.keys(Tables.ASSETS):
                asset = AssetId(int.from_bytes(key, "big"))
                record = assets.asset(txn, asset)
                assert record is not None
                files = [paths.file(txn, file) for file in record.files]
                where = sorted(paths.file_path(txn, file) for file in files if file is not None)
                known[record.content] = (record.name, where, assets.metadata(txn, asset), assets.place(txn, asset))
            stages = {name: jobs.counts(txn, record) for name, record in jobs.stages(txn).items()}
            return {**known, b"live": len(facets.bitmap(txn, Facet.LIVE)), b"stages": stages}
    finally:
        store.close()


def workers_of(state: Path) -> list[str]:
    """Processes that name our state folder, and all readers."""
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(state) in line and "photofsd" in line]


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


@pytest.mark.parametrize("kills", [5, pytest.param(30, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_kills_during_the_first_scan_change_nothing_in_the_end(tmp_path: Path, kills: int) -> None:
    folder, state, mount = tmp_path / "library", tmp_path / "state", tmp_path / "photos"
    fill(folder)
    undisturbed = tmp_path / "undisturbed"
    with daemon(folder, undisturbed, tmp_path / "elsewhere"):
        pass
    chance = random.Random(kills)
    command = [sys.executable, "-m", "photofsd", "run", "--library", folder, "--state", state, "--mount", mount]
    for kill in range(kills):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(0.3 + 1.7 * (kill + chance.random()) / kills)
        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all_gone(children), "a child outlived the daemon"
    with daemon(folder, state, mount):
        mounts = Path("/proc/self/mountinfo").read_text()
        assert mounts.count(str(mount)) == 1, "a stale mount was left below the new one"
        assert sum(len(files) for _, _, files in os.walk(mount / "folders")) == PHOTOS
    assert workers_of(state) == []
    assert str(mount) not in Path("/proc/self/mountinfo").read_text()
    assert final_state(state) == final_state(undisturbed)


def all_gone(processes: list[int]) -> bool:
    """Claim: the processes end within five seconds (the kernel kills them with their parent)."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not any(is_alive(process) for process in processes):
            return True
        time.sleep(0.02)
    return False


def is_alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
