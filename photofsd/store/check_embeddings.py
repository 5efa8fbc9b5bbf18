"""The part of `check` about vectors: which rows count (I11). What the rows hold: index/vectors.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from photofsd.records import Embedding
from photofsd.store.schema import U32, Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

_CRC_MAX = (1 << 32) - 1


def check(txn: ReadTransaction) -> Iterator[str]:
    """I11."""
    for key, value in txn.items(Tables.EMBEDDINGS):
        rows = txn.decode(value, Embedding).rows
        if not rows:
            yield f"I11 embeddings {U32.unpack(key)[0]}: no row of any model"
        for model, crc in rows.items():
            if not model or not 0 <= crc <= _CRC_MAX:
                yield f"I11 embeddings {U32.unpack(key)[0]}: {crc} is no CRC-32 of a row of a model {model!r}"
    for role, model_id in txn.items(Tables.MODELS):
        if not model_id:
            yield f"I11 models {role.decode()}: no model"
