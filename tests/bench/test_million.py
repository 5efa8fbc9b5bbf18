"""A daemon over a million photos: its start, its first answers through the mount, its memory after use."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Status
from tests.bench.running import KIB, Running, cpu_s_of, memory_of, running
from tests.bench.sheet import Sheet, percentile
from tests.bench.synthetic import LAST_YEAR, Synthetic

MEMORY_MAX_MB = 400
STARTS = 3
ROUNDS = 20
STATS = 20_000
MB = 1_000_000
MS = 1_000
FIXED_FOLDERS = ("", "by-date", f"by-date/{LAST_YEAR}", "cameras", "tags", "places", "search", "recent")
QUERIES = (
    "img",
    "img 2024",
    "20240615",
    "img_0042",
    "town country",
    "event 17",
    "christmas",
    "summer 2019",
    "sunday",
    "maker 3 model 10",
    "tag 7 2021",
    "year:2024",
    "date:2023-06-10..2024-02-03",
    "date:last-30-days",
    'camera:"Maker 1 Model 8"',
    'tag:"tag 5" year:2020',
    "type:screenshot",
    "rating:>=4",
    'place:"country 7"',
    'folder:"Event 2000"',
    "name:IMG_41*",
    'near:"Town 7"~20km',
    "has:gps -type:screenshot",
    'place:"country 7" OR tag:"tag 9"',
)


def took_s(action: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    action()
    return time.perf_counter() - started_s


def listed_s(folders: Iterable[Path]) -> list[float]:
    """Seconds that listing took, folder by folder."""
    return [took_s(functools.partial(os.listdir, folder)) for folder in folders]


def add_spread(sheet: Sheet, what: str, times_s: list[float]) -> None:
    """Middle and worst of some times, as one row each."""
    for percent in (50, 95):
        sheet.add(f"{what}, p{percent}", percentile(times_s, percent) * MS, "ms")


def add_memory(sheet: Sheet, when: str, process: int) -> None:
    memory = memory_of(process)
    sheet.add(f"memory of its own {when} (RssAnon)", memory.own / MB, "MB", at_most=MEMORY_MAX_MB)
    sheet.add(f"pages of the store that it has mapped {when} (RssFile)", memory.mapped / MB, "MB")
    sheet.add(f"both {when} (VmRSS)", memory.total / MB, "MB", at_most=MEMORY_MAX_MB)


def test_a_million_photos(large_library: Synthetic, tmp_path: Path, sheet: Sheet) -> None:
    sheet.add("photos in the library", large_library.count, "")
    if large_library.build_s is not None:
        sheet.add("built by the store's own functions", large_library.count / large_library.build_s, "/s")
    sheet.add("the store", sum(file.stat().st_size for file in (large_library.state / "store").iterdir()) / MB, "MB")
    measure_starts(large_library, tmp_path, sheet)
    with running(large_library.library, large_library.state, tmp_path / "mnt") as daemon:
        sheet.add("from the mount to the end of the first scan", took_s(daemon.await_rest), "s")
        add_memory(sheet, "after that", daemon.process.pid)
        measure_answers(daemon, sheet)
        measure_walks(daemon, sheet)
        add_memory(sheet, "after all of this", daemon.process.pid)
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        peak = next(int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmHWM"))
        sheet.add("the most that it ever had of both (VmHWM)", peak / MB, "MB")


def measure_starts(library: Synthetic, scratch: Path, sheet: Sheet) -> None:
    """Start-up, and the very first listings of a fresh mount."""
    starts: list[float] = []
    firsts: dict[str, list[float]] = {"`/`": [], "`/by-date`": [], "`/search/img 2024`": []}
    for turn in range(STARTS):
        with running(library.library, library.state, scratch / f"mnt{turn}") as daemon:
            starts.append(daemon.start_s)
            for folder, times in firsts.items():
                times.extend(listed_s([daemon.mount / folder.strip("`/")]))
    sheet.add("start of the daemon until the tree is mounted", percentile(starts, 50), "s")
    for folder, times in firsts.items():
        sheet.add(f"first `ls` of {folder} after that", percentile(times, 50) * MS, "ms")


def measure_answers(daemon: Running, sheet: Sheet) -> None:
    """Small folders, searches, the status."""
    for folder in FIXED_FOLDERS:
        add_spread(sheet, f"`ls /{folder}`", listed_s([daemon.mount / folder] * ROUNDS))
    first, again = [], []
    for query in QUERIES:
        first += listed_s([daemon.mount / "search" / query])
        again += listed_s([daemon.mount / "search" / query])
    add_spread(sheet, f"`ls /search/...`, {len(QUERIES)} queries, each for the first time", first)
    worst = QUERIES[first.index(max(first))]
    sheet.add(f"the slowest of them, `{worst}`", max(first) * MS, "ms")
    add_spread(sheet, "the same again", again)
    asked = [took_s(lambda: ask(daemon.state, Status())) for _ in range(ROUNDS)]
    add_spread(sheet, "status, over the control socket", asked)
    command = [sys.executable, "-m", "photofsd", "status", "--json", "--state", str(daemon.state)]
    program = [took_s(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(5)]
    sheet.add("`photofsd status --json`, the whole program", percentile(program, 50) * MS, "ms")


def measure_walks(daemon: Running, sheet: Sheet) -> None:
    """What file managers, backups and `find` do to it."""
    folder = daemon.mount / f"by-date/{LAST_YEAR}/all"
    names = os.listdir(folder)
    long_s = took_s(lambda: subprocess.run(["ls", "-l", folder], check=True, stdout=subprocess.DEVNULL))
    sheet.add(f"`ls -l /by-date/{LAST_YEAR}/all`, {len(names):,} photos", long_s, "s")
    before_s = cpu_s_of(daemon.process.pid)
    command = ["find", daemon.mount / "by-date", "-name", "all", "-prune", "-o", "-type", "f", "-printf", "."]
    started_s = time.perf_counter()
    found = len(subprocess.run(command, check=True, capture_output=True).stdout)
    find_s = time.perf_counter() - started_s
    sheet.add(f"`find /by-date` down to the days, {found:,} photos", found / find_s, "/s")
    sheet.add("the daemon's CPU time for that", (cpu_s_of(daemon.process.pid) - before_s) / found * 1e6, "µs a photo")
    some = random.Random(1).sample(names, min(STATS, len(names)))
    elsewhere = daemon.mount / "types" / "jpeg"
    stat_s = took_s(lambda: [os.stat(elsewhere / name) for name in some])  # a Path's own costs more
    sheet.add(f"stat() of {len(some):,} photos under names not met yet", len(some) / stat_s, "/s")
