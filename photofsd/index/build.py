"""The child that grows a forest: `python -m photofsd.index.build ORDER`, at low priority, dying with its parent.

It reads fp16 rows and writes the files of a generation, brought to the disk; on stdout it says their digests. A photo
whose row is no longer the one that was ordered is left out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from annoy import AnnoyIndex

from photofsd.index.forest import FILES, NEAREST, PHOTOS, REACH, TREES, Order, Reach, opened
from photofsd.index.generations import synced
from photofsd.index.quantised import Vectors, unit
from photofsd.index.rows import Ids
from photofsd.index.vectors import VectorFile, crcs
from photofsd.processes.lowered import lower_and_limit

RECALL_MIN: Final = 0.97
"""Of the ten nearest of a picture, on average; a little more than is promised, as it is measured on a sample."""

_SAMPLE: Final = 100
_SEED: Final = 4
_ROWS: Final = 8192
_SEARCH_K_MIN: Final = 250


def main() -> None:
    """Build what is ordered; prints {name: digest}."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    lower_and_limit(0, may_write=True)
    sys.stdout.buffer.write(msgspec.json.encode(build(order)))


def build(order: Order) -> dict[str, str]:
    """Write the files of a forest; their digests. Raises StoreError, OSError."""
    folder, file = Path(order.folder), VectorFile(Path(order.vectors), order.dimension)
    trees = AnnoyIndex(order.dimension, "angular")
    trees.set_seed(_SEED)
    trees.on_disk_build(str(folder / TREES))
    grown = [np.empty((0, 2), np.uint32)]
    for photos, vectors in _pieces(folder, file):
        for asset, vector in zip(photos[:, 0].tolist(), vectors, strict=True):
            trees.add_item(asset, vector)
        grown.append(photos)
    trees.build(order.trees, n_jobs=1)
    trees.unload()
    np.concatenate(grown).astype("<u4").tofile(folder / PHOTOS)
    (folder / REACH).write_bytes(msgspec.json.encode(_reach(folder, file, order)))
    os.chmod(folder / TREES, 0o600)
    return {name: synced(folder / name) for name in FILES}


def _pieces(folder: Path, file: VectorFile) -> Iterator[tuple[Ids, Vectors]]:
    """The photos of the file PHOTOS whose rows are still those, uint32[n, 2], and their vectors, some at a time."""
    photos = np.fromfile(folder / PHOTOS, "<u4").reshape(-1, 2)
    for start in range(0, len(photos), _ROWS):
        some = photos[start : start + _ROWS]
        halves = file.read(some[:, 0])
        is_whole = np.array(crcs(halves), np.uint32) == some[:, 1]
        yield some[is_whole], unit(halves[is_whole])


def _reach(folder: Path, file: VectorFile, order: Order) -> Reach:
    """How far must be looked for the nearest of a picture: found by looking further until enough of them are found."""
    trees, photos = opened(folder / TREES, order.dimension), np.fromfile(folder / PHOTOS, "<u4").reshape(-1, 2)
    chosen = np.sort(np.random.default_rng(_SEED).choice(len(photos), min(_SAMPLE, len(photos)), replace=False))
    queries = unit(file.read(photos[chosen, 0]))
    nearest = _nearest(folder, file, queries)
    search_k, recall = _SEARCH_K_MIN, 0.0
    while recall < RECALL_MIN and search_k < order.trees * len(photos):
        search_k *= 2
        found = [trees.get_nns_by_vector(query, 2 * NEAREST, search_k) for query in queries]
        hits = [np.isin(best, near).mean() for best, near in zip(nearest, found, strict=True)]
        recall = float(np.mean(hits))
    return Reach(search_k, recall)


def _nearest(folder: Path, file: VectorFile, queries: Vectors) -> Ids:
    """The ids [queries, NEAREST] of what is truly nearest."""
    ids: Ids = np.empty((len(queries), 0), np.uint32)
    cosines: Vectors = np.empty((len(queries), 0), np.float32)
    for photos, vectors in _pieces(folder, file):
        ids = np.hstack((ids, np.broadcast_to(photos[:, 0], (len(queries), len(photos)))))
        cosines = np.hstack((cosines, queries @ vectors.T))
        best = np.argpartition(-cosines, min(NEAREST, cosines.shape[1]) - 1, axis=1)[:, :NEAREST]
        ids, cosines = np.take_along_axis(ids, best, 1), np.take_along_axis(cosines, best, 1)
    return ids


if __name__ == "__main__":
    main()
