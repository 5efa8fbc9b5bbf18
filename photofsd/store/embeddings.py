"""Vectors of photos: which rows of the vector files count, and which model's answer searches.

The vectors themselves are fp16 rows in a file beside the store, one folder a model (index/vectors.py). A row counts
only when it has been brought to the disk and its CRC-32 stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from photofsd.records import Embedding
from photofsd.store import model_roles
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

STAGE: Final = "clip"
"""The stage that makes them."""

_ANSWERING: Final = b"answering"
_FORMER: Final = b"former\0"


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


def choose(txn: WriteTransaction, model: str) -> None:
    """Embed photos with `model` from now on: what is there of it counts, and is not forgotten."""
    model_roles.choose(txn, STAGE, model)
    txn.delete(Tables.MODELS, _FORMER + model.encode())


def swap(txn: WriteTransaction) -> None:
    """Let the chosen model answer; what there is of the one that did is to be forgotten."""
    former = answering(txn)
    set_answering(txn, model_roles.chosen(txn, STAGE))
    retire(txn, former)


def retire(txn: WriteTransaction, model: str) -> None:
    """What there is of `model` is to be forgotten."""
    txn.put(Tables.MODELS, _FORMER + model.encode(), model.encode())


def former(txn: ReadTransaction) -> list[str]:
    """The models of which everything is to be forgotten."""
    return [value.decode() for _, value in txn.items(Tables.MODELS, _FORMER)]


def forgotten(txn: WriteTransaction, model: str) -> None:
    """Nothing is left of `model`."""
    txn.delete(Tables.MODELS, _FORMER + model.encode())
