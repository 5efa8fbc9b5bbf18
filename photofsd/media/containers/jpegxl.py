"""JPEG XL: a bare codestream, or one in boxes. Source: ISO/IEC 18181-1, annex D (headers); 18181-2 (boxes).

Boxes that are packed with Brotli (`brob`) are not read.
"""

from __future__ import annotations

from typing import Final

from photofsd.errors import FileUndecodable
from photofsd.media.containers.boxes import boxes
from photofsd.media.containers.contents import Contents
from photofsd.media.orientation import UPRIGHT
from photofsd.media.span import Span

CODESTREAM: Final = b"\xff\x0a"
_HEADER_BYTES: Final = 64
_PART_NUMBER_SIZE: Final = 4
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS: Final = (9, 13, 18, 30)


def read_jpegxl(file: Span, contents: Contents) -> None:
    """Fill in `contents`. Raises FileUndecodable where the codestream's header is none."""
    if file.read(0, len(CODESTREAM)) == CODESTREAM:
        _read_codestream(file, contents)
        return
    has_codestream = False
    for kind, body in boxes(file):
        if kind == b"Exif":
            contents.exif = body.part(4 + int.from_bytes(body.exactly(0, 4), "big"))
        elif kind == b"xml ":
            contents.xmp = contents.xmp or body.read(0, body.size)
        elif kind == b"brob":
            contents.problems.append("compressed metadata in a JPEG XL file are not read")
        elif kind in {b"jxlc", b"jxlp"} and not has_codestream:
            has_codestream = True
            _read_codestream(body.part(_PART_NUMBER_SIZE if kind == b"jxlp" else 0), contents)


def _read_codestream(codestream: Span, contents: Contents) -> None:
    head = codestream.read(0, _HEADER_BYTES)
    if not head.startswith(CODESTREAM):
        raise FileUndecodable("no JPEG XL codestream where one should be")
    bits = _Bits(head[len(CODESTREAM) :])
    contents.set_size(*_size(bits))
    contents.orientation = UPRIGHT  # here EXIF's orientation counts for nothing
    if bits.take(1):  # all else is as usual
        return
    if not bits.take(1):  # no extra fields
        return
    contents.orientation = bits.take(3) + 1
    if bits.take(1):
        _size(bits)  # the size at which it is meant to be shown
    if bits.take(1):  # a preview, whose header is of no use to us and hides whether it moves
        return
    contents.frames = 2 if bits.take(1) else 1


def _size(bits: _Bits) -> tuple[int, int]:
    """SizeHeader: width, height."""
    is_small = bits.take(1)
    height = _side(bits, is_small)
    ratio = bits.take(3)
    if ratio == 0:
        return _side(bits, is_small), height
    over, under = _RATIOS[ratio - 1]
    return height * over // under, height


def _side(bits: _Bits, is_small: int) -> int:
    if is_small:
        return (bits.take(5) + 1) * 8
    return bits.take(_SIZE_BITS[bits.take(2)]) + 1


class _Bits:
    """Bits, the lowest of each byte first; past the end, zeros."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value
