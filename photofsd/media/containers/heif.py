"""HEIF pictures (HEIC, AVIF): the items of the `meta` box. Source: ISO/IEC 23008-12; ISO/IEC 14496-12, section 8.11.

HEIF turns and mirrors its pictures by properties of its own, and by these alone: EXIF's orientation, where there are
such properties, tells what they do once more. Where there are none, we believe EXIF, as phones' converters write it.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Final

from photofsd.media.containers.boxes import boxes, full
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.motion import FILM_BOX
from photofsd.media.orientation import UPRIGHT, then, turned_left
from photofsd.media.span import Span

_MOST_ITEMS: Final = 8192
_MOST_EXTENTS: Final = 64
_LARGEST_ITEM: Final = 8 << 20
_SEQUENCES: Final = frozenset({b"hevc", b"hevx", b"avis", b"msf1"})
_XMP_TYPE: Final = b"application/rdf+xml"
_TIFF_STARTS: Final = (b"II", b"MM")
_IN_FILE: Final = 0
_IN_IDAT: Final = 1

_ISPE: Final = struct.Struct(">II")
_CLAP: Final = struct.Struct(">IIII")
_BY_NUMBER: Final = b"nclx"
_CICP: Final = struct.Struct(">HH")
_MIRRORED: Final = (4, 2)
"""By imir's axis: top and bottom change places, left and right do."""


def read_heif(file: Span, contents: Contents) -> None:
    """Fill in `contents` from the `meta` box. Raises FileUndecodable where it makes no sense."""
    for box in boxes(file):
        if box.kind == b"ftyp":
            contents.frames = 2 if box.body.read(0, 4) in _SEQUENCES else 1
        elif box.kind == b"meta" and contents.width is None:
            _read_meta(file, {inner.kind: inner.body for inner in boxes(box.body, 4)}, contents)
        elif box.kind == FILM_BOX:
            contents.own = dataclasses.replace(contents.own, is_live=True)


def _read_meta(file: Span, meta: dict[bytes, Span], contents: Contents) -> None:
    primary = _primary_item(meta)
    if b"iprp" in meta:
        _read_properties(meta[b"iprp"], primary, contents)
    if b"iinf" not in meta or b"iloc" not in meta:
        return
    wanted = {item: kind for item, kind in _items(meta[b"iinf"]) if kind in {b"Exif", _XMP_TYPE}}
    for item, data in _located(file, meta, wanted):
        if wanted[item] == _XMP_TYPE:
            contents.xmp = contents.xmp or data
        elif contents.exif is None:
            contents.exif = _exif(data)


def _primary_item(meta: dict[bytes, Span]) -> int | None:
    if b"pitm" not in meta:
        return None
    version, _, body = full(meta[b"pitm"])
    return int.from_bytes(body.exactly(0, 4 if version else 2), "big")


def _items(iinf: Span) -> Iterator[tuple[int, bytes]]:
    """Yield id and kind of each item: its type, or of a `mime` item the content type."""
    version, _, body = full(iinf)
    for box in boxes(body, 4 if version else 2):
        if box.kind != b"infe":
            continue
        infe_version, _, entry = full(box.body)
        if infe_version < 2:  # noqa: PLR2004 - those have no types; HEIF forbids them
            continue
        id_size = 2 if infe_version == 2 else 4  # noqa: PLR2004 - as above
        item = int.from_bytes(entry.exactly(0, id_size), "big")
        kind = entry.exactly(id_size + 2, 4)
        if kind == b"mime":
            kind = entry.read(id_size + 6, 256).partition(b"\0")[2].partition(b"\0")[0]  # after its name
        yield item, kind


def _located(file: Span, meta: dict[bytes, Span], wanted: dict[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the ids of the wanted items and their bytes."""
    for item, method, extents in _locations(meta[b"iloc"]):
        if item not in wanted or method not in {_IN_FILE, _IN_IDAT}:
            continue
        space = file if method == _IN_FILE else meta.get(b"idat", Span.of(b""))
        data = b""
        for offset, size in extents:
            data += space.read(offset, min(size or space.size, _LARGEST_ITEM - len(data)))
        yield item, data


def _locations(iloc: Span) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield each item's id, construction method and extents (offset, size)."""
    version, _, body = full(iloc)
    fields = _Fields(body)
    sizes = fields.take(2)
    offset_size, size_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    id_size = 4 if version == 2 else 2  # noqa: PLR2004 - version 2 is the one with long ids
    for _ in range(min(fields.take(id_size), _MOST_ITEMS)):
        item = fields.take(id_size)
        method = fields.take(2) & 15 if version else _IN_FILE
        fields.take(2)  # the data reference: always this file
        base = fields.take(base_size)
        extents = []
        for _ in range(min(fields.take(2), _MOST_EXTENTS)):
            fields.take(index_size if version else 0)
            offset = fields.take(offset_size)
            extents.append((base + offset, fields.take(size_size)))
        yield item, method, extents


def _exif(data: bytes) -> Span:
    """The TIFF structure in an Exif item: 4 bytes say where it starts, and some writers get that wrong."""
    start = 4 + int.from_bytes(data[:4], "big")
    if data[start : start + 2] not in _TIFF_STARTS:
        found = [at for mark in (b"II*\0", b"MM\0*") if (at := data[:64].find(mark)) >= 0]
        start = min(found, default=start)
    return Span.of(data[start:])


def _read_properties(iprp: Span, primary: int | None, contents: Contents) -> None:
    """Take size, turn and colours from the properties of the primary item."""
    parts = {box.kind: box.body for box in boxes(iprp)}
    if b"ipco" not in parts or b"ipma" not in parts:
        return
    properties = list(boxes(parts[b"ipco"]))
    orientation: int | None = None
    for number in _associated(parts[b"ipma"], primary):
        if not 0 < number <= len(properties):
            continue
        box = properties[number - 1]
        if box.kind == b"ispe":
            contents.set_size(*box.body.unpack(_ISPE, 4))
        elif box.kind == b"clap":
            _clip(box.body, contents)
        elif box.kind == b"colr" and box.body.read(0, len(_BY_NUMBER)) == _BY_NUMBER:
            contents.cicp = box.body.unpack(_CICP, len(_BY_NUMBER))
        elif box.kind == b"irot":
            orientation = then(orientation or UPRIGHT, turned_left(box.body.exactly(0, 1)[0] & 3))
        elif box.kind == b"imir":
            orientation = then(orientation or UPRIGHT, _MIRRORED[box.body.exactly(0, 1)[0] & 1])
    contents.orientation = orientation


def _clip(clap: Span, contents: Contents) -> None:
    """Take the clean aperture's size: encoders fill pictures up to whole blocks."""
    width, width_parts, height, height_parts = clap.unpack(_CLAP, 0)
    if width_parts and height_parts:
        contents.set_size(width / width_parts, height / height_parts)


def _associated(ipma: Span, item: int | None) -> list[int]:
    """The numbers of an item's properties, from 1, in the order in which they apply; of the first item if unknown."""
    version, flags, body = full(ipma)
    fields = _Fields(body)
    for _ in range(min(fields.take(4), _MOST_ITEMS)):
        entry = fields.take(4 if version else 2)
        size, mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)  # the highest bit: it must be understood
        numbers = [fields.take(size) & mask for _ in range(fields.take(1))]
        if item in {None, entry}:
            return numbers
    return []


class _Fields:
    """Numbers of varying width, one after the other."""

    def __init__(self, span: Span) -> None:
        self._data = span.read(0, span.size)
        self._at = 0

    def take(self, size: int) -> int:
        """The next big-endian number of `size` bytes; past the end, 0."""
        value = int.from_bytes(self._data[self._at : self._at + size], "big")
        self._at += size
        return value
