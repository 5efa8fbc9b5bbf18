"""Which of several pictures of the same thing is the best copy.

More pixels, then the format that has lost least, then more bytes, then what still says by which camera and when it was
taken, then the earlier one. Two that agree in all of this: the one that the library has had for longer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from photofsd.records import AssetRecord, Look, Metadata
from photofsd.types import AssetId, Kind

_KEY: Final = struct.Struct(">IBQBQ")
_FORMATS: Final = {"gif": 0, "webp": 1, "avif": 1, "jpeg": 2, "heic": 2, "jp2": 2, "jxl": 2}
"""Of what it holds, how little has been lost: 256 colours; what mostly is made from another picture; cameras' own."""

_LOSSLESS: Final = 3
_RAW: Final = 4


def quality(record: AssetRecord, look: Look, metadata: Metadata | None) -> bytes:
    """How good a copy is, as bytes that compare: the larger, the better."""
    pixels = min(look.width * look.height, (1 << 32) - 1)
    return _KEY.pack(pixels, _fidelity(record, metadata), record.size, _origin(metadata), _age(record, metadata))


def best_first(qualities: Iterable[tuple[AssetId, bytes]]) -> list[tuple[AssetId, bytes]]:
    """Assets with their qualities, the best first; where they agree the smallest id."""
    return sorted(sorted(qualities), key=lambda entry: entry[1], reverse=True)


def _fidelity(record: AssetRecord, metadata: Metadata | None) -> int:
    if (metadata.kind if metadata is not None else record.kind) is Kind.RAW:
        return _RAW
    return _FORMATS.get(metadata.format, _LOSSLESS) if metadata is not None else _FORMATS["jpeg"]


def _origin(metadata: Metadata | None) -> int:
    if metadata is None:
        return 0
    is_dated = metadata.taken is not None and not metadata.taken.source.is_guess
    return 2 * (metadata.camera is not None) + is_dated


def _age(record: AssetRecord, metadata: Metadata | None) -> int:
    """The larger, the older; u64."""
    taken = metadata.taken if metadata is not None else None
    since_ns = record.file_mtime_ns if taken is None else taken.local_ns
    return (1 << 63) - max(-(1 << 63) + 1, min(since_ns, 1 << 63))
