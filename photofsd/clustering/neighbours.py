"""The nearest faces of every face, by matrix products in blocks: memory is bounded, and no matrix of all pairs is made.

Up to EXACT_MAX faces each is compared with each. Beyond, faces are put into cells around centres that were drawn from
them (k-means on a sample), and compared with those of the cells around their own: faces of one person lie in few cells.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

EXACT_MAX: Final = 10_000
"""Faces up to which all are compared: two seconds of one core."""

QUERIES: Final = 2048
ROWS: Final = 16_384
"""Sides of a block: 128 MiB of cosines."""

SAMPLE_PER_CELL: Final = 24
ROUNDS: Final = 4
PROBED: Final = 0.008
PROBED_MIN: Final = 24
"""Of the cells, so many around its own are looked into; so many at least."""

_SEED: Final = 5

Vectors = npt.NDArray[np.float32]
Places = npt.NDArray[np.int32]
Rows = Any
"""float16[n, dimension] or float32[n, dimension], of length 1: an array, or what is indexed like one (roll.py)."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest of each of n faces, in no order.

    places: int32[n, count], -1 where there are fewer. cosines: float16[n, count].
    """

    places: Places
    cosines: npt.NDArray[np.float16]


def neighbours(rows: Rows, count: int, at_least: float, *, exact_max: int = EXACT_MAX) -> Neighbours:
    """At most `count` nearest of every face whose cosine is `at_least`, the face itself left out."""
    size = len(rows)
    found = Neighbours(np.full((size, count), -1, np.int32), np.zeros((size, count), np.float16))
    for asking, asked in _all(size) if size <= exact_max else _by_cells(rows):
        for queries in _pieces(asking, QUERIES):
            best = _Best(queries, count, at_least)
            vectors = rows[queries].astype(np.float32)
            for some in _pieces(asked, ROWS):
                best.offer(vectors @ rows[some].astype(np.float32).T, some)
            found.places[queries] = best.places
            found.cosines[queries] = best.cosines
    return found


def unit(rows: Rows) -> Vectors:
    """The rows as float32 of length 1; one of zeros stays that."""
    vectors: Vectors = rows.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, np.float32(1))
    return vectors


class _Best:
    """The best so far of some queries, by their places among all rows. count: how many are kept of each."""

    def __init__(self, queries: Places, count: int, at_least: float) -> None:
        self._queries = queries
        self._count = count
        self._least: Vectors = np.full(len(queries), at_least, np.float32)
        self.places: Places = np.full((len(queries), count), -1, np.int32)
        self.cosines: Vectors = np.full((len(queries), count), -1, np.float32)

    def offer(self, cosines: Vectors, places: Places) -> None:
        """Take the best of cosines[queries, m], those with the rows at `places`[m]; they are written over."""
        cosines[self._queries[:, None] == places] = -1
        above = self._above(cosines)
        query, row = np.divmod(np.flatnonzero(above), len(places))
        rank = np.arange(len(query)) - np.searchsorted(query, np.arange(len(self._queries)))[query]
        kept = rank < self._count
        query, row, rank = query[kept], row[kept], rank[kept]
        both = np.hstack((self.cosines, np.full_like(self.cosines, -1)))
        which = np.hstack((self.places, np.full_like(self.places, -1)))
        both[query, self._count + rank] = cosines[query, row]
        which[query, self._count + rank] = places[row]
        best = np.argpartition(-both, self._count - 1, axis=1)[:, : self._count]
        self.cosines, self.places = np.take_along_axis(both, best, 1), np.take_along_axis(which, best, 1)
        self._least = np.maximum(self._least, self.cosines.min(axis=1))

    def _above(self, cosines: Vectors) -> npt.NDArray[np.bool_]:
        """Claim about each: it may be among the best; of few queries about more than `count`."""
        above = cosines > self._least[:, None]
        many = np.flatnonzero(np.count_nonzero(above, axis=1) > self._count)
        if many.size:
            last = cosines.shape[1] - self._count
            self._least[many] = np.partition(cosines[many], last, axis=1)[:, last]
            above[many] = cosines[many] >= self._least[many, None]
        return above


def _all(size: int) -> Iterator[tuple[Places, Places]]:
    everything = np.arange(size, dtype=np.int32)
    yield everything, everything


def _by_cells(rows: Rows) -> Iterator[tuple[Places, Places]]:
    """Of each cell the faces, and those that they are compared with."""
    centres = _centres(rows)
    cells = _nearest(rows, centres)
    order = np.argsort(cells, kind="stable").astype(np.int32)
    ends = np.searchsorted(cells[order], np.arange(len(centres) + 1))
    members = [order[start:end] for start, end in itertools.pairwise(ends)]
    probed = min(max(PROBED_MIN, int(PROBED * len(centres))), len(centres))
    for cell, inside in enumerate(members):
        if inside.size:
            near = np.argpartition(-(centres @ centres[cell]), probed - 1)[:probed]
            yield inside, np.concatenate([members[other] for other in near])


def _centres(rows: Rows) -> Vectors:
    """Centres of cells, float32[cells, dimension]: k-means on a sample."""
    rng = np.random.default_rng(_SEED)
    count = int(4 * np.sqrt(len(rows)))
    sample = unit(rows[np.sort(rng.choice(len(rows), min(len(rows), SAMPLE_PER_CELL * count), replace=False))])
    centres = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(ROUNDS):
        nearest = _nearest(sample, centres)
        centres = unit(summed(sample, nearest, count) + np.float32(1e-3) * centres)
    return centres


def _nearest(rows: Rows, centres: Vectors) -> npt.NDArray[np.int64]:
    """The centre nearest to each row."""
    pieces = _pieces(_range(len(rows)), QUERIES)
    return np.concatenate([(rows[some].astype(np.float32) @ centres.T).argmax(axis=1) for some in pieces])


def summed(vectors: Vectors, labels: npt.NDArray[Any], count: int) -> Vectors:
    """The sum of the vectors of each label, float32[count, dimension]. labels: int[n], from 0."""
    ones = np.ones(len(vectors), np.float32)
    members = sparse.csr_array((ones, (labels, np.arange(len(vectors)))), (count, len(vectors)))
    total: Vectors = members @ vectors
    return total


def _range(size: int) -> Places:
    return np.arange(size, dtype=np.int32)


def _pieces(places: Places, size: int) -> Iterator[Places]:
    return (places[start : start + size] for start in range(0, len(places), size))
