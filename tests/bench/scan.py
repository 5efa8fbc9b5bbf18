"""Measures scanning: the first scan of a library into the store, and later ones, warm, against the limits.

Files are empty, in folders by year; the queue gets a job for each, as in the daemon. CPU time is of the whole process
(scanner and writer); wall time says less where the machine is busy with other things. Exits 1 when a limit is missed.

    python tests/bench/scan.py [--files 30000] [--folders 300] [--at DIR]
    python tests/bench/scan.py --files 300000 --folders 3000
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from photofsd.library.changes import Effects
from photofsd.library.report import ScanReport
from photofsd.library.rules import Rules
from photofsd.library.scan import Scanner, ScanOptions
from photofsd.records import JobRecord
from photofsd.store import jobs
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from photofsd.types import Subject

FIRST_MIN_PER_S = 8_000
RESCAN_MAX_S_A_THOUSAND_FOLDERS = 0.5
CHANGED_SHARE = 0.02
CHANGED_MAX_S_A_THOUSAND_FOLDERS = 1.0
SWEEP_MIN_PER_S = 20_000
REST_S = 2.1
"""Folders are listed again while their last change is younger than this."""


@dataclasses.dataclass(frozen=True)
class Timed:
    """One scan and what it took."""

    title: str
    report: ScanReport
    wall_s: float
    cpu_s: float


@dataclasses.dataclass(frozen=True)
class Limit:
    """A figure and what it must be."""

    title: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_kept(self) -> bool:
        return self.value >= (self.at_least or 0) and self.value <= (self.at_most or float("inf"))

    def __str__(self) -> str:
        bound = f"at least {self.at_least:,.2f}" if self.at_least else f"at most {self.at_most:,.2f}"
        return f"  {'kept  ' if self.is_kept else 'MISSED'} {self.title}: {self.value:,.2f} ({bound})"


def make_library(root: Path, files: int, folders: int) -> list[Path]:
    """Empty files, evenly spread over folders by year; returns the folders."""
    made = [root / f"{2000 + number % 25}" / f"{number:06}" for number in range(folders)]
    for number, folder in enumerate(made):
        folder.mkdir(parents=True)
        for shot in range(number, files, folders):
            os.mknod(folder / f"IMG_{shot:07}.jpg")
    return made


def make_scanner(root: Path, store: Store, writer: Writer) -> Scanner:
    """A scanner that queues a job for every file, as the daemon's does."""
    writer.run(lambda txn: jobs.register(txn, "identify", 1, Subject.FILE))
    with store.read() as txn:
        stage = jobs.stage(txn, "identify")
    effects = Effects(
        on_file=lambda txn, file, priority: jobs.put(txn, stage, file, JobRecord(priority)),
        on_sidecar=lambda _txn, _photos: None,
    )
    rules = Rules(prune=("@eaDir", ".Trash*", "#recycle", "lost+found"))
    return Scanner(os.fsencode(root), store, writer, effects=effects, rules=rules, options=ScanOptions())


def timed(title: str, scan: Callable[[], ScanReport]) -> Timed:
    """Run a scan and print what it took."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    report = scan()
    result = Timed(title, report, time.perf_counter() - began_s, time.process_time() - began_cpu_s)
    looked = f"{report.folders:,} folders, {report.listed:,} listed, {report.files:,} files"
    print(f"{title:<28}{result.wall_s:9.3f} s wall{result.cpu_s:9.3f} s CPU   {looked}")
    return result


def measure(root: Path, state: Path, files: int, folders: int) -> list[Limit]:
    """Make a library, scan it in every way, and say how that stands to the limits."""
    made = make_library(root, files, folders)
    time.sleep(REST_S)
    store = Store.open(state)
    writer = Writer(store)
    scanner = make_scanner(root, store, writer)
    try:
        first = timed("first scan", scanner.scan)
        again = timed("nothing changed", scanner.scan)
        changed = made[:: round(1 / CHANGED_SHARE)]
        for folder in changed:
            os.mknod(folder / "new.jpg")
        time.sleep(REST_S)
        some = timed(f"{CHANGED_SHARE:.0%} of folders changed", scanner.scan)
        (root / "2000").rename(root / "renamed")
        timed("a year renamed", scanner.scan)
        sweep = timed("sweep (every file)", lambda: scanner.scan(sweep=True))
    finally:
        writer.close()
        store.close()
    thousands = max(folders / 1000, 1)
    return [
        Limit("first scan into the store, files/s", first.report.new / first.wall_s, at_least=FIRST_MIN_PER_S),
        Limit("nothing changed, s", again.wall_s, at_most=RESCAN_MAX_S_A_THOUSAND_FOLDERS * thousands),
        Limit("some folders changed, s", some.wall_s, at_most=CHANGED_MAX_S_A_THOUSAND_FOLDERS * thousands),
        Limit("sweep, files/s", sweep.report.files / sweep.wall_s, at_least=SWEEP_MIN_PER_S),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--files", type=int, default=30_000)
    parser.add_argument("--folders", type=int, default=300)
    parser.add_argument("--at", type=Path, help="an existing folder on the disk to be measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.at) as scratch:
        root, state = Path(scratch, "library"), Path(scratch, "store")
        limits = measure(root, state, given.files, given.folders)
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.files:,} files in {given.folders:,} folders; largest memory {memory_mib:,.0f} MiB")
    for limit in limits:
        print(limit)
    return 0 if all(limit.is_kept for limit in limits) else 1


if __name__ == "__main__":
    sys.exit(main())
