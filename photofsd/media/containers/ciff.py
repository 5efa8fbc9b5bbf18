"""CRW: Canon's RAW of before 2004, in the Camera Image File Format.

Source: CIFF 1.0 rev. 4; ExifTool's CanonRaw tags.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Final

from photofsd.media.containers.contents import Contents
from photofsd.media.dates import clock_time
from photofsd.media.span import Span
from photofsd.media.wording import clean, decoded
from photofsd.types import DateSource

_ROOT_AT: Final = struct.Struct("<2xI")
_POINTER: Final = struct.Struct("<I")
_COUNT: Final = struct.Struct("<H")
_ENTRY: Final = struct.Struct("<HII")
_MOST_ENTRIES: Final = 512
_MOST_HEAPS: Final = 32

_PLACE_MASK: Final = 0xC000
_IN_ENTRY: Final = 0x4000
_KIND_MASK: Final = 0x3800
_HEAPS: Final = frozenset({0x2800, 0x3000})
_TAG_MASK: Final = 0x3FFF

_MAKE_AND_MODEL: Final = 0x080A
_CAPTURED: Final = 0x180E
_IMAGE: Final = 0x1810
_JPEGS: Final = frozenset({0x2007, 0x2008})
_IMAGE_FIELDS: Final = struct.Struct("<II4xi")
_ORIENTATION_OF_DEGREES: Final = {0: 1, 90: 6, 180: 3, 270: 8}


def read_crw(file: Span, contents: Contents) -> None:
    """Fill in `contents` from the records in the heaps. Raises FileUndecodable where they end early."""
    (start,) = file.unpack(_ROOT_AT, 0)
    for tag, body in _records(file.part(start)):
        if tag == _MAKE_AND_MODEL:
            make, _, model = body.read(0, 128).partition(b"\0")
            contents.own = dataclasses.replace(contents.own, make=clean(decoded(make)), model=clean(decoded(model)))
        elif tag == _CAPTURED:
            (seconds,) = body.unpack(_POINTER, 0)
            date = clock_time(seconds, DateSource.EXIF)
            contents.own = dataclasses.replace(contents.own, dates=(date,) if date else ())
        elif tag == _IMAGE:
            width, height, degrees = body.unpack(_IMAGE_FIELDS, 0)
            contents.set_size(width, height)
            contents.orientation = _ORIENTATION_OF_DEGREES.get(degrees % 360)


def jpegs_in_crw(file: Span) -> Iterator[Span]:
    """Yield the previews. Raises FileUndecodable where the records end early."""
    (start,) = file.unpack(_ROOT_AT, 0)
    for tag, body in _records(file.part(start)):
        if tag in _JPEGS:
            yield body


def _records(root: Span) -> Iterator[tuple[int, Span]]:
    """Yield the records of the root heap and of those within it, _MOST_HEAPS at most."""
    heaps = [root]
    for _ in range(_MOST_HEAPS):
        if not heaps:
            return
        heap = heaps.pop()
        for tag, body in _entries(heap):
            if tag & _KIND_MASK in _HEAPS:
                heaps.append(body)
            else:
                yield tag & _TAG_MASK, body


def _entries(heap: Span) -> Iterator[tuple[int, Span]]:
    """Yield the entries of a heap's directory, which stands where the heap's last 4 bytes say."""
    (at,) = heap.unpack(_POINTER, heap.size - _POINTER.size)
    (count,) = heap.unpack(_COUNT, at)
    for index in range(min(count, _MOST_ENTRIES)):
        entry_at = at + _COUNT.size + index * _ENTRY.size
        tag, size, offset = heap.unpack(_ENTRY, entry_at)
        if tag & _PLACE_MASK == _IN_ENTRY:
            yield tag, heap.part(entry_at + _COUNT.size, _ENTRY.size - _COUNT.size)
        else:
            yield tag, heap.part(offset, size)
