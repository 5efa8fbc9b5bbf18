"""The index that is scanned: int8 rows, kept as the store says, and made anew when their mean drifts.

It can always be answered from. What was written since the last mark is told by the change log once more; a new
generation is filled off to the side, a piece at a time, and takes the old one's place in one step.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from pyroaring import BitMap

from photofsd.durable import unwritable
from photofsd.errors import StoreError
from photofsd.index import exact_rows
from photofsd.index.exact_rows import MEAN, ExactRows, some
from photofsd.index.following import Following, Said
from photofsd.index.generations import Generations, Origin, read_note, write_note
from photofsd.index.quantised import Vectors, unit
from photofsd.index.rows import Ids, bitmap, ids_of
from photofsd.index.vectors import VectorFile, crcs

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

VERSION: Final = 1
PIECE_ROWS: Final = 4096
"""Rows that are dealt with at once: some milliseconds, a few megabytes."""

MARK_CHANGES: Final = 1000
"""Changes after which the mark moves even if none concerned a vector."""

_MARK: Final = "FOLLOWED"
_SAMPLE: Final = 4096
_GROWN: Final = 1.1
_GROWN_ROWS: Final = 64

log = logging.getLogger(__name__)


class _Mark(msgspec.Struct, frozen=True):
    """Up to which change of the log the rows beside it are on the disk."""

    sequence: int


class ExactIndex:
    """The scanned index of one model, in `folder`. One thread uses it.

    torn:    the photos whose fp16 row is not the one that the store counts.
    version: another one whenever `known` or `crcs` may have changed.
    """

    def __init__(self, folder: Path, model: str, dimension: int, vectors: VectorFile) -> None:
        self._vectors = vectors
        self._generations = Generations(folder, Origin(model, dimension, VERSION, "photofsd"))
        self._rows: ExactRows | None = None
        self._next: _Next | None = None
        self._is_marked = True
        self._marked = self._open()
        self._following = Following(model, self._marked)
        self._looked_at_rows = 0
        self.torn = BitMap()
        self.version = 0

    def _open(self) -> int | None:
        """Open what lies there; the change up to which it is right, None = that is not known."""
        generation = self._generations.current()
        if generation is None:
            return None
        try:
            for _ in generation.checked():
                pass
            self._rows = ExactRows(generation.folder)
            mark = read_note(generation.folder / _MARK, _Mark)
        except StoreError as error:
            if self._rows is None:
                self._generations.refuse(str(error))
            return None
        return None if mark is None else mark.sequence

    @property
    def known(self) -> BitMap:
        """The photos that have a row."""
        return BitMap() if self._rows is None else self._rows.known

    @property
    def is_complete(self) -> bool:
        """Claim: nothing is missing but what has changed lately; it may be that all is still being compared."""
        return self._following.is_complete

    @property
    def sequence(self) -> int:
        """The change of the store up to which all is known; 0 = not all is."""
        return self._following.sequence or 0

    @property
    def crcs(self) -> exact_rows.Crcs:
        """By id, the CRC of the fp16 row; of use for the ids in `known`, which are all below its size."""
        return np.empty(0, np.uint32) if self._rows is None else self._rows.crcs

    def candidates(self, query: Vectors, count: int, allowed: BitMap, *, threads: int = 1) -> Ids:
        """Ids of `allowed`, all of them known, among which the best `count` are. query: of length 1."""
        if self._rows is None:
            return np.empty(0, np.uint32)
        return self._rows.candidates(query, count, allowed, threads=threads)

    def follow(self, txn: ReadTransaction, limit: int) -> int:
        """Do some of what there is to do, about `limit` rows; how many that were, 0 = there is nothing to do.

        Raises StoreFull, StoreError: call it again later, nothing is lost.
        """
        limit = max(1, min(limit, PIECE_ROWS))
        said = self._following.said(txn, limit)
        if said is not None:
            self._take(said)
            self._following.done(said)
            return max(1, said.cost)
        if self._rows is not None and self._next is not None:
            return self._fill(self._next, self._rows, limit)
        self._set_mark()
        return self._look_at_mean()

    def close(self) -> None:
        """Give the descriptors back."""
        for rows in self._all_rows():
            rows.close()

    def _all_rows(self) -> Iterator[ExactRows]:
        """The rows that are kept up to date."""
        if self._rows is not None:
            yield self._rows
        if self._next is not None:
            yield self._next.rows

    def _take(self, said: Said) -> None:
        """Make the rows what the store says."""
        ids, wanted = _columns(said.crcs)
        if self._rows is None and ids.size:
            self._rows = self._first(ids)
        if self._rows is None:
            return
        differ = self._rows.differing(ids, wanted)
        if not said.is_news:
            differ |= np.isin(ids, self._rows.damaged(ids[~differ]))
        ids, wanted = ids[differ], wanted[differ]
        gone = (self.known & said.among) - bitmap(np.fromiter(said.crcs, np.uint32))
        if not ids.size and not gone:
            self.torn -= said.among
            return
        halves = self._vectors.read(ids)
        is_whole = np.array(crcs(halves), np.uint32) == wanted
        torn = bitmap(ids[~is_whole])
        self._is_marked = False
        self.version += 1
        for rows in self._all_rows():
            rows.drop(ids_of(rows.known & (gone | torn)))
            rows.put(ids[is_whole], halves[is_whole], wanted[is_whole])
        self.torn = (self.torn - said.among) | torn

    def _first(self, ids: Ids) -> ExactRows:
        """A generation without rows, around the mean of the vectors that lie there; of few, of those of `ids`."""
        stored = len(self._vectors.rows())
        sample = np.linspace(0, stored, _SAMPLE, endpoint=False).astype(np.uint32) if stored > _SAMPLE else ids
        exact_rows.begin(self._generations.begin(), self._mean(sample))
        return ExactRows(self._generations.seal([MEAN]).folder)

    def _mean(self, ids: Ids) -> Vectors:
        """The mean of the vectors of `ids`; what is no direction does not count."""
        vectors = unit(self._vectors.read(ids))
        mean: Vectors = vectors[vectors.any(axis=1)].sum(axis=0) / max(1, int(vectors.any(axis=1).sum()))
        return mean

    def _look_at_mean(self) -> int:
        """Begin a generation around another mean where the rows have come to need one."""
        if self._rows is None or len(self.known) < _GROWN * self._looked_at_rows + _GROWN_ROWS:
            return 0
        self._looked_at_rows = len(self.known)
        if not self._rows.has_drifted():
            return 0
        folder = self._generations.begin()
        exact_rows.begin(folder, self._mean(some(self.known, _SAMPLE)))
        self._next = _Next(ExactRows(folder))
        return 1

    def _fill(self, following: _Next, rows: ExactRows, limit: int) -> int:
        """Copy some rows into the next generation; when all are there, take it into use."""
        ids = following.missing(rows.known, limit)
        if ids.size:
            halves, wanted = self._vectors.read(ids), rows.crcs[ids]
            is_whole = np.array(crcs(halves), np.uint32) == wanted
            following.rows.put(ids[is_whole], halves[is_whole], wanted[is_whole])
            return ids.size
        following.rows.sync()
        self.close()
        self._rows, self._next = ExactRows(self._generations.seal([MEAN]).folder), None
        self._is_marked = False
        return 1

    def _set_mark(self) -> None:
        """Write down how far the rows have come, when they are on the disk."""
        sequence = self._following.sequence
        if self._rows is None or sequence is None:
            return
        if self._is_marked and sequence < (self._marked or 0) + MARK_CHANGES:
            return
        self._rows.sync()
        try:
            write_note(self._rows.folder / _MARK, _Mark(sequence))
        except OSError as error:
            raise unwritable(f"an index in {self._rows.folder}", error) from error
        self._marked, self._is_marked = sequence, True


class _Next:
    """A generation that is being filled: all ids below `_position` are in it."""

    def __init__(self, rows: ExactRows) -> None:
        self.rows = rows
        self._position = 0

    def missing(self, known: BitMap, limit: int) -> Ids:
        """At most that many of the ids of `known` that are still to be copied."""
        ids = ids_of(known[known.rank(self._position - 1) if self._position else 0 :][:limit])
        self._position = int(ids[-1]) + 1 if ids.size else self._position
        return ids


def _columns(said: Mapping[int, int]) -> tuple[Ids, exact_rows.Crcs]:
    return np.fromiter(said.keys(), np.uint32, len(said)), np.fromiter(said.values(), np.uint32, len(said))
