"""WebP: its RIFF chunks. Source: RFC 9649; RFC 6386, section 9.1."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from photofsd.media.containers.contents import Contents
from photofsd.media.span import Span

_FIRST_CHUNK: Final = 12
_HEAD: Final = struct.Struct("<4sI")
_LOSSY: Final = struct.Struct("<3s3sHH")
_LOSSY_START: Final = b"\x9d\x01\x2a"
_LOSSLESS: Final = struct.Struct("<BI")
_LOSSLESS_START: Final = 0x2F
_SIDE: Final = 0x3FFF
_EXIF_PREFIX: Final = b"Exif\0\0"


def read_webp(file: Span, contents: Contents) -> None:
    """Fill in `contents` from the chunks. Raises FileUndecodable where they end early."""
    frames = 0
    for kind, body in _chunks(file):
        if kind == b"VP8X":
            extended = body.exactly(0, 10)
            contents.set_size(1 + int.from_bytes(extended[4:7], "little"), 1 + int.from_bytes(extended[7:10], "little"))
        elif kind == b"VP8 " and contents.width is None:
            _, start, width, height = body.unpack(_LOSSY, 0)
            if start == _LOSSY_START:
                contents.set_size(width & _SIDE, height & _SIDE)
        elif kind == b"VP8L" and contents.width is None:
            start, bits = body.unpack(_LOSSLESS, 0)
            if start == _LOSSLESS_START:
                contents.set_size(1 + (bits & _SIDE), 1 + (bits >> 14 & _SIDE))
        elif kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF":
            contents.exif = Span.of(body.read(0, body.size).removeprefix(_EXIF_PREFIX))
        elif kind == b"XMP ":
            contents.xmp = body.read(0, body.size)
    contents.frames = max(1, frames)


def _chunks(file: Span) -> Iterator[tuple[bytes, Span]]:
    at = _FIRST_CHUNK
    while at < file.size:
        kind, size = file.unpack(_HEAD, at)
        yield kind, file.part(at + _HEAD.size, size)
        at += _HEAD.size + size + size % 2
