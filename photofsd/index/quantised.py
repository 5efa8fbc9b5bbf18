"""Vectors as int8 rows: an eighth of the memory to read, and processors multiply them eight times as fast.

The mean of all vectors is subtracted first: pictures have much in common, which needs no bits; then each vector is
divided by its own scale, so that its largest number becomes 127.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

LARGEST: Final = 127
_SCALE_MIN: Final = 1e-9
"""Of a vector that is the mean itself; no scale is 0, which means that there is no row."""

Vectors = npt.NDArray[np.float32]
Scales = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]


class Quantised(NamedTuple):
    """Rows and scales: row * scale + mean is the vector, to half a scale in every number.

    rows: int8[n, dimension]. scales: float32[n], > 0.
    """

    rows: Bytes
    scales: Scales


def unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    """The vectors [n, dimension] at length 1; what is no direction (zeros, infinities) becomes zeros."""
    found = vectors.astype(np.float32)
    found[~np.isfinite(found).all(axis=1)] = 0
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    result: Vectors = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    return result


def quantised(vectors: Vectors, mean: Vectors) -> Quantised:
    """Vectors float32[n, dimension] of length 1 as int8 rows around `mean` (float32[dimension])."""
    apart = vectors - mean
    scales = np.maximum(np.abs(apart).max(axis=1) / LARGEST, _SCALE_MIN).astype(np.float32)
    return Quantised(np.rint(apart / scales[:, None]).astype(np.int8), scales)
