"""Vectors of the texts that were searched for, by model: a text that is asked again need not be encoded again.

They can be made again at any time; those that were used least lately make way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from photofsd.store.schema import U64, Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

KEPT_MAX: Final = 4_000
SPARED: Final = 3_000
"""How many are left when there were too many: so that room is seldom made."""

USED_EVERY_S: Final = 86_400
"""How exactly it is known when one was used last: writing that down is a commit."""


def vector(txn: ReadTransaction, model: str, text: str, *, now_s: int) -> tuple[bytes, bool] | None:
    """The vector of a text, as bytes of float32, and whether to keep it anew, as used now; None = not known."""
    stored = txn.get(Tables.TEXT_VECTORS, _key(model, text))
    if stored is None:
        return None
    used_s = int(U64.unpack_from(stored)[0])
    return stored[U64.size :], abs(now_s - used_s) > USED_EVERY_S


def keep(txn: WriteTransaction, model: str, found: Iterable[tuple[str, bytes]], *, now_s: int) -> None:
    """Keep the vectors of texts, which were used now."""
    for text, content in found:
        txn.put(Tables.TEXT_VECTORS, _key(model, text), U64.pack(now_s) + content)
    excess = txn.count(Tables.TEXT_VECTORS)
    if excess > KEPT_MAX:
        used = sorted((value[: U64.size], key) for key, value in txn.items(Tables.TEXT_VECTORS))
        for _, key in used[: excess - SPARED]:
            txn.delete(Tables.TEXT_VECTORS, key)


def _key(model: str, text: str) -> bytes:
    return model.encode() + b"\0" + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
