"""JPEG: the segments before the first scan, and whether a film lies behind the picture.

Source: ITU-T T.81, annex B; Exif 3.0, section 4.7; XMP part 3.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Final

from photofsd.errors import FileUndecodable
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.motion import has_film_behind
from photofsd.media.iptc import iptc_in_photoshop
from photofsd.media.span import Span

_SOI: Final = 0xD8
_EOI: Final = 0xD9
_SOS: Final = 0xDA
_APP1: Final = 0xE1
_APP13: Final = 0xED
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS_FRAMES: Final = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_BARE: Final = frozenset({0x00, 0x01, 0xFF, *range(0xD0, 0xD8)})
_FRAME_HEAD: Final = struct.Struct(">BHH")

_EXIF: Final = b"Exif\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_LONGEST_SIGNATURE: Final = 32
_MOST_PHOTOSHOP: Final = 1 << 20

_MOST_STUFFING: Final = 64 << 10


def read_jpeg_file(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a whole file: its segments, and whether a film lies behind the picture.

    Raises FileUndecodable.
    """
    read_jpeg(file, contents)
    if has_film_behind(file):
        contents.own = dataclasses.replace(contents.own, is_live=True)


def read_jpeg(file: Span, contents: Contents) -> None:
    """Fill in `contents` from the segments up to the first scan. Raises FileUndecodable where they end early."""
    photoshop = b""
    for marker, body in _segments(file):
        if marker == _APP1:
            _read_app1(body, contents)
        elif marker == _APP13 and len(photoshop) < _MOST_PHOTOSHOP and body.read(0, len(_PHOTOSHOP)) == _PHOTOSHOP:
            photoshop += body.read(len(_PHOTOSHOP), body.size)  # split at any byte where it outgrew one segment
            contents.iptc = iptc_in_photoshop(photoshop)
        elif marker in _FRAMES:
            _, height, width = body.unpack(_FRAME_HEAD, 0)
            contents.set_size(width, height)
            contents.is_lossless = marker in _LOSSLESS_FRAMES


def _read_app1(body: Span, contents: Contents) -> None:
    signature = body.read(0, _LONGEST_SIGNATURE)
    if signature.startswith(_EXIF) and contents.exif is None:
        contents.exif = Span.of(body.read(len(_EXIF) + 1, body.size))
    elif signature.startswith(_XMP) and not contents.xmp:
        contents.xmp = body.read(len(_XMP), body.size)


def _segments(file: Span) -> Iterator[tuple[int, Span]]:
    """Yield marker and body of each segment up to the first scan."""
    at = 2
    while True:
        at = _next_marker(file, at)
        head = file.exactly(at, 2)
        marker = head[1]
        if marker in {_SOS, _EOI}:
            return
        if marker == _SOI or marker in _BARE:
            at += 1 if marker == 0xFF else 2  # noqa: PLR2004 - fill bytes before a marker
            continue
        size = int.from_bytes(file.exactly(at + 2, 2), "big")
        yield marker, file.part(at + 4, max(0, size - 2))
        at += 2 + max(2, size)


def _next_marker(file: Span, at: int) -> int:
    """Where the next 0xFF is: right there, unless something careless wrote between segments."""
    if file.read(at, 1) == b"\xff":
        return at
    offset = file.read(at, _MOST_STUFFING).find(b"\xff")
    if offset < 0:
        raise FileUndecodable(f"no JPEG marker after byte {at}")
    return at + offset
