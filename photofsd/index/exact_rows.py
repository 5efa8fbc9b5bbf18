"""The rows that are scanned: int8, at the asset id's place, each with the CRC of the fp16 row that it was made from.

A generation has one mean. Rows come, change and go in place: each has a sum of its own, so that one that was torn, or
has changed on the disk, is known and made again from its fp16 row.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from photofsd.durable import unwritable
from photofsd.index.quantised import Vectors, quantised, unit
from photofsd.index.rows import Ids, RowFile, bitmap, ids_of
from photofsd.index.scan import Scan
from photofsd.index.vectors import Halves

MEAN: Final = "mean.f32"
"""The one file of a generation that never changes."""

_NOTE: Final = np.dtype([("scale", "<f4"), ("crc", "<u4"), ("sum", "<u4")])
"""Of each row: its scale, 0 = there is no row; the CRC-32 of its fp16 row; that of itself, its scale and that CRC."""

DRIFTED: Final = 0.1
"""Share of the rows' scatter that the distance of their mean from the kept one may be, both squared."""

_SAMPLE: Final = 4096
_SEED: Final = 4

Crcs = npt.NDArray[np.uint32]
Notes = npt.NDArray[Any]


def begin(folder: Path, mean: Vectors) -> None:
    """Write the mean of a new generation into `folder`. Raises StoreFull, StoreError."""
    try:
        (folder / MEAN).write_bytes(mean.astype("<f4").tobytes())
    except OSError as error:
        raise unwritable(str(folder / MEAN), error) from error


class ExactRows:
    """The rows of a generation in `folder`. One thread uses them. Memory: 12 bytes an id, the rows are mapped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mean: Vectors = np.fromfile(folder / MEAN, "<f4")
        self._rows = RowFile(folder / "rows.i8", np.int8, self.mean.size)
        self._note_file = RowFile(folder / "notes", _NOTE, 1)
        self._notes: Notes = self._note_file.rows().ravel().copy()
        self.known = bitmap(np.flatnonzero(self._notes["scale"]).astype(np.uint32))

    @property
    def crcs(self) -> Crcs:
        """By id, the CRC of the fp16 row that a row was made from; of use for the ids in `known`."""
        found: Crcs = self._notes["crc"]
        return found

    def differing(self, ids: Ids, crcs: Crcs) -> npt.NDArray[np.bool_]:
        """Which of ids[n] have no row, or one made from another fp16 row than that with crcs[n]."""
        self._make_room(ids)
        notes = self._notes[ids]
        found: npt.NDArray[np.bool_] = (notes["scale"] == 0) | (notes["crc"] != crcs)
        return found

    def damaged(self, ids: Ids) -> Ids:
        """Those of `ids`, which all have a row, whose row is not as it was written."""
        sums = _sums(self._rows.read(ids), self._notes[ids])
        found: Ids = ids[sums != self._notes["sum"][ids]]
        return found

    def put(self, ids: Ids, halves: Halves, crcs: Crcs) -> None:
        """Make the rows of ids[n], ascending, from their fp16 rows. Raises StoreFull, StoreError."""
        rows, scales = quantised(unit(halves), self.mean)
        notes = np.empty(len(ids), _NOTE)
        notes["scale"], notes["crc"] = scales, crcs
        notes["sum"] = _sums(rows, notes)
        self._rows.write(ids, rows)
        self._write(ids, notes)
        self.known |= bitmap(ids)

    def drop(self, ids: Ids) -> None:
        """Let the rows of `ids` count no more. Raises StoreFull, StoreError."""
        self.known -= bitmap(ids)
        self._write(ids, np.zeros(len(ids), _NOTE))

    def _write(self, ids: Ids, notes: Notes) -> None:
        self._make_room(ids)
        self._note_file.write(ids, notes)
        self._notes[ids] = notes

    def _make_room(self, ids: Ids) -> None:
        missing = int(ids.max(initial=0)) + 1 - self._notes.size
        if missing > 0:
            self._notes = np.pad(self._notes, (0, max(missing, self._notes.size // 4)))

    def sync(self) -> None:
        """Bring all rows to the disk. Raises StoreFull, StoreError."""
        self._rows.sync()
        self._note_file.sync()

    def close(self) -> None:
        """Give the descriptors back."""
        self._rows.close()
        self._note_file.close()

    def candidates(self, query: Vectors, count: int, allowed: BitMap, *, threads: int) -> Ids:
        """Ids of `allowed`, which all have a row, among which the best `count` are: see scan.py."""
        scatter = max(1 - float(self.mean @ self.mean), 0.0) ** 0.5
        scan = Scan(query, scatter=scatter, threads=threads)
        return scan.candidates(self._rows.rows(), self._notes["scale"], allowed, count)

    def has_drifted(self) -> bool:
        """Claim: the mean of the rows is no longer the one that they are kept around; from a sample."""
        ids = some(self.known, _SAMPLE)
        apart = self._rows.read(ids) * self._notes["scale"][ids][:, None]
        mean = apart.mean(axis=0, dtype=np.float64)
        scatter = np.square(apart).sum(axis=1, dtype=np.float64).mean()
        return bool(mean @ mean > DRIFTED * scatter)


def some(known: BitMap, most: int) -> Ids:
    """At most that many ids of `known`, ascending, spread over all of it."""
    ids = ids_of(known)
    if ids.size <= most:
        return ids
    return np.sort(np.random.default_rng(_SEED).choice(ids, most, replace=False))


def _sums(rows: npt.NDArray[np.int8], notes: Notes) -> Crcs:
    """The sum of each row."""
    content, size = memoryview(rows.tobytes()), rows.shape[1]
    found = np.fromiter((zlib.crc32(content[at : at + size]) for at in range(0, len(content), size)), np.uint32)
    sums: Crcs = found ^ notes["scale"].astype("<f4").view("<u4") ^ notes["crc"]
    return sums
