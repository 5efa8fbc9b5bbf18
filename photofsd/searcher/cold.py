"""The vectors as they lie on the disk, for a command that searches beside no daemon: nothing is written."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from pyroaring import BitMap

from photofsd.config import profiles
from photofsd.config.schema import Settings
from photofsd.errors import MeaningAway, ModelUnusable, OutOfModelMemory, StoreError
from photofsd.index import ranking
from photofsd.index.generations import read_note
from photofsd.index.quantised import unit
from photofsd.index.rows import ids_of
from photofsd.index.vectors import VectorFile
from photofsd.models.clip import ClipModel, Vectors
from photofsd.models.loading import load
from photofsd.query.meaning import Meant, Ranking, Wish
from photofsd.searcher.engine import Engine, Learned
from photofsd.searcher.floor import Floor, calibrated
from photofsd.searcher.warm import NOTE, model_called
from photofsd.store import changes, embeddings, facets
from photofsd.store.transaction import ReadTransaction
from photofsd.types import AssetId, Facet

BLOCK_ROWS: Final = 16_384


class StoredVectors:
    """The rows that count, looked at one and all."""

    def __init__(self, vectors: VectorFile, counting: BitMap) -> None:
        self._vectors = vectors
        self._counting = counting

    def by_words(self, query: Vectors, count: int, allowed: BitMap) -> ranking.Ranking:
        ids = ids_of(allowed & self._counting)
        cosines = np.empty(len(ids), np.float32)
        for start in range(0, len(ids), BLOCK_ROWS):
            rows = self._vectors.read(ids[start : start + BLOCK_ROWS].tolist())
            cosines[start : start + BLOCK_ROWS] = unit(rows) @ query
        best = np.lexsort((ids, -cosines))[:count]
        return ranking.Ranking(ids[best], cosines[best])

    def by_picture(self, vector: Vectors, count: int, allowed: BitMap) -> ranking.Ranking:
        return self.by_words(vector, count, allowed)

    def vector_of(self, asset: AssetId) -> Vectors | None:
        vector: Vectors = unit(self._vectors.read([asset]))[0]
        return vector if asset in self._counting else None


class Cold:
    """Implements Meaning for one command.

    generation: nothing comes or goes meanwhile. about: what the model says of itself, such as that it is a demo.
    """

    generation = 0
    is_there = True

    def __init__(self, txn: ReadTransaction, settings: Settings, model: ClipModel, name: str, about: str = "") -> None:
        """Raises StoreError."""
        self.about = about
        self._sequence = changes.sequence(txn)
        self.photos = facets.bitmap(txn, Facet.EMBEDDED, name.encode())
        self._vectors = StoredVectors(VectorFile(settings.state / "vectors" / name, model.dimension), self.photos)
        self._engine = Engine(model, self._vectors, lambda _: None)
        self._settings = settings
        self._note = settings.state / "index" / name / NOTE
        self._floor: Floor | None = None

    def rank(self, wishes: Sequence[Wish], count: int) -> Meant:
        """Raises MeaningAway."""
        try:
            rankings = [self._rank(wish, count) for wish in wishes]
        except (ModelUnusable, OutOfModelMemory, StoreError) as error:
            raise MeaningAway(str(error)) from error
        return Meant(rankings, self._sequence)

    def _rank(self, wish: Wish, count: int) -> Ranking:
        return self._engine.rank(wish, count, self.floor(), Learned())

    def floor(self) -> Floor:
        """As set, as the daemon's searcher has calibrated it, or else calibrated now."""
        if self._floor is None:
            noted = None
            with contextlib.suppress(StoreError):
                noted = read_note(self._note, Floor)
            fits = noted is not None and noted.is_fit_for(len(self.photos))
            found = noted if noted is not None and fits else self.calibrated()
            self._floor = found.as_set(self._settings.search.floor)
        return self._floor

    def calibrated(self) -> Floor:
        """What the library itself says."""
        return calibrated(self._vectors, self._engine.encoded, self.photos)

    def cosines(self, text: str) -> ranking.Ranking:
        """Every photo that has a vector, by how much it shows of a text."""
        return self._vectors.by_words(self._engine.direction(text, (), Learned()), len(self.photos), self.photos)


def opened(txn: ReadTransaction, settings: Settings) -> Cold | None:
    """The model that answers, and what lies there of its vectors; None where none answers.

    Raises ModelUnusable, StoreError.
    """
    name = embeddings.answering(txn)
    if not name:
        return None
    model = model_called(settings.models.folder, name, settings.state)
    threads = profiles.threads(settings.models.threads)
    return Cold(txn, settings, load(model, threads=threads, device="cpu"), name, model.about)
