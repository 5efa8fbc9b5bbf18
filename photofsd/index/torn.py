"""Rows of vectors that are not what the store says of them: torn by a disk that lies, cut short, or not there."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from photofsd.errors import StoreError
from photofsd.index.vectors import VectorFile, crcs, dimension_of
from photofsd.store.embeddings import embeddings
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

AT_ONCE: Final = 4096


class Torn(NamedTuple):
    """A row that is not as its CRC says. crc: what the store says."""

    asset: AssetId
    model: str
    crc: int


class Looked(NamedTuple):
    """What came of a look at some rows. last: the asset to go on behind, None = there are no more."""

    torn: list[Torn]
    last: AssetId | None


def look_at_rows(txn: ReadTransaction, vectors: Path, after: int = 0, limit: int = AT_ONCE) -> Looked:
    """Compare the rows of at most `limit` photos above the id `after` with the store. Raises StoreError.

    vectors: the folder of all models' vectors.
    """
    found = list(islice(embeddings(txn, after + 1), limit))
    by_model: dict[str, list[Torn]] = {}
    for asset, embedding in found:
        for model, crc in embedding.rows.items():
            by_model.setdefault(model, []).append(Torn(asset, model, crc))
    torn = [row for model, rows in by_model.items() for row in _torn(vectors / model, rows)]
    return Looked(torn, found[-1][0] if len(found) == limit else None)


def _torn(folder: Path, rows: list[Torn]) -> list[Torn]:
    try:
        file = VectorFile(folder, dimension_of(folder))
    except StoreError:
        return rows
    try:
        there = crcs(file.read([row.asset for row in rows]))
    finally:
        file.close()
    return [row for row, crc in zip(rows, there, strict=True) if row.crc != crc]
