"""Vectors of photos: which rows of the vector files count, and which model's answer searches.

The vectors themselves are fp16 rows in a file beside the store, one folder a model (index/vectors.py). A row counts
only when it has been brought to the disk and its CRC-32 stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from photofsd.records import Embedding
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

_ANSWERING: Final = b"answering"


def embedding(txn: ReadTransaction, asset: AssetId) -> Embedding | None:
    """Which vectors of a photo count; None = none."""
    return txn.record(Tables.EMBEDDINGS, U32.pack(asset), Embedding)


def embeddings(txn: ReadTransaction, start: int = 0) -> Iterator[tuple[AssetId, Embedding]]:
    """Which vectors count of every photo that has one, by id, from the id `start` on."""
    for key, row in txn.items(Tables.EMBEDDINGS, start=U32.pack(start)):
        yield AssetId(U32.unpack(key)[0]), txn.decode(row, Embedding)


def count(txn: WriteTransaction, asset: AssetId, model: str, crc: int) -> bool:
    """The row of `model` counts from now on; True where that is news. crc: CRC-32 of the fp16 row as it is on disk."""
    known = embedding(txn, asset)
    rows = {} if known is None else known.rows
    if rows.get(model) == crc:
        return False
    txn.touch(asset)
    txn.put_record(Tables.EMBEDDINGS, U32.pack(asset), Embedding({**rows, model: crc}))
    return True


def discount(txn: WriteTransaction, asset: AssetId, model: str) -> bool:
    """The row of `model` does not count any more; False where it did not."""
    known = embedding(txn, asset)
    if known is None or model not in known.rows:
        return False
    txn.touch(asset)
    rows = {other: crc for other, crc in known.rows.items() if other != model}
    if rows:
        txn.put_record(Tables.EMBEDDINGS, U32.pack(asset), Embedding(rows))
    else:
        txn.delete(Tables.EMBEDDINGS, U32.pack(asset))
    return True


def answering(txn: ReadTransaction) -> str:
    """The id of the model whose vectors answer searches now; "" = none."""
    return (txn.get(Tables.MODELS, _ANSWERING) or b"").decode()


def set_answering(txn: WriteTransaction, model: str) -> None:
    """Let the vectors of `model` answer from now on."""
    txn.put(Tables.MODELS, _ANSWERING, model.encode())
