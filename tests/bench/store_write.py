"""Measures the store: how fast a scan and its results are written, how long commits take, what it all weighs.

Prints each figure beside its limit, and exits 1 when one is missed. A million photos take some minutes.

    python tests/bench/store_write.py [--photos 100000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import hashlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from photofsd.records import JobRecord, Metadata, Taken
from photofsd.store import assets, jobs, paths
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import DateSource, DirId, FileId, Kind, Subject

FILES_A_FOLDER = 200
SCAN_PIECE = 500
RESULT_PIECE = 64
TAGS = ("beach", "family", "snow", "dog", "garden", "concert", "hiking", "car")
CAMERAS = ("Canon EOS 7D", "iPhone 15 Pro", "NIKON Z 6", "Pixel 8", "FUJIFILM X-T4")

HOLD = """
import sys
from pathlib import Path
from photofsd.store import facets
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.types import Facet
store = Store.open(Path(sys.argv[1]), readonly=True)
with store.read() as txn:
    for facet in (Facet.YEAR, Facet.CAMERA, Facet.TAG):
        for value in facets.values(txn, facet):
            facets.bitmap(txn, facet, value)
    sum(1 for _ in txn.items(Tables.ROWS))
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith(("RssAnon", "RssFile"))))
"""

CHECK = """
import sys, time
from pathlib import Path
from photofsd.store.check import check
from photofsd.store.env import Store
store = Store.open(Path(sys.argv[1]), readonly=True)
started = time.perf_counter()
with store.read() as txn:
    violations = len(list(check(txn)))
print(violations, time.perf_counter() - started)
"""


class TimedWriter(Writer):
    """A writer that remembers how long its commits took."""

    def __init__(self, store: Store) -> None:
        self.commits_s: list[float] = []
        super().__init__(store)

    def _adapt(self, commit_s: float) -> None:
        self.commits_s.append(commit_s)
        super()._adapt(commit_s)


@dataclasses.dataclass(frozen=True)
class Figure:
    """Something measured. `limit`: at most (or, where `is_rate`, at least) so much; None = nothing is asked."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    is_rate: bool = False

    @property
    def is_within(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.is_rate else self.value <= self.limit

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"{'min' if self.is_rate else 'max'} {self.limit:,g}"
        return f"{self.name:44} {self.value:12,.1f} {self.unit:9} {limit:14} {'' if self.is_within else 'MISSED'}"


def _scan(txn: WriteTransaction, first: int, end: int) -> None:
    """What a scan writes of some files: their rows, and a job each."""
    stage, root = jobs.stage(txn, "identify"), paths.add_library(txn, b"/nas/photos").dir
    folder = DirId(0)
    for number in range(first, end):
        if not folder or number % FILES_A_FOLDER == 0:
            place = number // FILES_A_FOLDER
            year = paths.add_folder(txn, root, b"%d" % (1995 + place % 30))
            folder = paths.add_folder(txn, year, b"%04d Holiday in place %d" % (place, place % 97))
        stat = FileStat(4_000_000 + number, (1_000_000_000 + number) * 10**9, number)
        file = paths.add_file(txn, folder, b"IMG_%04d.JPG" % (number % 10_000), stat, Kind.IMAGE)
        jobs.put(txn, stage, file, JobRecord(jobs.BACKLOG))


def _results(txn: WriteTransaction, first: int, end: int) -> None:
    """What the readers bring home of some files: their identity, their metadata, one job after the other."""
    identify, metadata = jobs.stage(txn, "identify"), jobs.stage(txn, "metadata")
    for number in range(first, end):
        file = FileId(number + 1)
        asset = assets.identify(txn, file, hashlib.sha256(b"%d" % number).digest(), time.time_ns())
        if asset is None:
            raise LookupError(f"file {file} has vanished")
        jobs.finish(txn, identify, file)
        jobs.put(txn, metadata, asset, JobRecord(jobs.BACKLOG))
        assets.keep(txn, Tables.METADATA, asset, _metadata(number))
        jobs.finish(txn, metadata, asset)


def _metadata(number: int) -> Metadata:
    chance = random.Random(number)
    taken = Taken((900_000_000 + number * 700) * 10**9, DateSource.EXIF, 60)
    return Metadata(
        "jpeg",
        Kind.IMAGE,
        6000,
        4000,
        taken=taken,
        camera=chance.choice(CAMERAS),
        lens="EF 50mm f/1.8",
        latitude=chance.uniform(-50, 60),
        longitude=chance.uniform(-170, 170),
        tags=tuple(chance.sample(TAGS, 2)),
        types=("jpeg",),
    )


def _rate(writer: Writer, photos: int, piece: int, work: Callable[[WriteTransaction, int, int], None]) -> float:
    started = time.perf_counter()
    futures = [
        writer.submit(lambda txn, first=first: work(txn, first, min(first + piece, photos)), rows=piece)  # type: ignore[misc]
        for first in range(0, photos, piece)
    ]
    for future in futures:
        future.result()
    return photos / (time.perf_counter() - started)


def measure(folder: Path, photos: int) -> Iterator[Figure]:
    """Fill a store in `folder` and tell how it went."""
    store = Store.open(folder, timezone=dt.UTC)
    writer = TimedWriter(store)
    writer.run(lambda txn: jobs.register(txn, "identify", 1, Subject.FILE))
    writer.run(lambda txn: jobs.register(txn, "metadata", 1, Subject.ASSET))
    yield Figure("files of a scan, stored", _rate(writer, photos, SCAN_PIECE, _scan), "per s", 8000, is_rate=True)
    writer.commits_s.clear()
    rate = _rate(writer, photos, RESULT_PIECE, _results)
    yield Figure("photos identified, with metadata", rate, "per s", 2000, is_rate=True)
    centiles = statistics.quantiles(writer.commits_s, n=100)
    yield Figure("commit of such, p50", centiles[49] * 1000, "ms")
    yield Figure("commit of such, p95", centiles[94] * 1000, "ms", 50)
    writer.close()
    yield Figure("the store, a photo", (folder / "data.mdb").stat().st_size / photos, "bytes", 1500)
    store.close()
    yield from _of_readers(folder, photos)


def _of_readers(folder: Path, photos: int) -> Iterator[Figure]:
    """What a process that reads it weighs, and how long the proof takes."""
    private_kb, mapped_kb = _child(HOLD, folder)
    yield Figure("a process that has read all rows: private", private_kb / 1024, "MiB", 60 + photos / 10_000)
    yield Figure("the same: mapped, shared with the cache", mapped_kb / 1024, "MiB")
    violations, seconds = _child(CHECK, folder)
    yield Figure("check: violations", violations, "", 0)
    yield Figure("check", photos / seconds, "per s", 5000, is_rate=True)


def _child(script: str, folder: Path) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True)
    first, second = done.stdout.split()
    return float(first), float(second)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to make the store (on the disk that is to be measured)")
    arguments = parser.parse_args()
    are_all_within = True
    with tempfile.TemporaryDirectory(prefix="photofsd-bench-", dir=arguments.folder) as folder:
        for figure in measure(Path(folder) / "store", arguments.photos):
            sys.stdout.write(f"{figure}\n")
            sys.stdout.flush()
            are_all_within &= figure.is_within
    return 0 if are_all_within else 1


if __name__ == "__main__":
    sys.exit(main())
