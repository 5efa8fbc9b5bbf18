"""Measures what stacks cost: the time that one photo takes in a folder of a hundred thousand, by what lies beside it.

Prints each figure beside its limit, and exits 1 when one is missed.

    python tests/bench/stack_forming.py [--photos 100000]
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest import mock

from photofsd.records import Metadata, Taken
from photofsd.store import assets, paths, stacks
from photofsd.store.env import Store
from photofsd.store.forming import Both
from photofsd.store.paths import FileStat
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, DateSource, Kind

COMMIT = 200
LIMIT_US = 200
START_NS = 1_700_000_000 * 10**9

Shot = tuple[bytes, Kind, int]
"""A file's name, its kind, when it was taken (ms from the start)."""


def alone(photos: int) -> Iterator[Shot]:
    """Photos that nothing ties to others, a minute apart."""
    yield from ((b"IMG_%06d.JPG" % number, Kind.IMAGE, number * 60_000) for number in range(photos))


def pairs(photos: int) -> Iterator[Shot]:
    """All JPEG, then all RAW: every pair is closed long after it was begun."""
    for suffix, kind in ((b"JPG", Kind.IMAGE), (b"CR2", Kind.RAW)):
        yield from ((b"IMG_%06d.%b" % (number, suffix), kind, number * 60_000) for number in range(photos // 2))


def bursts(photos: int) -> Iterator[Shot]:
    """Ten shots a second, then a minute's rest."""
    for number in range(photos):
        burst, shot = divmod(number, 10)
        yield b"IMG_%06d.JPG" % number, Kind.IMAGE, burst * 60_000 + shot * 100


def time_lapse(photos: int) -> Iterator[Shot]:
    """Two shots a second without an end: one series of all, which is no burst."""
    yield from ((b"IMG_%06d.JPG" % number, Kind.IMAGE, number * 500) for number in range(photos))


class Stopwatch:
    """Stands in for stacks.update and sums up the time that it takes."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._update = stacks.update

    def __call__(self, txn: WriteTransaction, changes: Mapping[AssetId, Both]) -> set[AssetId]:
        """Do what it does."""
        started = time.thread_time()
        try:
            return self._update(txn, changes)
        finally:
            self.seconds += time.thread_time() - started


def step_us(folder: Path, photos: int, made: Callable[[int], Iterator[Shot]]) -> float:
    """Microseconds that the forming of stacks takes a photo, all of them put into one folder, COMMIT at a time."""
    store = Store.open(folder, timezone=dt.UTC)
    shots = list(made(photos))
    with mock.patch.object(stacks, "update", Stopwatch()) as stopwatch:
        for first in range(0, len(shots), COMMIT):
            with store.write() as txn:
                root = paths.add_library(txn, b"/nas/photos").dir
                for number, (name, kind, taken_ms) in enumerate(shots[first : first + COMMIT], first):
                    file = paths.add_file(txn, root, name, FileStat(1, 1, number), kind)
                    asset = assets.identify(txn, file, number.to_bytes(32, "big"), 1)
                    taken = Taken(START_NS + taken_ms * 10**6, DateSource.EXIF)
                    metadata = Metadata(kind.name.lower(), kind, 6000, 4000, taken=taken, camera="Canon EOS 7D")
                    if asset is None:
                        raise LookupError(f"file {file} has vanished")
                    assets.keep(txn, Tables.METADATA, asset, metadata)
    store.close()
    return stopwatch.seconds / len(shots) * 1e6


def main() -> int:
    """Print the figures; 0 where all are within the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=100_000)
    photos = parser.parse_args().photos
    are_all_within = True
    for made in (alone, pairs, bursts, time_lapse):
        with tempfile.TemporaryDirectory(prefix="photofsd-bench-") as folder:
            figure = step_us(Path(folder), photos, made)
        is_within = figure <= LIMIT_US
        are_all_within &= is_within
        sys.stdout.write(
            f"{made.__name__:12} {figure:8,.1f} us a photo   max {LIMIT_US} {'' if is_within else 'MISSED'}\n"
        )
        sys.stdout.flush()
    return 0 if are_all_within else 1


if __name__ == "__main__":
    sys.exit(main())
