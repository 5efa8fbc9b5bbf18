"""Answers wishes: texts become vectors, vectors find photos, the floor cuts what chance finds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pyroaring import BitMap

from photofsd.models.clip import ClipModel, Vectors, normalised
from photofsd.query.meaning import Ranking, Wish
from photofsd.searcher.floor import Floor, Found, Pictures
from photofsd.types import AssetId

UNLIKE_SHARE: Final = 0.5
"""Of the vector of a text that is taken away from what is looked for."""

TEXTS_MAX: Final = 256

Known = Callable[[str], tuple[bytes, bool] | None]
"""The vector of a text as the store has it, and whether it is to be kept anew."""


@dataclass(slots=True)
class Learned:
    """Vectors of texts that the store is to keep, as bytes of float32."""

    texts: dict[str, bytes] = field(default_factory=dict)


class Engine:
    """A model and the vectors of the photos. Several threads may ask, where `pictures` lets them."""

    def __init__(self, model: ClipModel, pictures: Pictures, known: Known) -> None:
        self._model = model
        self._pictures = pictures
        self._known = known
        self._texts: OrderedDict[str, Vectors] = OrderedDict()
        self._texts_lock = threading.Lock()
        self._encoding = threading.Lock()

    def rank(self, wish: Wish, count: int, floor: Floor, learned: Learned) -> Ranking:
        """The photos that come closest, down to the floor. Raises ModelUnusable, OutOfModelMemory, StoreError."""
        if wish.like is not None:
            return self._alike(wish.like, count, wish.allowed, floor)
        direction = self.direction(wish.text, wish.unlike, learned)
        return _down_to(self._pictures.by_words(direction, count, wish.allowed), floor.text)

    def _alike(self, asset: AssetId, count: int, allowed: BitMap, floor: Floor) -> Ranking:
        vector = self._pictures.vector_of(asset)
        if vector is None:
            return Ranking(note="that photo has no vector yet: nothing is known to look like it")
        return _down_to(self._pictures.by_picture(vector, count, allowed), floor.picture)

    def direction(self, text: str, unlike: Sequence[str], learned: Learned) -> Vectors:
        """Where to look: float32[dimension] of length 1."""
        wanted = self._vector(text, learned)
        turned = wanted.copy()
        for each in unlike:
            turned -= UNLIKE_SHARE * self._vector(each, learned)
        direction: Vectors = normalised(turned[None])[0]
        return direction

    def encoded(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, float32[n, dimension], one at a time: somebody may be waiting for another."""
        return np.stack([self._encoded(text) for text in texts])

    def _vector(self, text: str, learned: Learned) -> Vectors:
        with self._texts_lock:
            if text in self._texts:
                self._texts.move_to_end(text)
                return self._texts[text]
        known = self._known(text)
        vector = self._read(known[0]) if known is not None else None
        if vector is None or (known is not None and known[1]):
            vector = self._encoded(text) if vector is None else vector
            learned.texts[text] = vector.tobytes()
        with self._texts_lock:
            self._texts[text] = vector
            while len(self._texts) > TEXTS_MAX:
                self._texts.popitem(last=False)
        return vector

    def _read(self, content: bytes) -> Vectors | None:
        """A vector that was kept; None where it cannot be one of this model."""
        vector = np.frombuffer(content, np.float32) if len(content) == 4 * self._model.dimension else None
        return vector if vector is not None and np.isfinite(vector).all() else None

    def _encoded(self, text: str) -> Vectors:
        with self._encoding:
            vector: Vectors = self._model.of_texts([text])[0]
        return vector


def _down_to(found: Found, floor: float) -> Ranking:
    count = int(np.count_nonzero(found.cosines >= floor))
    return Ranking(found.ids[:count].tolist(), [round(cosine, 4) for cosine in found.cosines[:count].tolist()])
