"""Vectors of the shape that those of photos have, where there are none: from a seed, always the same.

What counts for an index: all pictures have much in common (two have a cosine of .45 on average); they lie in few of the
dimensions (75 of 512 or so, by the decay of the variances); there are subjects, about 30 photos each, and bursts of
nearly the same; texts are far from all pictures (the best has a cosine of about .4), in a direction of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from photofsd.index.quantised import Vectors, unit

COMMON: Final = 0.45
SUBJECT: Final = 0.30
OWN: Final = 0.25
"""Shares of a picture's vector, squared: what all have, what those of its subject have, what it alone has."""

DECAY: Final = 0.8
BURST_SHARE: Final = 0.3
BURST_APART: Final = 0.15
PER_SUBJECT: Final = 33
_PIECE: Final = 20_000
_SEED: Final = 7


class Photos:
    """A library's worth of vectors: `rows` of them, of `dimension`."""

    def __init__(self, rows: int, dimension: int) -> None:
        self._rows = rows
        rng = np.random.default_rng(_SEED)
        deviations = (np.arange(dimension) + 1.0) ** (-DECAY / 2)
        turn = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
        self._spread = (deviations[:, None] / np.linalg.norm(deviations) * turn).astype(np.float32)
        self._common = unit(rng.standard_normal((1, dimension)))[0]
        self._subjects = self._drawn(rng, max(1, rows // PER_SUBJECT))

    def pieces(self) -> Iterator[Vectors]:
        """The vectors, float32[n, dimension] of length 1, some at a time."""
        rng = np.random.default_rng(_SEED + 1)
        for start in range(0, self._rows, _PIECE):
            count = min(_PIECE, self._rows - start)
            subject = self._subjects[(rng.random(count) ** 1.5 * len(self._subjects)).astype(int)]
            found = COMMON**0.5 * self._common + SUBJECT**0.5 * subject + OWN**0.5 * self._drawn(rng, count)
            shots = np.flatnonzero(rng.random(count) < BURST_SHARE)
            apart = BURST_APART * self._drawn(rng, len(shots))
            for shot, by in zip(shots.tolist(), apart, strict=True):
                found[shot] = found[max(0, shot - 1)] + by
            yield unit(found)

    def _drawn(self, rng: np.random.Generator, count: int) -> Vectors:
        found: Vectors = rng.standard_normal((count, len(self._common)), np.float32) @ self._spread
        return found


def texts(pictures: Vectors, count: int) -> Vectors:
    """Queries as texts are: float32[count, dimension] of length 1, each about what one of `pictures` shows.

    pictures: float32[n, dimension], a sample.
    """
    rng = np.random.default_rng(_SEED + 2)
    common = pictures.mean(axis=0)
    own = unit(rng.standard_normal((1, pictures.shape[1])))[0]
    subjects = unit(pictures[rng.integers(len(pictures), size=(count, 3))].mean(axis=1) - common)
    noise = unit(rng.standard_normal((count, pictures.shape[1])))
    return unit(0.4 * common + 0.75 * own + 0.4 * subjects + 0.2 * noise)
