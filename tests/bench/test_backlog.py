"""A million jobs in the queue: what they cost the daemon in memory while it works on them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Stages
from tests.bench.running import Running, memory_of, running
from tests.bench.sheet import Sheet
from tests.bench.synthetic import Synthetic

WORKING_S = 60.0
LOOK_S = 0.5
GROWTH_MAX_MB = 50
MB = 1_000_000


def test_backlog(large_library: Synthetic, tmp_path: Path, sheet: Sheet) -> None:
    shutil.copytree(large_library.state, tmp_path / "state")
    with running(large_library.library, tmp_path / "state", tmp_path / "mnt") as daemon:
        daemon.await_rest()
        idle = memory_of(daemon.process.pid).own
        result = ask(daemon.state, Stages(action="reset", stage="metadata"), timeout_s=None)
        sheet.add("jobs queued at once", result["jobs"], "")
        most, tried = work_on(daemon)
    sheet.add(f"of them tried in {WORKING_S:.0f} s (their files are not there: all are put off)", tried, "")
    sheet.add("the daemon's own memory before, idle (RssAnon)", idle / MB, "MB")
    sheet.add("the most that it had while it worked", most / MB, "MB")
    sheet.add("growth", (most - idle) / MB, "MB", at_most=GROWTH_MAX_MB)


def work_on(daemon: Running) -> tuple[int, int]:
    """Let it work for a while: the most memory of its own that it was seen with, and how many jobs were tried."""
    most, until_s = 0, time.monotonic() + WORKING_S
    while time.monotonic() < until_s:
        most = max(most, memory_of(daemon.process.pid).own)
        time.sleep(LOOK_S)
    log = daemon.mount.with_name("daemon.log").read_text(errors="replace")
    return most, log.count("stage metadata: ")
