"""Rows of numbers, each at its id's place in a sparse file: one process writes, any may read meanwhile.

Ids are dense, so a place need not be looked up; where nothing was written yet are zeros that take no room. Writing goes
through write(2), which says when the disk is full; a mapping that is written to would end the process.
"""

from __future__ import annotations

import array
import ctypes
import mmap
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from photofsd.durable import sync_folder, unwritable
from photofsd.errors import StoreError

_BLOCK_BYTES: Final = 4096
_KEEP_SIZE: Final = 1
_PUNCH_HOLE: Final = 2
_libc = ctypes.CDLL(None, use_errno=True)

Rows = npt.NDArray[Any]
Ids = npt.NDArray[np.uint32]


class RowFile:
    """The rows at `path`, each `width` numbers of `dtype`. One thread writes; any may read.

    The file is made by the first `write`; its folder is there. Without the file all rows are zeros.
    """

    def __init__(self, path: Path, dtype: npt.DTypeLike, width: int) -> None:
        self.path = path
        self._dtype = np.dtype(dtype)
        self._width = width
        self._row_bytes = self._dtype.itemsize * width
        self._reading: int | None = None
        self._writing: int | None = None
        self._mapped: Rows = np.empty((0, width), self._dtype)

    def write(self, ids: Ids, rows: Rows) -> None:
        """Write rows[n, width] at the places of ids[n]. Raises StoreFull, StoreError: some may be written then."""
        rows = np.ascontiguousarray(rows, self._dtype).reshape(-1, self._width)
        try:
            descriptor = self._open_to_write()
            for start, end in _runs(ids):
                _write_all(descriptor, rows[start:end].tobytes(), int(ids[start]) * self._row_bytes)
        except OSError as error:
            raise unwritable(str(self.path), error) from error

    def sync(self) -> None:
        """Bring what was written to the disk. Raises StoreFull, StoreError."""
        if self._writing is not None:
            try:
                os.fdatasync(self._writing)
            except OSError as error:
                raise unwritable(str(self.path), error) from error

    def clear(self, ids: Ids) -> None:
        """Give back the room of rows at ids[n], ascending, that nobody needs: zeros from now on, or as they were.

        Where fewer follow each other than fill a block of the disk, there is nothing to give back.
        """
        if not self.path.exists():
            return
        descriptor = self._open_to_write()
        for start, end in _runs(ids):
            if (end - start) * self._row_bytes >= _BLOCK_BYTES:
                _give_back(descriptor, int(ids[start]) * self._row_bytes, (end - start) * self._row_bytes)

    def read(self, ids: Ids) -> Rows:
        """The rows [n, width] of ids[n], zeros where there is none. Raises StoreError where the disk fails.

        For few rows, and for the daemon: a disk that fails under `rows` ends the process.
        """
        found = np.zeros((len(ids), self._width), self._dtype)
        try:
            descriptor = self._open_to_read()
            if descriptor is None:
                return found
            for start, end in _runs(ids):
                content = os.pread(descriptor, (end - start) * self._row_bytes, int(ids[start]) * self._row_bytes)
                whole = len(content) // self._row_bytes
                found[start : start + whole] = np.frombuffer(content, self._dtype, count=whole * self._width).reshape(
                    whole, self._width
                )
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror})") from error
        return found

    def rows(self) -> Rows:
        """All rows [m, width] as they are now, mapped read-only: m grows, and reading costs what is looked at."""
        descriptor = self._open_to_read()
        count = 0 if descriptor is None else os.fstat(descriptor).st_size // self._row_bytes
        if descriptor is not None and count != len(self._mapped):
            mapping = mmap.mmap(descriptor, count * self._row_bytes, prot=mmap.PROT_READ)
            self._mapped = np.frombuffer(mapping, self._dtype).reshape(count, self._width)
        return self._mapped

    def close(self) -> None:
        """Give the descriptors back; arrays that `rows` gave stay good."""
        for descriptor in (self._reading, self._writing):
            if descriptor is not None:
                os.close(descriptor)
        self._reading = self._writing = None

    def _open_to_read(self) -> int | None:
        if self._reading is None:
            try:
                self._reading = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
        return self._reading

    def _open_to_write(self) -> int:
        if self._writing is None:
            self._writing = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            sync_folder(self.path.parent)
        return self._writing


def bitmap(ids: Ids | Sequence[int]) -> BitMap:
    """The ids as a roaring bitmap (ten times as fast as from the array itself)."""
    return BitMap(array.array("I", np.asarray(ids, np.uint32).tobytes()))


def ids_of(photos: BitMap) -> Ids:
    """The ids in a roaring bitmap, ascending."""
    return np.frombuffer(photos.to_array(), np.uint32)


def _runs(ids: Ids) -> Iterator[tuple[int, int]]:
    """The stretches of `ids` that follow each other: their first position, the one behind the last."""
    if len(ids):
        cuts = (np.flatnonzero(np.diff(ids.astype(np.int64)) != 1) + 1).tolist()
        yield from zip([0, *cuts], [*cuts, len(ids)], strict=True)


def _give_back(descriptor: int, offset: int, length: int) -> None:
    """Make a hole; a file system that cannot, or fails, leaves things as they are."""
    _libc.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_longlong(offset), ctypes.c_longlong(length))


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of it: a short write is a disk that fills up, and the next one says so."""
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], offset + written)
