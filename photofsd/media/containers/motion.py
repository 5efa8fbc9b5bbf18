"""Motion photos: a film that a phone has put behind the picture, in the same file.

What says so: the XMP packet (see xmp.py), a box of its own (HEIF), Samsung's trailer, or the film itself behind the end
of a JPEG, which some phones and converters leave without a word. Source: Android, Motion Photo format 1.0; ExifTool,
lib/Image/ExifTool/Samsung.pm.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from photofsd.media.span import Span

FILM_BOX: Final = b"mpvd"

_END_OF_IMAGE: Final = b"\xff\xd9"
_FILM = re.compile(rb"\xff\xd9\0{2,32}.{1,2}ftyp", re.DOTALL)
"""A film's first box behind the end of an image, with zeros between where somebody aligns."""
_TAIL: Final = 64
_SEARCHED: Final = 64 << 20
_CHUNK: Final = 1 << 20

_TRAILER_END: Final = b"SEFT"
_TRAILER_SIZE: Final = struct.Struct("<I4s")
_TRAILER_HEAD: Final = struct.Struct("<4sII")
_TRAILER_START: Final = b"SEFH"
_TRAILER_ENTRY: Final = struct.Struct("<2xHII")
_MOTION_PHOTO: Final = 0x0A30
_MOST_ENTRIES: Final = 100


def has_film_behind(file: Span) -> bool:
    """Claim: a film follows the picture in a JPEG file.

    Nearly every JPEG ends with its end mark: then the tail is all that is read. Where something else follows, a film
    is looked for behind any end mark in the first 64 MiB. Raises FileUndecodable where a trailer makes no sense.
    """
    tail = file.read(max(0, file.size - _TAIL), _TAIL)
    if tail.endswith(_TRAILER_END):
        return _has_samsung_film(file)
    if tail.rstrip(b"\0").endswith(_END_OF_IMAGE):
        return False
    end = min(file.size, _SEARCHED)
    return any(_FILM.search(file.read(at, _CHUNK + _TAIL)) is not None for at in range(0, end, _CHUNK))


def _has_samsung_film(file: Span) -> bool:
    """Claim: Samsung's trailer, which is a directory of what lies before it, has a film."""
    size, _ = file.unpack(_TRAILER_SIZE, file.size - _TRAILER_SIZE.size)
    directory = file.part(max(0, file.size - _TRAILER_SIZE.size - size), size)
    start, _, count = directory.unpack(_TRAILER_HEAD, 0)
    entries = directory.read(_TRAILER_HEAD.size, min(count, _MOST_ENTRIES) * _TRAILER_ENTRY.size)
    whole = entries[: len(entries) - len(entries) % _TRAILER_ENTRY.size]
    kinds = (kind for kind, _, _ in _TRAILER_ENTRY.iter_unpack(whole))
    return start == _TRAILER_START and _MOTION_PHOTO in kinds
