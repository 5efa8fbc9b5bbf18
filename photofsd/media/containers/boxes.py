"""ISO base media boxes (MP4, QuickTime, HEIF, AVIF, CR3, JPEG 2000, JPEG XL). Source: ISO/IEC 14496-12, section 4.2."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from photofsd.media.span import Span

_HEAD: Final = struct.Struct(">I4s")
_LONG: Final = struct.Struct(">Q")
_LONG_SIZE: Final = 1
_UUID_SIZE: Final = 16
_FULL_HEAD: Final = struct.Struct(">I")
_FLAGS: Final = 0xFFFFFF


class Box(NamedTuple):
    """A box: its type (of an uuid box, the uuid) and its body."""

    kind: bytes
    body: Span


def boxes(span: Span, start: int = 0) -> Iterator[Box]:
    """Yield the boxes of a file or in a box's body, from `start` on, up to where they make no more sense."""
    at = start
    while True:
        head = span.read(at, _HEAD.size)
        if len(head) < _HEAD.size:
            return
        size, kind = _HEAD.unpack(head)
        head_size = _HEAD.size
        if size == _LONG_SIZE:
            size = span.unpack(_LONG, at + head_size)[0]
            head_size += _LONG.size
        elif size == 0:
            size = span.size - at  # to the end
        if kind == b"uuid":
            kind = span.read(at + head_size, _UUID_SIZE)
            head_size += _UUID_SIZE
        if size < head_size:
            return
        yield Box(kind, span.part(at + head_size, size - head_size))
        at += size


def find(span: Span, *path: bytes) -> Span | None:
    """The body of the first box at `path`, or None."""
    for kind in path:
        found = next((box.body for box in boxes(span) if box.kind == kind), None)
        if found is None:
            return None
        span = found
    return span


def full(body: Span) -> tuple[int, int, Span]:
    """Version, flags and what follows them, of a full box. Raises FileUndecodable."""
    (head,) = body.unpack(_FULL_HEAD, 0)
    return head >> 24, head & _FLAGS, body.part(_FULL_HEAD.size)
