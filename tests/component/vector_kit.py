"""What tests of the indexes begin with: a store with photos, their vectors, and the answers of brute force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from photofsd.config.schema import IndexSettings
from photofsd.index.pictures import PictureIndex
from photofsd.index.ranking import Ranking
from photofsd.index.vectors import VectorFile, crcs
from photofsd.store import embeddings
from photofsd.store.env import Store
from photofsd.store.paths import libraries
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId
from tests.component.store_kit import add_photo, root

MODEL = "test-0123456789abcdef"
Vectors = npt.NDArray[np.float32]


def directions(count: int, dimension: int, seed: int = 1) -> Vectors:
    """Pictures, more or less: vectors of length 1 that have much in common, some of them nearly the same."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((count, dimension)) + 1.5 * np.random.default_rng(7).standard_normal(dimension)
    alike = rng.random(count) < 0.3
    found[alike] = found[0] + 0.1 * found[alike]
    result: Vectors = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return result


class Embedded:
    """A store with photos of a model, as stage clip writes them; `index` opens the index of it.

    first: the number of the next photo.
    """

    def __init__(self, state: Path, dimension: int, settings: IndexSettings | None = None, first: int = 0) -> None:
        self.state = state
        self.dimension = dimension
        self.store = Store.open(state / "store")
        self.file = VectorFile(state / "vectors" / MODEL, dimension)
        self.settings = settings or IndexSettings()
        self.counted: dict[int, Vectors] = {}
        self._photos = first

    def index(self) -> PictureIndex:
        """The index as a new searcher opens it."""
        return PictureIndex(self.state, MODEL, self.dimension, self.settings)

    def recall(self) -> int:
        """Learn from the store and the file which vectors count; how many are torn, as a kill leaves some."""
        with self.store.read() as txn:
            found = {asset: known.rows.get(MODEL) for asset, known in embeddings.embeddings(txn)}
        ids = [asset for asset, crc in found.items() if crc is not None]
        rows = self.file.read(ids)
        self.counted = {
            asset: row.astype(np.float32)
            for asset, row, crc in zip(ids, rows, crcs(rows), strict=True)
            if crc == found[AssetId(asset)]
        }
        return len(ids) - len(self.counted)

    def add(self, vectors: Vectors) -> list[int]:
        """Photos with these vectors."""
        with self.store.write() as txn:
            folder = next((one.dir for one in libraries(txn)), None)
            folder = root(txn) if folder is None else folder
            names = [b"%d.jpg" % number for number in range(self._photos, self._photos + len(vectors))]
            ids = [int(add_photo(txn, folder, name)) for name in names]
            self._photos += len(ids)
            self._embed(txn, ids, vectors)
        return ids

    def embed(self, ids: Sequence[int], vectors: Vectors) -> None:
        """These photos get other vectors."""
        with self.store.write() as txn:
            self._embed(txn, ids, vectors)

    def _embed(self, txn: WriteTransaction, ids: Sequence[int], vectors: Vectors) -> None:
        crcs = self.file.write(ids, vectors)
        self.file.sync()
        for asset, crc, vector in zip(ids, crcs, vectors, strict=True):
            embeddings.count(txn, AssetId(asset), MODEL, crc)
            self.counted[asset] = vector

    def discount(self, ids: Iterable[int]) -> None:
        """The vectors of these photos count no more."""
        with self.store.write() as txn:
            for asset in ids:
                embeddings.discount(txn, AssetId(asset), MODEL)
                self.counted.pop(asset, None)

    def expected(self, query: Vectors, count: int, allowed: BitMap) -> tuple[list[int], npt.NDArray[np.float64]]:
        """The answer by brute force: ids of the best, and the cosine of every photo that counts, by id."""
        ids = np.array(sorted(allowed & BitMap(self.counted)), np.int64)
        cosines = np.full(max(self.counted, default=0) + 1, -2.0)
        if ids.size:
            rows = np.stack([self.counted[asset] for asset in ids.tolist()]).astype(np.float16).astype(np.float64)
            cosines[ids] = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
        return ids[np.lexsort((ids, -cosines[ids]))][:count].tolist(), cosines


def follow(index: PictureIndex, store: Store, limit: int = 1000) -> None:
    """Bring it up to date."""
    done = 1
    while done:
        with store.read() as txn:
            done = index.follow(txn, limit)


def assert_right(at: Embedded, answer: Ranking, query: Vectors, count: int, allowed: BitMap) -> None:
    """The answer is that of brute force; two of the same cosine to 1e-6 may change places."""
    best, cosines = at.expected(query, count, allowed)
    assert len(answer.ids) == len(best) == len(set(answer.ids.tolist()))
    assert set(answer.ids.tolist()) <= set(allowed) & at.counted.keys()
    assert np.allclose(answer.cosines, cosines[answer.ids], atol=1e-5)
    assert np.allclose(answer.cosines, cosines[best], atol=1e-5)
    assert (np.diff(answer.cosines) <= 0).all()
