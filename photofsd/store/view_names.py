"""View names: one name a photo, unique in the library, fixed when it is first seen, the same in every view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.store.facets import cut
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction

NAME_MAX_BYTES = 255
EXTENSION_MAX_BYTES = 16


def take(txn: WriteTransaction, base: bytes, asset: AssetId) -> bytes:
    """Give `asset` the name `base`, or `IMG_0001~2.jpg` and so on where that is taken, and return it.

    Constant time: the next number to try is remembered for every base name.
    """
    if txn.get(Tables.NAMES, base) is None:
        txn.put(Tables.NAMES, base, U32.pack(asset))
        return base
    counter = txn.get(Tables.NAME_COUNTERS, base)
    number = 2 if counter is None else int(U32.unpack(counter)[0])
    while txn.get(Tables.NAMES, name := numbered(base, number)) is not None:
        number += 1
    txn.put(Tables.NAME_COUNTERS, base, U32.pack(number + 1))
    txn.put(Tables.NAMES, name, U32.pack(asset))
    return name


def numbered(base: bytes, number: int) -> bytes:
    """`base` with ~number before its extension, at most 255 bytes, cut in the stem between characters."""
    stem, dot, extension = base.rpartition(b".")
    if not stem or len(extension) > EXTENSION_MAX_BYTES:
        stem, dot, extension = base, b"", b""
    tail = b"~%d%b%b" % (number, dot, extension)
    room = NAME_MAX_BYTES - len(tail)
    return (cut(stem, room) if len(stem) > room else stem) + tail
