"""The index of what pictures show: the one door. Vectors in, the nearest photos out, best first.

Used by one process, the searcher, which alone writes below `index/`. What it answers is as new as the last `follow`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from pyroaring import BitMap

from photofsd.config.schema import IndexSettings
from photofsd.errors import StoreError
from photofsd.index.exact import ExactIndex
from photofsd.index.forest import NEAREST, WORDS_SHARE, Forest
from photofsd.index.forests import Forests
from photofsd.index.quantised import Vectors, unit
from photofsd.index.ranking import Ranking, ranked
from photofsd.index.rows import Ids, bitmap, ids_of
from photofsd.index.scan import is_fast
from photofsd.index.vectors import VectorFile

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import AssetId

RESCORED: Final = 1000
"""Photos that are compared by their own vectors at once: among so few, nothing need be looked for."""

NARROW: Final = 0.1
"""Share of the photos below which a forest is not asked: most of what it finds would be thrown away."""

CANDIDATE_COST: Final = 6
"""How much dearer it is to look at a photo in a forest than in the scan, which reads them in order (measured)."""

OVERFETCH: Final = 4
"""Candidates that a forest is asked for, of each photo that is wanted."""

SLOW_SHARE: Final = 10
"""By how much `index.exact_max_rows` is divided where the processor has no fast products of int8 rows (measured)."""


class Figures(NamedTuple):
    """How the index stands.

    vectors: photos that can be found. torn: whose vector is damaged, so that they cannot.
    is_complete: none is missing but what has changed lately.
    annoy_generation: the number of the forest in use; 0 = there is none. is_growing: another one is being built.
    tail: photos that it has not, or wrongly, so that they are scanned. alert: what is wrong with it, one line.
    """

    vectors: int
    torn: int
    is_complete: bool
    annoy_generation: int
    is_growing: bool
    tail: int
    alert: str | None


class PictureIndex:
    """The index of `model` in the state folder. One thread uses it.

    Raises StoreError where the vectors that lie there are of another model or dimension.
    """

    def __init__(self, state: Path, model: str, dimension: int, settings: IndexSettings) -> None:
        self._settings = settings
        self._vectors = VectorFile(state / "vectors" / model, dimension)
        folder = state / "index" / model
        self._exact = ExactIndex(folder / "exact", model, dimension, self._vectors)
        self._forests = Forests(
            folder / "annoy", model, dimension, state / "vectors" / model, trees=settings.annoy_trees
        )
        self._tail = _Tail()

    def follow(self, txn: ReadTransaction, limit: int) -> int:
        """Bring the index up to date with the store as `txn` sees it, by about `limit` rows; 0 = it is.

        News come first. Raises StoreFull, StoreError: call it again later, nothing is lost; it can be asked meanwhile.
        """
        return self._exact.follow(txn, limit) or int(self._forests.check())

    @property
    def is_complete(self) -> bool:
        """Claim: none is missing but what has changed lately."""
        return self._exact.is_complete

    @property
    def sequence(self) -> int:
        """The change of the store up to which all is known; 0 = not all is."""
        return self._exact.sequence

    def wants_build(self) -> bool:
        """Claim: a forest should be grown. Some milliseconds."""
        return self._exact.is_complete and bool(self._exact.known) and self._forests.is_wanted(self._outdated())

    def tend_build(self) -> None:
        """Begin to grow a forest where one is wanted, take one that has grown into use. From the main thread.

        Call it every few seconds. What goes wrong is in the figures' alert, and is tried again after a while.
        """
        self._forests.collect()
        if self.wants_build():
            ids = ids_of(self._exact.known)
            try:
                self._forests.start(ids, self._exact.crcs[ids])
            except StoreError as error:
                self._forests.failed(error)

    def by_words(self, query: Vectors, count: int, allowed: BitMap) -> Ranking:
        """The `count` photos of `allowed` nearest to the vector of a text, float32[dimension]. Raises StoreError."""
        forest, known = self._forests.forest, len(self._exact.known)
        exact_max = self._settings.exact_max_rows // (1 if is_fast() else SLOW_SHARE)
        is_exact = self._settings.text == "exact" or (self._settings.text == "auto" and known <= exact_max)
        reach = None if forest is None or is_exact else int(WORDS_SHARE * known)
        return self._nearest(query, count, allowed, reach)

    def by_picture(self, vector: Vectors, count: int, allowed: BitMap) -> Ranking:
        """The `count` photos of `allowed` nearest to the vector of a picture, float32[dimension]. Raises StoreError.

        Of the ten nearest, 95 of 100 are found at least.
        """
        forest, known = self._forests.forest, len(self._exact.known)
        reach = None if forest is None else forest.reach.search_k * max(1, count // NEAREST)
        is_dear = reach is not None and reach * CANDIDATE_COST > known and is_fast()
        return self._nearest(vector, count, allowed, None if is_dear else reach)

    def _nearest(self, vector: Vectors, count: int, allowed: BitMap, reach: int | None) -> Ranking:
        """The nearest photos. reach: how many are looked at in the forest; None = it is not asked."""
        direction = unit(vector[None])[0]
        usable = allowed & self._exact.known
        candidates: Ids | None = None
        if len(usable) <= max(RESCORED, count):
            candidates = ids_of(usable)
        elif reach is not None and len(usable) >= NARROW * len(self._exact.known):
            candidates = self._in_forest(direction, count, usable, reach)
        if candidates is None or candidates.size < min(count, len(usable)):
            candidates = self._exact.candidates(direction, count, usable, threads=self._settings.threads)
        return ranked(self._vectors, direction, candidates, count)

    def _in_forest(self, direction: Vectors, count: int, usable: BitMap, reach: int) -> Ids | None:
        """Candidates from the forest, and from a scan of what it has not."""
        forest = self._forests.forest
        if forest is None:
            return None
        tail = usable & self._tail.of(forest, self._exact)
        more = len(self._exact.known) / len(usable)
        found = bitmap(forest.near(direction, int(OVERFETCH * count * more), int(reach * more)))
        inside = ids_of((found & usable) - tail)
        return np.concatenate((inside, self._exact.candidates(direction, count, tail)))

    def vector_of(self, asset: AssetId) -> Vectors | None:
        """The vector of a photo, float32[dimension] of length 1; None where it has none. Raises StoreError."""
        if asset not in self._exact.known:
            return None
        vector: Vectors = unit(self._vectors.read([asset]))[0]
        return vector

    def figures(self) -> Figures:
        """How it stands."""
        forest = self._forests.forest
        return Figures(
            vectors=len(self._exact.known),
            torn=len(self._exact.torn),
            is_complete=self._exact.is_complete,
            annoy_generation=0 if forest is None else forest.number,
            is_growing=self._forests.is_growing(),
            tail=0 if forest is None else len(self._tail.of(forest, self._exact)),
            alert=self._forests.alert,
        )

    def close(self) -> None:
        """End the child that builds, give the descriptors back."""
        self._forests.close()
        self._exact.close()
        self._vectors.close()

    def _outdated(self) -> int:
        """How many photos the forest has not, or no longer should have."""
        forest, known = self._forests.forest, len(self._exact.known)
        if forest is None:
            return known
        tail = len(self._tail.of(forest, self._exact))
        return tail + forest.count - (known - tail)


class _Tail:
    """The photos that a forest has not, or has grown from another row: worked out again when something has changed."""

    def __init__(self) -> None:
        self._at: tuple[int, int] | None = None
        self._photos = BitMap()

    def of(self, forest: Forest, exact: ExactIndex) -> BitMap:
        """The photos."""
        if self._at != (forest.number, exact.version):
            self._photos = bitmap(forest.outdated(exact.known, exact.crcs))
            self._at = (forest.number, exact.version)
        return self._photos
