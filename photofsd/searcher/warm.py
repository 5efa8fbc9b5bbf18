"""A model and an index that are open: what the searcher has in memory."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from pyroaring import BitMap

from photofsd.durable import unwritable
from photofsd.errors import ModelUnusable, StoreError
from photofsd.index.generations import read_note, write_note
from photofsd.index.pictures import Figures, PictureIndex
from photofsd.models.clip import ClipModel, Vectors
from photofsd.models.folder import Installed, Purpose, installed
from photofsd.models.known_ids import IDS, KnownIds
from photofsd.models.loading import load
from photofsd.query.meaning import Ranking, Wish
from photofsd.searcher.engine import Engine, Learned
from photofsd.searcher.floor import Floor, Found, calibrated
from photofsd.searcher.messages import Setup, Standing
from photofsd.store import facets, text_vectors
from photofsd.store.env import Store
from photofsd.store.transaction import ReadTransaction
from photofsd.types import AssetId, Facet

NOTE: Final = "floor.json"
TEND_EVERY_S: Final = 5.0
FOLLOW_ROWS: Final = 2_000
"""At once: a question waits no longer than these take."""

log = logging.getLogger(__name__)


class Warm:
    """Answers wishes and follows the store."""

    def __init__(self, setup: Setup, store: Store, model: ClipModel, index: PictureIndex) -> None:
        self._setup = setup
        self._store = store
        self._index = _Shared(index)
        self._engine = Engine(model, self._index, self._known_text)
        self._note = setup.folder / "index" / setup.model / NOTE
        self._floor: Floor | None = None
        self._tended_s = 0.0

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Load and open all; the first text is encoded. Raises ModelUnusable, StoreError."""
        store = Store.open(setup.folder / "store", readonly=True)
        model = load(model_called(Path(setup.models), setup.model, setup.folder), threads=setup.threads, device="cpu")
        index = PictureIndex(setup.folder, setup.model, model.dimension, setup.index)
        model.of_texts(["a photo"])
        _remove_all_but(setup.folder / "index" / setup.model)
        return cls(setup, store, model, index)

    def _known_text(self, text: str) -> tuple[bytes, bool] | None:
        with self._store.read() as txn:
            return text_vectors.vector(txn, self._setup.model, text, now_s=int(time.time()))

    def rank(self, wish: Wish, count: int, learned: Learned) -> Ranking:
        """The photos of a wish. Raises ModelUnusable, OutOfModelMemory, StoreError."""
        return self._engine.rank(wish, count, self.floor, learned)

    @property
    def floor(self) -> Floor:
        """What is in use: as set, or as calibrated."""
        return (self._floor or Floor(0.0, 0.0, 0)).as_set(self._setup.floor)

    @property
    def sequence(self) -> int:
        """The last change of the store that its answers know of."""
        return self._index.sequence

    def follow(self, tell: Callable[[], None]) -> None:
        """Bring the index up to date, a piece at a time, and calibrate where the library has become another one.

        What lay there at the start answers as soon as the news are in; whether it is right is looked at behind that.
        tell: called between two pieces. From the main thread: the builds that are started here die with it.
        Raises StoreFull, StoreError, ModelUnusable.
        """
        if self._floor is None:
            self._floor = self._noted()
        while True:
            started_s = time.monotonic()
            with self._store.read() as txn:
                left = self._index.follow(txn, FOLLOW_ROWS)
            if not left:
                break
            tell()
            if self._index.is_complete:
                time.sleep(time.monotonic() - started_s)
        if time.monotonic() - self._tended_s > TEND_EVERY_S:
            self._tended_s = time.monotonic()
            self._index.tend_build()
        self._calibrate()

    def _calibrate(self) -> None:
        vectors = self._index.figures().vectors
        if self._floor is not None and self._floor.is_fit_for(vectors):
            return
        with self._store.read() as txn:
            photos = facets.bitmap(txn, Facet.EMBEDDED, self._setup.model.encode())
        self._floor = calibrated(self._index, self._engine.encoded, photos)
        try:
            write_note(self._note, self._floor)
        except OSError as error:
            raise unwritable(f"the floor in {self._note}", error) from error

    def _noted(self) -> Floor | None:
        try:
            return read_note(self._note, Floor)
        except StoreError as error:
            log.warning("the floor is calibrated again: %s", error)
            return None

    def standing(self, trouble: str) -> Standing:
        """How it stands. trouble: what keeps it from following."""
        figures = self._index.figures()
        return Standing(
            vectors=figures.vectors,
            is_complete=figures.is_complete and self._floor is not None,
            annoy_generation=figures.annoy_generation or None,
            tail=figures.tail,
            floor=round(self.floor.text, 4),
            trouble=trouble or figures.alert or "",
        )


class _Shared:
    """An index that several threads use, one at a time."""

    def __init__(self, index: PictureIndex) -> None:
        self._index = index
        self._lock = threading.Lock()

    def follow(self, txn: ReadTransaction, limit: int) -> int:
        """As the index does."""
        with self._lock:
            return self._index.follow(txn, limit)

    @property
    def is_complete(self) -> bool:
        """As the index says."""
        return self._index.is_complete

    @property
    def sequence(self) -> int:
        """As the index does."""
        return self._index.sequence

    def tend_build(self) -> None:
        """As the index does."""
        with self._lock:
            self._index.tend_build()

    def by_words(self, query: Vectors, count: int, allowed: BitMap) -> Found:
        with self._lock:
            return self._index.by_words(query, count, allowed)

    def by_picture(self, vector: Vectors, count: int, allowed: BitMap) -> Found:
        with self._lock:
            return self._index.by_picture(vector, count, allowed)

    def vector_of(self, asset: AssetId) -> Vectors | None:
        with self._lock:
            return self._index.vector_of(asset)

    def figures(self) -> Figures:
        """As the index gives them."""
        with self._lock:
            return self._index.figures()


def _remove_all_but(index: Path) -> None:
    """Remove the indexes of models that answer no more: made again in minutes where one comes back."""
    with contextlib.suppress(OSError):
        for folder in index.parent.iterdir():
            if folder != index:
                shutil.rmtree(folder, ignore_errors=True)


def model_called(models: Path, name: str, state: Path) -> Installed:
    """The image-text model in the folder `models` whose id is `name`. Raises ModelUnusable.

    state: the state folder, where ids are remembered: reading a model to see which it is takes a second a gigabyte.
    """
    ids = KnownIds(state / IDS)
    for model in installed(models):
        if model.purpose is Purpose.CLIP and name.startswith(f"{model.name}-") and (ids.of(model) or model.id) == name:
            return model
    raise ModelUnusable(f"the model that the photos' vectors are from ({name}) is not in {models} any more")
