"""A stretch of bytes that the parsers may read: a whole file, or a block within one.

Everything a parser asks for is bounded here, and so is how much it may ask for: a length field of 4 GiB in a crafted
file costs nothing, and a million directories that point to each other end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from photofsd.errors import FileUndecodable

MOST_AT_ONCE: Final = 16 << 20
"""Bytes. No block of metadata is larger; what claims to be, is not read."""
MOST_READS: Final = 100_000
MOST_BYTES: Final = 256 << 20

ReadAt = Callable[[int, int], bytes]
"""(offset, size) -> up to `size` bytes from `offset`, fewer at the end of the file."""


class Span:
    """Random access to `size` bytes. Cheap to cut: `part` copies nothing."""

    __slots__ = ("_read_at", "_start", "size")

    def __init__(self, read_at: ReadAt, size: int, start: int = 0) -> None:
        self._read_at = read_at
        self._start = start
        self.size = size

    @classmethod
    def metered(cls, read_at: ReadAt, size: int) -> Span:
        """A span over a file: it and its parts together give MOST_READS and MOST_BYTES, then FileUndecodable."""
        return cls(_Meter(read_at).read_at, size)

    @classmethod
    def of(cls, data: bytes) -> Span:
        """A span over bytes in memory."""
        return cls(lambda offset, size: data[offset : offset + size], len(data))

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from `offset` on: at most `size`, at most MOST_AT_ONCE, none outside the span."""
        size = min(size, self.size - offset, MOST_AT_ONCE)
        if offset < 0 or size <= 0:
            return b""
        return self._read_at(self._start + offset, size)

    def exactly(self, offset: int, size: int) -> bytes:
        """The `size` bytes from `offset` on. Raises FileUndecodable where there are not that many."""
        data = self.read(offset, size)
        if len(data) != size:
            raise FileUndecodable(f"ends early: {size} bytes wanted at {offset}, {len(data)} there")
        return data

    def whole(self) -> bytes:
        """All bytes, however many: for what is decoded, not parsed."""
        return b"".join(self.read(offset, MOST_AT_ONCE) for offset in range(0, self.size, MOST_AT_ONCE))

    def unpack(self, layout: struct.Struct, offset: int) -> tuple[Any, ...]:
        """The fields of `layout` at `offset`. Raises FileUndecodable where the span is too short."""
        return layout.unpack(self.exactly(offset, layout.size))

    def part(self, offset: int, size: int | None = None) -> Span:
        """The span from `offset` on, `size` bytes long or to the end; never more than this one holds."""
        offset = min(max(offset, 0), self.size)
        left = self.size - offset
        return Span(self._read_at, left if size is None else max(0, min(size, left)), self._start + offset)


class _Meter:
    def __init__(self, read_at: ReadAt) -> None:
        self._read_at = read_at
        self._reads_left = MOST_READS
        self._bytes_left = MOST_BYTES

    def read_at(self, offset: int, size: int) -> bytes:
        self._reads_left -= 1
        self._bytes_left -= size
        if self._reads_left < 0 or self._bytes_left < 0:
            raise FileUndecodable("its metadata are scattered beyond reason")
        return self._read_at(offset, size)
