"""What the benches share: a sheet for the figures, sizes, a library of a million photos.

PHOTOFSD_BENCH_SCALE   sizes all libraries: 0.1 measures tenths, 1 (everything) where it does not say
PHOTOFSD_BENCH_CACHE   a folder where the large library is kept for the next time: building takes minutes
PHOTOFSD_BENCH_RECORD  where it says anything, the figures are written into docs/benchmarks.md
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench.sheet import Sheet, say
from tests.bench.synthetic import Synthetic, synthetic

LARGE = 1_000_000
TELL_EVERY_S = 30.0

Scaled = Callable[[int], int]


@pytest.fixture
def sheet(request: pytest.FixtureRequest) -> Iterator[Sheet]:
    """A sheet named after the test; recorded when the test has come to its end."""
    opened = Sheet(re.sub("^test_", "", request.node.originalname).replace("_", " "))
    yield opened
    if os.environ.get("PHOTOFSD_BENCH_RECORD") and request.node.stash.get(HAS_PASSED, False):
        opened.record()


HAS_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note whether a bench came to its end: half a sheet is not recorded."""
    report = yield
    if call.when == "call":
        item.stash[HAS_PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def scaled() -> Scaled:
    """A size as this run wants it."""
    scale = float(os.environ.get("PHOTOFSD_BENCH_SCALE") or 1)
    return lambda size: int(size * scale)


@pytest.fixture(scope="session")
def large_library(tmp_path_factory: pytest.TempPathFactory, scaled: Scaled) -> Synthetic:
    """The library of a million photos."""
    kept = os.environ.get("PHOTOFSD_BENCH_CACHE")
    count = scaled(LARGE)
    folder = Path(kept) / f"{count}-photos" if kept else tmp_path_factory.mktemp("large")
    return synthetic(folder, count, Teller())


class Teller:
    """Says now and then how many photos are built."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, done: int) -> None:
        if time.monotonic() - self._told_s > TELL_EVERY_S:
            self._told_s = time.monotonic()
            say(f"  {done:,} photos are built")
