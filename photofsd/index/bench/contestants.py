"""The ways to search that are compared: each is built on the same vectors, and asked for candidates.

The candidates of all of them are scored alike, by the fp16 rows. What is not installed says so.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from pyroaring import BitMap

from photofsd.index import build, exact_rows
from photofsd.index.exact_rows import ExactRows, some
from photofsd.index.forest import PHOTOS, Forest, Order, is_possible
from photofsd.index.quantised import Vectors, unit
from photofsd.index.rows import Ids, bitmap, ids_of
from photofsd.index.scan import is_fast
from photofsd.index.vectors import VectorFile, crcs

OVERFETCH: Final = 2
"""Candidates that are asked for, of each photo that is wanted, where only some are looked at."""

PIECE: Final = 20_000
NOT_INSTALLED: Final = "not installed"


@dataclasses.dataclass(frozen=True)
class Library:
    """The vectors that are searched. ids: ascending, the rows of `file` that count. work: a folder for indexes."""

    file: VectorFile
    folder: Path
    dimension: int
    ids: Ids
    work: Path

    def pieces(self) -> Iterator[tuple[Ids, Vectors]]:
        """Ids and vectors of length 1, some at a time."""
        for start in range(0, len(self.ids), PIECE):
            ids = self.ids[start : start + PIECE]
            yield ids, unit(self.file.read(ids))

    def sample(self, most: int) -> Vectors:
        """Some of the vectors, of length 1."""
        return unit(self.file.read(some(bitmap(self.ids), most)))


class Contestant(ABC):
    """A way to search. variants: how far is looked, by name; one that looks at everything has one, of no name.

    filters: it can be asked for photos of a filter.
    """

    name: ClassVar[str]
    is_exact: ClassVar[bool] = False
    filters: ClassVar[bool] = True
    size_bytes = 0

    @classmethod
    def missing(cls) -> str | None:
        """Why it cannot take part here; None = it can."""
        return None

    @abstractmethod
    def __init__(self, library: Library, threads: int) -> None: ...

    def variants(self, rows: int) -> Sequence[int]:
        """How far to look, of `rows` photos."""
        return (0,)

    @abstractmethod
    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        """Ids among which the best `count` should be; those not in `allowed` are dropped by the caller."""


class Scanned(Contestant):
    """Ours: int8 rows, all of them."""

    name = "ours: exact int8"
    is_exact = True

    def __init__(self, library: Library, threads: int) -> None:
        folder = library.work / "int8"
        folder.mkdir()
        exact_rows.begin(folder, library.sample(4096).mean(axis=0))
        self._rows, self._threads = ExactRows(folder), threads
        for start in range(0, len(library.ids), PIECE):
            ids = library.ids[start : start + PIECE]
            halves = library.file.read(ids)
            self._rows.put(ids, halves, np.array(crcs(halves), np.uint32))
        self._rows.sync()
        self.size_bytes = _bytes_of(folder)

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        return self._rows.candidates(query, count, allowed, threads=self._threads)


class Halves(Contestant):
    """The fp16 rows themselves."""

    name = "exact fp16 (simsimd)"
    is_exact = True

    @classmethod
    def missing(cls) -> str | None:
        return None if is_fast() else "not fast on this processor, or not installed"

    def __init__(self, library: Library, threads: int) -> None:
        self._simsimd: Any = importlib.import_module("simsimd")
        self._rows, self._ids, self._threads = library.file.rows(), library.ids, threads
        self.size_bytes = self._rows.nbytes

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        ids = ids_of(allowed)
        is_all = ids.size == self._ids.size
        first = int(self._ids[0])
        rows = self._rows[first : int(self._ids[-1]) + 1] if is_all else self._rows[ids]
        half = query.astype(np.float16)[None]
        dots = np.asarray(self._simsimd.cdist(rows, half, metric="dot", out_dtype="float32", threads=self._threads))
        scores = dots.ravel()[ids - first] if is_all else dots.ravel()
        found: Ids = ids[_top(scores, OVERFETCH * count)]
        return found


class Numpy(Contestant):
    """float32 in memory, a product of matrices (BLAS, on all cores that it takes)."""

    name = "exact numpy float32"
    is_exact = True

    def __init__(self, library: Library, threads: int) -> None:
        self._matrix = np.empty((len(library.ids), library.dimension), np.float32)
        self._ids = library.ids
        for start, (ids, vectors) in zip(range(0, len(library.ids), PIECE), library.pieces(), strict=True):
            self._matrix[start : start + len(ids)] = vectors
        self.size_bytes = self._matrix.nbytes

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        if len(allowed) == self._ids.size:
            best: Ids = self._ids[_top(self._matrix @ query, count)]
            return best
        places = np.searchsorted(self._ids, ids_of(allowed))
        found: Ids = self._ids[places[_top(self._matrix[places] @ query, count)]]
        return found


class Annoy(Contestant):
    """A forest as ours is; under a filter, as many more are asked for as the filter throws away."""

    name = "annoy, search_k"

    @classmethod
    def missing(cls) -> str | None:
        return None if is_possible() else NOT_INSTALLED

    def __init__(self, library: Library, threads: int) -> None:
        folder = library.work / "1"
        folder.mkdir()
        photos = [np.column_stack((ids, crcs(library.file.read(ids)))) for ids, _ in library.pieces()]
        np.concatenate(photos).astype("<u4").tofile(folder / PHOTOS)
        build.build(Order(str(folder), str(library.folder), library.dimension, trees=10))
        self._forest, self._count = Forest(folder, library.dimension), len(library.ids)
        self.size_bytes = _bytes_of(folder)

    def variants(self, rows: int) -> Sequence[int]:
        return tuple(int(share * rows) for share in (0.2, 0.4, 0.8))

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        wanted = OVERFETCH * count * self._count // max(1, len(allowed))
        return self._forest.near(query, wanted, max(variant, wanted))


class Hnswlib(Contestant):
    """hnswlib, M = 16, ef_construction = 200."""

    name = "hnswlib float32, ef"
    filters = False

    @classmethod
    def missing(cls) -> str | None:
        return None if importlib.util.find_spec("hnswlib") else NOT_INSTALLED

    def __init__(self, library: Library, threads: int) -> None:
        self._index: Any = importlib.import_module("hnswlib").Index(space="ip", dim=library.dimension)
        self._index.init_index(max_elements=len(library.ids), M=16, ef_construction=200)
        for ids, vectors in library.pieces():
            self._index.add_items(vectors, ids)
        self._index.set_num_threads(threads)
        self._index.save_index(str(library.work / "hnswlib"))
        self.size_bytes = _bytes_of(library.work / "hnswlib")

    def variants(self, rows: int) -> Sequence[int]:
        return (400, 800, 1600)

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        self._index.set_ef(max(variant, count))
        found, _ = self._index.knn_query(query[None], k=min(OVERFETCH * count, variant, self._index.element_count))
        return np.asarray(found[0], np.uint32)


class Usearch(Contestant):
    """usearch, HNSW of fp16 rows."""

    name = "usearch float16, ef"
    filters = False

    @classmethod
    def missing(cls) -> str | None:
        return None if importlib.util.find_spec("usearch") else NOT_INSTALLED

    def __init__(self, library: Library, threads: int) -> None:
        index: Any = importlib.import_module("usearch.index").Index(ndim=library.dimension, metric="ip", dtype="f16")
        for ids, vectors in library.pieces():
            index.add(ids.astype(np.uint64), vectors)
        index.save(str(library.work / "usearch"))
        self._index, self._threads = index, threads
        self.size_bytes = _bytes_of(library.work / "usearch")

    def variants(self, rows: int) -> Sequence[int]:
        return (800, 1600)

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        self._index.expansion_search = variant
        found = self._index.search(query, OVERFETCH * count, threads=self._threads)
        return np.asarray(found.keys, np.uint32)


class Faiss(Contestant):
    """faiss, IVF with 4 * sqrt(rows) lists of int8 rows."""

    name = "faiss IVF,SQ8, nprobe"
    filters = False

    @classmethod
    def missing(cls) -> str | None:
        return None if importlib.util.find_spec("faiss") else NOT_INSTALLED

    def __init__(self, library: Library, threads: int) -> None:
        faiss: Any = importlib.import_module("faiss")
        lists = max(1, int(4 * len(library.ids) ** 0.5))
        self._index = faiss.index_factory(library.dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        self._index.train(library.sample(40 * lists))
        for ids, vectors in library.pieces():
            self._index.add_with_ids(vectors, ids.astype(np.int64))
        faiss.omp_set_num_threads(threads)
        faiss.write_index(self._index, str(library.work / "faiss"))
        self._lists = lists
        self.size_bytes = _bytes_of(library.work / "faiss")

    def variants(self, rows: int) -> Sequence[int]:
        return sorted({min(self._lists, probes) for probes in (64, 192, 512)})

    def candidates(self, query: Vectors, count: int, allowed: BitMap, variant: int) -> Ids:
        self._index.nprobe = variant
        _, found = self._index.search(query[None], OVERFETCH * count)
        best: Ids = found[0][found[0] >= 0].astype(np.uint32)
        return best


ALL: Final[Sequence[type[Contestant]]] = (Scanned, Halves, Numpy, Annoy, Hnswlib, Usearch, Faiss)


def _top(scores: Vectors, count: int) -> Any:  # noqa: ANN401 - places, of whatever type numpy takes
    return np.argpartition(-scores, count - 1)[:count] if count < len(scores) else np.arange(len(scores))


def _bytes_of(path: Path) -> int:
    """Bytes on the disk: in sparse files, zeros take none."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(os.stat(file).st_blocks * 512 for file in files)
