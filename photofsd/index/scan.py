"""The exact scan: which rows may be among the best for a query, by int8 arithmetic whose error is known.

All rows are looked at, in blocks; where few of a block are allowed, only those. A row is left out only when even four
standard deviations of rounding in its favour would not bring it among the best. The caller rescores what is left.

Rounding errors of the numbers of a row are even between -1/2 and 1/2 of its scale, and independent: in the product with
a query of length 1 they add up to a standard deviation of scale/sqrt(12); those of the query likewise.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from photofsd.index.quantised import LARGEST, Bytes, Vectors
from photofsd.index.rows import Ids, ids_of

if TYPE_CHECKING:
    from pyroaring import BitMap

_simsimd: Any = importlib.import_module("simsimd") if importlib.util.find_spec("simsimd") else None
"""It comes with the `ml` extra."""

BLOCK_ROWS: Final = 1 << 16
"""As many ids as a container of a roaring bitmap has: what is allowed of a block is looked up at once."""

NARROW: Final = 0.1
"""Share of a block below which its allowed rows are gathered; above, reading it in order is faster."""

DEVIATIONS: Final = 4.0
_STEP_MIN: Final = 1e-9
_BLAS_ROWS: Final = 4096
_FAST: Final = ("haswell", "neon_i8")
"""What a processor must have for simsimd to multiply int8 rows fast; its serial path takes seconds a million."""

Scores = npt.NDArray[np.float32]


def is_fast() -> bool:
    """Claim: this processor multiplies int8 rows fast, and simsimd is installed."""
    return _simsimd is not None and any(_simsimd.get_capabilities().get(name) for name in _FAST)


class Scan:
    """One query over int8 rows. query: float32[dimension], length 1. scatter: typical length of a row without the mean.

    threads: that multiply at once.
    """

    def __init__(self, query: Vectors, *, scatter: float, threads: int = 1) -> None:
        largest = float(np.abs(query).max(initial=0.0))
        self._step = max(largest / LARGEST, _STEP_MIN)
        self._bytes = np.rint(query / self._step).astype(np.int8)
        self._row_error = DEVIATIONS / math.sqrt(12)
        self._query_error = DEVIATIONS / math.sqrt(12) * self._step * scatter
        self._dots = _with_simsimd(self._bytes, threads) if is_fast() else _with_blas(self._bytes)

    def candidates(self, rows: Bytes, scales: npt.NDArray[np.float32], allowed: BitMap, count: int) -> Ids:
        """Ids of `allowed` among which the best `count` are, and few others. All of them have a row.

        rows: int8[n, dimension]. scales: float32[n].
        """
        best = _Best(count)
        for first in range(0, len(rows), BLOCK_ROWS):
            ids = _within(allowed, first, min(first + BLOCK_ROWS, len(rows)))
            if ids.size:
                upper, margins = self._bounds(rows, scales, ids)
                best.offer(ids, upper, margins)
        return best.ids()

    def _bounds(self, rows: Bytes, scales: npt.NDArray[np.float32], ids: Ids) -> tuple[Scores, Scores]:
        """Of each row the most that its score can be, and how much less it may be."""
        first, last = int(ids[0]), int(ids[-1])
        if ids.size > NARROW * (last + 1 - first):
            dots = self._dots(rows[first : last + 1])
            dots = dots if ids.size == dots.size else dots[ids - ids[0]]
        else:
            dots = self._dots(rows[ids])
        own = scales[ids]
        upper = (dots * self._step + self._row_error) * own + self._query_error
        return upper, 2 * (own * self._row_error + self._query_error)


class _Best:
    """The rows that may be among the best `count` of those seen so far."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._least = -math.inf
        self._ids: Ids = np.empty(0, np.uint32)
        self._upper: Scores = np.empty(0, np.float32)
        self._lower: Scores = np.empty(0, np.float32)

    def offer(self, ids: Ids, upper: Scores, margins: Scores) -> None:
        """Take of these what may be among the best."""
        if self._least == -math.inf and ids.size > self._count:
            top = np.argpartition(upper, -self._count)[-self._count :]
            self._least = float((upper[top] - margins[top]).min())
        may = np.flatnonzero(upper >= self._least)
        self._ids = np.concatenate((self._ids, ids[may]))
        self._upper = np.concatenate((self._upper, upper[may]))
        self._lower = np.concatenate((self._lower, upper[may] - margins[may]))
        self._prune()

    def _prune(self) -> None:
        """Those of which `count` others are certainly better need not stay."""
        if self._ids.size > self._count:
            self._least = float(np.partition(self._lower, -self._count)[-self._count])
            may = self._upper >= self._least
            self._ids, self._upper, self._lower = self._ids[may], self._upper[may], self._lower[may]

    def ids(self) -> Ids:
        """What is left, ascending."""
        return self._ids


def _within(allowed: BitMap, first: int, end: int) -> Ids:
    """The ids in `allowed` from `first` up to `end`, which is not counted."""
    return ids_of(allowed & type(allowed)(range(first, end)))


def _with_simsimd(query: Bytes, threads: int) -> Callable[[Bytes], Scores]:
    def dots(rows: Bytes) -> Scores:
        found = _simsimd.cdist(rows, query[None], metric="dot", out_dtype="float32", threads=threads)
        return np.asarray(found, np.float32).ravel()

    return dots


def _with_blas(query: Bytes) -> Callable[[Bytes], Scores]:
    wide = query.astype(np.float32)

    def dots(rows: Bytes) -> Scores:
        found = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _BLAS_ROWS):
            block = rows[start : start + _BLAS_ROWS].astype(np.float32)
            np.matmul(block, wide, out=found[start : start + _BLAS_ROWS])
        return found

    return dots
