"""How long questions take: words, filters and both, over a synthetic library (PHOTOFSD_BENCH_ASSETS, 200,000).

The CPU time says more where the machine is busy with other things.

PHOTOFSD_BENCH_STORE keeps the store there for the next run: to make it takes far longer than to ask it.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photofsd.query.search import search
from photofsd.store.env import Store
from tests.component.query_library import Shot, add, open_store

TODAY = dt.date(2024, 7, 31)
START = dt.datetime(2005, 1, 1)  # noqa: DTZ001  the camera's clock
BATCH = 2000
ROUNDS = 15
QUERIES = (
    "word0",
    "word7",
    "word900",
    "word0 word1",
    "word0 word1 word2 word3",
    "word3 OR word4 OR word900",
    "img",
    "img_4120",
    "event12 word0",
    "italy summer 2019",
    "sunday",
    "christmas",
    '"word0 word1"',
    '"word5 word9" year:2020',
    '"event1 day2"',
    "year:2024",
    "date:2023-06-10..2024-02-03",
    "date:last-30-days",
    "camera:camera1 -type:raw",
    "type:raw OR rating:>=4",
    "-type:raw",
    "tag:tag7",
    "folder:event12",
    "folder:2019",
    "place:country3",
    "name:IMG_41*",
    "name:*41.jpg",
    "near:City0~20km",
    "near:City77~20km",
    "near:City0~5km year:2020",
    "near:Country3~10km",
    "limit:200",
    "limit:20000",
)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")


def shots(count: int) -> Iterator[Shot]:
    """Photos as a family has them: events, words of very unequal frequency, half of all at home."""
    rng = random.Random(7)
    words = [f"word{n}" for n in range(5000)]
    odds = [1 / (n + 1) for n in range(len(words))]
    cities = [(rng.uniform(-50, 60), rng.uniform(-180, 180)) for _ in range(300)]
    for n in range(count):
        taken = START + dt.timedelta(minutes=n * 10_000_000 // count)
        city = 0 if rng.random() < 0.5 else rng.randrange(300)
        latitude, longitude = cities[city]
        yield Shot(
            paths=(f"{taken.year}/event{n // 150} day{rng.randrange(3)}/IMG_{n % 10_000:04}.jpg",),
            taken=taken if rng.random() < 0.95 else None,
            tags=(f"tag{rng.randrange(500)}",) if rng.random() < 0.2 else (),
            caption=" ".join(rng.choices(words, odds, k=8)),
            camera=f"Maker Camera{rng.randrange(12)}",
            rating=rng.randrange(6) if rng.random() < 0.1 else None,
            types=("raw",) if rng.random() < 0.3 else ("jpeg",),
            place=(f"Country{city % 30}", f"Region{city % 90}", f"City{city}"),
            at=(latitude + rng.gauss(0, 0.1), longitude + rng.gauss(0, 0.1)),
        )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    count = int(os.environ.get("PHOTOFSD_BENCH_ASSETS", "200000"))
    kept = os.environ.get("PHOTOFSD_BENCH_STORE")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("bench")
    is_made = (folder / "data.mdb").exists()
    store = open_store(folder)
    batch: list[Shot] = []
    for shot in () if is_made else shots(count):
        batch.append(shot)
        if len(batch) == BATCH:
            add(store, batch)
            batch = []
    add(store, batch)
    with store.read() as txn:
        tell(f"\n{txn.counter(b'photos'):,} photos, {(folder / 'data.mdb').stat().st_size >> 20} MiB")
    yield store
    store.close()


def test_queries(library: Store) -> None:
    tell(f"{'query':34} {'found':>8} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8}")
    for query in QUERIES:
        took_ms, worked_ms = [], []
        for _ in range(ROUNDS):
            started, worked = time.perf_counter(), time.thread_time()
            with library.read() as txn:
                answer = search(txn, query, today=TODAY)
            took_ms.append((time.perf_counter() - started) * 1000)
            worked_ms.append((time.thread_time() - worked) * 1000)
        p95 = statistics.quantiles(took_ms, n=20)[-1]
        middle, cpu = statistics.median(took_ms), statistics.median(worked_ms)
        tell(f"{query:34} {answer.total:8,} {middle:8.1f} {p95:8.1f} {cpu:8.1f}")
