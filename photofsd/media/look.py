"""What a picture looks like, in a few numbers: a perceptual hash, its contrast, its colours (records.Look)."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

_SAMPLES: Final = 32
_FREQUENCIES: Final = 8
_GRID: Final = 3
_DECIMALS: Final = 6
"""Of a frequency: what a blank picture has beyond them is rounding errors."""


def phash(image: Image.Image) -> int:
    """64 bits that change little when the picture does, the same as imagehash.phash has.

    The lowest 8 x 8 frequencies of 32 x 32 luminances, row by row, the first in the highest bit: 1 = above the median.
    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1.
    """
    luminances = np.asarray(image.convert("L").resize((_SAMPLES, _SAMPLES), Image.Resampling.LANCZOS), np.float64)
    cosines = _cosines()
    frequencies = (cosines @ luminances @ cosines.T).round(_DECIMALS)
    bits = (frequencies > np.median(frequencies)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def contrast(image: Image.Image) -> float:
    """Standard deviation of the luminance, 0..127.5."""
    histogram = np.asarray(image.convert("L").histogram(), np.float64)
    levels = np.arange(histogram.size)
    total = histogram.sum()
    mean = histogram @ levels / total
    return float(np.sqrt(histogram @ (levels - mean) ** 2 / total))


def colours(image: Image.Image) -> tuple[int, ...]:
    """The average colours of a 3 x 3 grid, row by row, each 0xRRGGBB."""
    cells = np.asarray(image.convert("RGB").resize((_GRID, _GRID), Image.Resampling.BOX), np.uint32).reshape(-1, 3)
    return tuple(int(red << 16 | green << 8 | blue) for red, green, blue in cells)


@functools.cache
def _cosines() -> npt.NDArray[np.float64]:
    """The lowest frequencies of a discrete cosine transform of type II, a row each."""
    frequency = np.arange(_FREQUENCIES)[:, None]
    sample = np.arange(_SAMPLES)[None, :]
    return np.cos(np.pi * frequency * (2 * sample + 1) / (2 * _SAMPLES))
