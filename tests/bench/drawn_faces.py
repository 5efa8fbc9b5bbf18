"""Vectors of faces as a model makes them, more or less: people of very unequal size, siblings, ages, strangers, blur.

A few are in thousands of photos, most in some. Two in five have a brother or sister who looks like them, whoever is
often there looks different at different ages, one face in twenty is bad. Strangers are there once. What is very blurred
looks like everything that is very blurred: it is counted as a stranger each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from photofsd.clustering.neighbours import Vectors, unit

DIMENSION = 512
STRANGERS, BLURRED = 0.12, 0.03
SLOPE = 1.05
"""How fast people get rarer: of Zipf's law."""

LIKENESS = 0.22
"""What all faces have in common."""

QUALITIES, SHARES = np.array([0.72, 1.25, 2.2]), [0.76, 0.19, 0.05]
"""How far a good, a middling, a bad face is from what the person looks like; and how many are which."""

Truth = npt.NDArray[np.int64]


def draw(file: Path, count: int, people: int, seed: int = 0) -> Truth:
    """Write float16[count, DIMENSION] in a mixed order to `file`; who is who, int64[count]."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    rows = np.memmap(file, np.float16, "w+", shape=(count, DIMENSION))
    truth: Truth = np.empty(count, np.int64)
    done = 0
    for person, vectors in _parts(rng, count, people):
        places = order[done : done + len(vectors)]
        rows[places], truth[places] = vectors, person
        done += len(vectors)
    rows.flush()
    return truth


def _parts(rng: np.random.Generator, count: int, people: int) -> Iterator[tuple[int | Truth, Vectors]]:
    strangers, blurred = int(count * STRANGERS), int(count * BLURRED)
    common, blur = _directions(rng, 2)
    for person, size, centre in zip(
        range(people), *_people(rng, count - strangers - blurred, people, common), strict=True
    ):
        ages = unit(centre + 0.62 * _directions(rng, 1 + int(size > 150) + int(size > 800)))
        quality = rng.choice(3, size, p=SHARES)
        distance = (QUALITIES[quality] * np.exp(rng.normal(0, 0.15, size)))[:, None]
        looks = ages[rng.integers(0, len(ages), size)] + distance * _directions(rng, size)
        yield person, unit(looks + (quality == 2)[:, None] * 0.5 * blur)
    for start in range(0, strangers, 10_000):
        some = min(10_000, strangers - start)
        yield people + start + np.arange(some), unit(_directions(rng, some) + LIKENESS * common)
    for start in range(0, blurred, 10_000):
        some = min(10_000, blurred - start)
        yield people + strangers + start + np.arange(some), unit(0.75 * blur + _directions(rng, some))


def _people(rng: np.random.Generator, faces: int, people: int, common: Vectors) -> tuple[list[int], Vectors]:
    """How many faces everybody has, and what they look like."""
    weights = 1 / np.arange(1, people + 1) ** SLOPE
    sizes = np.maximum(3, (weights / weights.sum() * faces).astype(int))
    sizes[0] += faces - sizes.sum()
    centres, families = _directions(rng, people), _directions(rng, max(1, people // 3))
    siblings = rng.random(people) < 0.4
    family = families[rng.integers(0, len(families), people)]
    centres[siblings] = unit(0.70 * family[siblings] + 0.72 * centres[siblings])
    return sizes.tolist(), unit(centres + LIKENESS * common)


def _directions(rng: np.random.Generator, count: int) -> Vectors:
    return unit(rng.standard_normal((count, DIMENSION), np.float32))
