"""Vectors: fp16 rows at the place of what they are of, one folder a model. Everything else follows from them.

Those of photos lie at the asset id's place, those of faces at the face id's.
The daemon writes, syncs, and only then commits the CRC-32 of a row to the store: a row counts when the store has its
CRC, and one whose CRC is another is torn and has to be made again. Nothing here says which rows count.
"""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from photofsd.durable import replace_file, unwritable
from photofsd.errors import StoreError
from photofsd.index.quantised import Vectors
from photofsd.index.rows import RowFile

ROWS: Final = "image.f16"
FACE_ROWS: Final = "faces.f16"
MODEL: Final = "model.json"

log = logging.getLogger(__name__)

Halves = npt.NDArray[np.float16]


class _OfNoUse(StoreError):
    """What lies there cannot be the vectors that are asked for."""


class VectorFile:
    """The vectors of one model, in `folder`, which is called as the model's id. One writer; readers in any process.

    rows: the file, ROWS for photos, FACE_ROWS for faces.
    Raises StoreError where those of another model, or of another dimension, lie there.
    """

    def __init__(self, folder: Path, dimension: int, rows: str = ROWS) -> None:
        self._folder = folder
        self._rows = folder / rows
        self._is = {"model": folder.name, "dimension": dimension}
        self._file = RowFile(self._rows, np.float16, dimension)
        self._is_described = self._require_same()

    @classmethod
    def to_write(cls, folder: Path, dimension: int, rows: str = ROWS) -> Self:
        """The vectors in `folder`, to be written to; what lies there and cannot be theirs is removed.

        Nothing is lost by that: no row can be read whose dimension is not known. Raises StoreError.
        """
        try:
            return cls(folder, dimension, rows)
        except _OfNoUse as error:
            log.warning("vectors are begun anew: %s", error)
            shutil.rmtree(folder, ignore_errors=True)
            return cls(folder, dimension, rows)

    def write(self, ids: Iterable[int], vectors: Vectors) -> list[int]:
        """Write vectors, float32[n, dimension] of length 1, at the places of n ids.

        returns: the CRC-32 of each row as it was written. Raises StoreFull, StoreError: then none of them counts.
        """
        if not self._is_described:
            self._describe()
        rows = vectors.astype(np.float16)
        self._file.write(np.fromiter(ids, np.uint32, len(rows)), rows)
        return crcs(rows)

    def sync(self) -> None:
        """Bring what was written to the disk: only then may its CRCs be committed. Raises StoreFull, StoreError."""
        self._file.sync()

    def read(self, ids: Iterable[int]) -> Halves:
        """The rows of n ids, float16[n, dimension]; zeros where none was written. Raises StoreError."""
        return self._file.read(np.fromiter(ids, np.uint32))

    def clear(self, ids: Iterable[int]) -> None:
        """Give back the room of the rows of n ids, ascending, that do not count any more."""
        self._file.clear(np.fromiter(ids, np.uint32))

    def rows(self) -> Halves:
        """All rows, float16[m, dimension], mapped: not for the daemon, which a failing disk would end."""
        return self._file.rows()

    def close(self) -> None:
        """Give the descriptors back."""
        self._file.close()

    def _require_same(self) -> bool:
        """Claim: the folder says whose vectors it has, and they are these. Raises StoreError."""
        file = self._folder / MODEL
        try:
            said: Any = json.loads(file.read_bytes())
        except FileNotFoundError:
            if self._rows.exists():
                raise _OfNoUse(f"nothing says of which model {self._rows} is: remove it") from None
            return False
        except OSError as error:
            raise StoreError(f"{file} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise _OfNoUse(f"{file} cannot be read ({error}): remove {self._folder}") from error
        if said != self._is:
            raise _OfNoUse(f"{self._folder} holds vectors of {said}, not of {self._is}: remove it")
        return True

    def _describe(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._folder / MODEL, json.dumps(self._is).encode())
        except OSError as error:
            raise unwritable(f"vectors in {self._folder}", error) from error
        self._is_described = True


def land(folder: Path, ids: Iterable[int], rows: Sequence[bytes], file: str = ROWS) -> list[int]:
    """Bring fp16 rows, little-endian, one of them at least, to the disk at the places of n ids.

    returns: their CRC-32s, which may be committed now. Raises StoreFull, StoreError.
    """
    vectors = np.stack([np.frombuffer(row, "<f2") for row in rows]).astype(np.float32)
    there = VectorFile.to_write(folder, vectors.shape[1], file)
    try:
        written = there.write(ids, vectors)
        there.sync()
    finally:
        there.close()
    return written


def dimension_of(folder: Path) -> int:
    """The dimension of the vectors in `folder`. Raises StoreError."""
    try:
        return int(json.loads((folder / MODEL).read_bytes())["dimension"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{folder / MODEL} cannot be read ({error})") from error


def crcs(rows: Halves) -> list[int]:
    """The CRC-32 of each row."""
    content, size = memoryview(rows.tobytes()), rows.shape[1] * rows.itemsize
    return [zlib.crc32(content[start : start + size]) for start in range(0, len(content), size)]
