"""The measuring: every way is asked every query in turn, so that what else the machine does hits all alike."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np
from pyroaring import BitMap

from photofsd.index.bench.contestants import ALL, Contestant, Library
from photofsd.index.quantised import Vectors
from photofsd.index.ranking import ranked
from photofsd.index.rows import Ids, bitmap, ids_of

FILTERS: Final = (1.0, 0.1, 0.01)
"""Shares of the photos that a filter leaves; 1 = there is none."""

WORST: Final = 0.05
SAME: Final = 1e-6
"""Cosines that differ by less are the same: so much do two ways to add up float32 products differ."""

_SEED: Final = 5


class Asked(msgspec.Struct, frozen=True):
    """What came of the queries under one filter.

    share: of the photos, allowed. recall: of the true best, how many were found, on average; worst: in the worst
    WORST of the queries. p50_ms, p95_ms: of a query.
    """

    share: float
    recall: float
    worst: float
    p50_ms: float
    p95_ms: float


class Line(msgspec.Struct, frozen=True):
    """What came of one way to search. missing: why it took no part, None = it did."""

    name: str
    missing: str | None = None
    size_mb: float = 0
    build_s: float = 0
    asked: tuple[Asked, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """What came of all. peak_mb: the most memory that this process has taken, mapped files too."""

    rows: int
    dimension: int
    queries: int
    count: int
    threads: int
    peak_mb: int
    lines: tuple[Line, ...]


class _Run:
    """One contestant with one variant: its times and hits, by filter."""

    def __init__(self, contestant: Contestant, variant: int, build_s: float) -> None:
        self.contestant = contestant
        self.variant = variant
        self.build_s = build_s
        self.ms: dict[float, list[float]] = {}
        self.recalls: dict[float, list[float]] = {}

    def line(self) -> Line:
        asked = tuple(
            Asked(share, float(np.mean(recalls)), _worst(recalls), *np.percentile(self.ms[share], (50, 95)).tolist())
            for share, recalls in self.recalls.items()
        )
        name = f"{self.contestant.name} {self.variant}" if self.variant else self.contestant.name
        return Line(name, None, self.contestant.size_bytes / 2**20, self.build_s, asked)


def measure(
    library: Library,
    queries: Vectors,
    count: int,
    *,
    threads: int,
    show: Callable[[str], None],
    chosen: Sequence[type[Contestant]] = ALL,
) -> Report:
    """Build every way that is installed, ask all of them, compare with the truth. show: is told what goes on."""
    missing = [Line(kind.name, why) for kind in chosen if (why := kind.missing()) is not None]
    runs: list[_Run] = []
    for kind in (kind for kind in chosen if kind.missing() is None):
        show(f"building {kind.name}")
        begun = time.monotonic()
        contestant = kind(library, threads)
        took = time.monotonic() - begun
        runs += [_Run(contestant, variant, took) for variant in contestant.variants(len(library.ids))]
    for share in FILTERS:
        show(f"asking, with {share:.0%} of the photos allowed")
        _ask(library, queries, count, share, [run for run in runs if run.contestant.filters or share == 1])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    lines = (*(run.line() for run in runs), *missing)
    return Report(len(library.ids), library.dimension, len(queries), count, threads, peak_mb, lines)


def _ask(library: Library, queries: Vectors, count: int, share: float, runs: Sequence[_Run]) -> None:
    allowed = _filter(library.ids, share)
    truth = _truth(library, queries, count, allowed)
    for number, (query, best) in enumerate(zip(queries, truth, strict=True)):
        least = best.min(initial=1) - SAME
        for run in runs:
            begun = time.perf_counter()
            candidates = run.contestant.candidates(query, count, allowed, run.variant)
            if not run.contestant.is_exact:
                candidates = ids_of(bitmap(candidates) & allowed)
            found = ranked(library.file, query, candidates, count).cosines
            ms = (time.perf_counter() - begun) * 1e3
            if number or len(queries) == 1:  # the first one reads what is not in memory yet
                run.ms.setdefault(share, []).append(ms)
            run.recalls.setdefault(share, []).append(float((found >= least).sum() / max(1, best.size)))


def _filter(ids: Ids, share: float) -> BitMap:
    """As much of `ids`, here and there."""
    if share == 1:
        return bitmap(ids)
    return bitmap(ids[np.random.default_rng(_SEED).random(len(ids)) < share])


def _truth(library: Library, queries: Vectors, count: int, allowed: BitMap) -> Vectors:
    """The cosines [queries, count] of the best, by float32 products with all that are allowed."""
    among = ids_of(allowed)
    best: Vectors = np.empty((len(queries), 0), np.float32)
    for ids, vectors in library.pieces():
        best = np.hstack((best, queries @ vectors[np.isin(ids, among)].T))
        if best.shape[1] > count:
            best = -np.partition(-best, count - 1, axis=1)[:, :count]
    return best


def _worst(recalls: Sequence[float]) -> float:
    """The mean of the worst."""
    return float(np.sort(recalls)[: max(1, int(WORST * len(recalls)))].mean())
