"""Rows of vectors that are not what the store says of them: torn by a disk that lies, cut short, or not there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from photofsd.errors import StoreError
from photofsd.index.vectors import FACE_ROWS, ROWS, VectorFile, crcs, dimension_of
from photofsd.records import Embedding, Faces
from photofsd.store.schema import U32, Table, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

AT_ONCE: Final = 4096


class Torn(NamedTuple):
    """A row that is not as its CRC says. row: its place. crc: what the store says."""

    asset: AssetId
    model: str
    row: int
    crc: int


class Looked(NamedTuple):
    """What came of a look at some rows. last: the asset to go on behind, None = there are no more."""

    torn: list[Torn]
    last: AssetId | None


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one kind. table: says of photos which of them count, `counted` how. file: where they lie."""

    table: Table
    file: str
    counted: Callable[[ReadTransaction, AssetId, bytes], list[Torn]]


def look_at_rows(
    txn: ReadTransaction, vectors: Path, after: int = 0, limit: int = AT_ONCE, *, kind: Kind | None = None
) -> Looked:
    """Compare the rows of at most `limit` photos above the id `after` with the store. Raises StoreError.

    vectors: the folder of all models' vectors. kind: PICTURES where nothing else is said.
    """
    kind = kind or PICTURES
    found = list(islice(txn.items(kind.table, start=U32.pack(after + 1)), limit))
    by_model: dict[str, list[Torn]] = {}
    asset = None
    for key, value in found:
        asset = AssetId(U32.unpack(key)[0])
        for row in kind.counted(txn, asset, value):
            by_model.setdefault(row.model, []).append(row)
    torn = [row for model, rows in by_model.items() for row in _torn(vectors / model, kind.file, rows)]
    return Looked(torn, asset if len(found) == limit else None)


def _of_picture(txn: ReadTransaction, asset: AssetId, value: bytes) -> list[Torn]:
    return [Torn(asset, model, asset, crc) for model, crc in txn.decode(value, Embedding).rows.items()]


def _of_faces(txn: ReadTransaction, asset: AssetId, value: bytes) -> list[Torn]:
    found = txn.decode(value, Faces)
    return [Torn(asset, found.model, face.id, face.crc) for face in found.faces if face.crc is not None]


PICTURES: Final = Kind(Tables.EMBEDDINGS, ROWS, _of_picture)
FACES: Final = Kind(Tables.FACES, FACE_ROWS, _of_faces)


def _torn(folder: Path, name: str, rows: list[Torn]) -> list[Torn]:
    try:
        file = VectorFile(folder, dimension_of(folder), name)
    except StoreError as error:
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
            raise
        return rows
    try:
        there = crcs(file.read([row.row for row in rows]))
    finally:
        file.close()
    return [row for row, crc in zip(rows, there, strict=True) if row.crc != crc]
