"""Answers: candidates scored by their own vectors, best first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from photofsd.index.quantised import Vectors, unit
from photofsd.index.rows import Ids
from photofsd.index.vectors import VectorFile


class Ranking(NamedTuple):
    """Photos, best first. ids: uint32[n]. cosines: float32[n], descending; of the same cosine, by id."""

    ids: Ids
    cosines: npt.NDArray[np.float32]


def ranked(vectors: VectorFile, direction: Vectors, candidates: Ids, count: int) -> Ranking:
    """The best `count` of the candidates, by their fp16 rows. direction: of length 1. Raises StoreError."""
    cosines = unit(vectors.read(candidates)) @ direction
    best = np.lexsort((candidates, -cosines))[:count]
    return Ranking(candidates[best], cosines[best])
