"""The index of what pictures show: the one door. Vectors in, the nearest photos out, best first.

Used by one process, the searcher, which alone writes below `index/`. What it answers is as new as the last `follow`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from photofsd.config.schema import IndexSettings
from photofsd.index.exact import ExactIndex
from photofsd.index.quantised import Vectors, unit
from photofsd.index.rows import Ids
from photofsd.index.vectors import VectorFile

if TYPE_CHECKING:
    from pyroaring import BitMap

    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import AssetId

RESCORED: Final = 1000
"""Photos that are compared by their own vectors at once: among so few, nothing need be looked for."""


class Ranking(NamedTuple):
    """Photos, best first. ids: uint32[n]. cosines: float32[n], descending; of the same cosine, by id."""

    ids: Ids
    cosines: npt.NDArray[np.float32]


class Figures(NamedTuple):
    """How the index stands.

    vectors: photos that can be found. torn: whose vector is damaged, so that they cannot.
    is_complete: none is missing but what has changed since the last `follow`.
    """

    vectors: int
    torn: int
    is_complete: bool


class PictureIndex:
    """The index of `model` in the state folder. One thread uses it.

    Raises StoreError where the vectors that lie there are of another model or dimension.
    """

    def __init__(self, state: Path, model: str, dimension: int, settings: IndexSettings) -> None:
        self._settings = settings
        self._vectors = VectorFile(state / "vectors" / model, dimension)
        self._exact = ExactIndex(state / "index" / model / "exact", model, dimension, self._vectors)

    def follow(self, txn: ReadTransaction, limit: int) -> int:
        """Bring the index up to date with the store as `txn` sees it, by about `limit` rows; 0 = it is.

        News come first. Raises StoreFull, StoreError: call it again later, nothing is lost; it can be asked meanwhile.
        """
        return self._exact.follow(txn, limit)

    def by_words(self, query: Vectors, count: int, allowed: BitMap) -> Ranking:
        """The `count` photos of `allowed` nearest to the vector of a text, float32[dimension]. Raises StoreError."""
        direction = unit(query[None])[0]
        usable = allowed & self._exact.known
        if len(usable) <= max(RESCORED, count):
            candidates = np.frombuffer(usable.to_array(), np.uint32)
        else:
            candidates = self._exact.candidates(direction, count, usable, threads=self._settings.threads)
        return self._rescored(direction, candidates, count)

    def by_picture(self, vector: Vectors, count: int, allowed: BitMap) -> Ranking:
        """The `count` photos of `allowed` nearest to the vector of a picture, float32[dimension]. Raises StoreError."""
        return self.by_words(vector, count, allowed)

    def vector_of(self, asset: AssetId) -> Vectors | None:
        """The vector of a photo, float32[dimension] of length 1; None where it has none. Raises StoreError."""
        if asset not in self._exact.known:
            return None
        vector: Vectors = unit(self._vectors.read([asset]))[0]
        return vector

    def figures(self) -> Figures:
        """How it stands."""
        return Figures(len(self._exact.known), len(self._exact.torn), self._exact.is_complete)

    def close(self) -> None:
        """Give the descriptors back."""
        self._exact.close()
        self._vectors.close()

    def _rescored(self, direction: Vectors, candidates: Ids, count: int) -> Ranking:
        """The best of the candidates by their fp16 rows."""
        cosines = unit(self._vectors.read(candidates)) @ direction
        best = np.lexsort((candidates, -cosines))[:count]
        return Ranking(candidates[best], cosines[best])
