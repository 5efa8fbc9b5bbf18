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
    base = _shortened(base)
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
    stem, extension = _parts(base)
    return _joined(stem, b"~%d%b" % (number, extension))


def prefixed(prefix: bytes, name: bytes) -> bytes:
    """`name` with `prefix` before it, at most 255 bytes, cut in the stem between characters."""
    return _shortened(prefix + name)


def _shortened(base: bytes) -> bytes:
    """`base` in at most 255 bytes (some file systems have longer names)."""
    return base if len(base) <= NAME_MAX_BYTES else _joined(*_parts(base))


def _parts(base: bytes) -> tuple[bytes, bytes]:
    """The stem, and the extension with its dot where there is a short one."""
    stem, dot, extension = base.rpartition(b".")
    return (stem, dot + extension) if stem and len(extension) <= EXTENSION_MAX_BYTES else (base, b"")


def _joined(stem: bytes, tail: bytes) -> bytes:
    return cut(stem, NAME_MAX_BYTES - len(tail)) + tail
