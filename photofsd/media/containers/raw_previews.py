"""Where RAW files keep the JPEG previews that cameras and raw converters put into them.

TIFF-like files (CR2, NEF, DNG, ARW, PEF, RW2 ...), MRW, CR3, RAF, CRW, X3F. Maker notes are not read.
Source: TIFF/EP (ISO 12234-2); DNG 1.7; for the makers' own, ExifTool's and LibRaw's documentation, and files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from photofsd.errors import FileUndecodable
from photofsd.media.containers.boxes import boxes, find
from photofsd.media.containers.ciff import jpegs_in_crw
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.jpeg import read_jpeg
from photofsd.media.containers.raw_files import CANON_UUID, exif_of_mrw, jpegs_in_raf, jpegs_in_x3f
from photofsd.media.containers.tiff_files import directories_of
from photofsd.media.span import Span
from photofsd.media.tiff import Ifd, Tiff

_MOST: Final = 32
_START: Final = b"\xff\xd8\xff"

_JPEG_AT: Final = 0x0201
_JPEG_SIZE: Final = 0x0202
_COMPRESSION: Final = 0x0103
_JPEG_COMPRESSIONS: Final = frozenset({6, 7})
_STRIP_OFFSETS: Final = 0x0111
_STRIP_SIZES: Final = 0x0117
_PANASONIC_JPEG: Final = 0x002E

_PREVIEW_UUID: Final = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_PREVIEW_UUID_HEAD: Final = 8
_PREVIEW_HEAD: Final = 16
_COMMON_SIZE_AT: Final = 4
_FIRST_SIZE_AT: Final = 12
_FIRST_PLACE_AT: Final = 8


class Preview(NamedTuple):
    """A JPEG within a RAW file, and its size in pixels."""

    span: Span
    width: int
    height: int


def previews(file: Span, form: str) -> list[Preview]:
    """The JPEG previews in a RAW file of the format `form`, smallest first; those that are whole and can be shown.

    A file that ends early or makes no sense gives those that were found before.
    """
    found: dict[tuple[int, int], Preview] = {}
    try:
        for span in itertools.islice(_FINDERS.get(form, _in_tiff)(file), _MOST):
            preview = preview_in(span)
            if preview is not None:
                found.setdefault((preview.width, preview.height), preview)
    except FileUndecodable:
        pass  # the metadata's problems say so
    return sorted(found.values(), key=lambda preview: preview.width * preview.height)


def preview_in(span: Span) -> Preview | None:
    """The JPEG at the start of `span`; None for what is no JPEG, or a lossless one: that is the sensor's data."""
    if span.read(0, len(_START)) != _START:
        return None
    contents = Contents()
    try:
        read_jpeg(span, contents)
    except FileUndecodable:
        return None
    if contents.is_lossless or not contents.width or not contents.height:
        return None
    return Preview(span, contents.width, contents.height)


def _in_tiff(file: Span) -> Iterator[Span]:
    for ifd in directories_of(Tiff(file)):
        yield from _in_directory(file, ifd)


def _in_directory(file: Span, ifd: Ifd) -> Iterator[Span]:
    at, size = ifd.integer(_JPEG_AT), ifd.integer(_JPEG_SIZE)
    if at and size:
        yield file.part(at, size)
    if ifd.integer(_COMPRESSION) in _JPEG_COMPRESSIONS:
        offsets, sizes = ifd.numbers(_STRIP_OFFSETS), ifd.numbers(_STRIP_SIZES)
        if len(offsets) == len(sizes) == 1:  # more strips are pieces of the sensor's data
            yield file.part(int(offsets[0]), int(sizes[0]))
    block = ifd.block(_PANASONIC_JPEG)
    if block is not None:
        yield block


def _in_mrw(file: Span) -> Iterator[Span]:
    block = exif_of_mrw(file)
    if block is not None:
        yield from _in_tiff(block)


def _in_cr3(file: Span) -> Iterator[Span]:
    """Yield the preview and the thumbnail, which stand in boxes after a header, and the samples of the tracks."""
    preview = find(file, _PREVIEW_UUID)
    if preview is not None:
        for box in boxes(preview, _PREVIEW_UUID_HEAD):
            if box.kind == b"PRVW":
                yield box.body.part(_PREVIEW_HEAD)
    movie = find(file, b"moov")
    for box in boxes(movie) if movie is not None else ():
        if box.kind == CANON_UUID:
            thumbnail = find(box.body, b"THMB")
            if thumbnail is not None:
                yield thumbnail.part(_PREVIEW_HEAD)
        elif box.kind == b"trak":
            yield from _first_sample(file, box.body)


def _first_sample(file: Span, track: Span) -> Iterator[Span]:
    table = find(track, b"mdia", b"minf", b"stbl")
    sizes, places = (find(table, kind) if table is not None else None for kind in (b"stsz", b"co64"))
    if sizes is not None and places is not None:
        common = int.from_bytes(sizes.exactly(_COMMON_SIZE_AT, 4), "big")
        size = common or int.from_bytes(sizes.exactly(_FIRST_SIZE_AT, 4), "big")
        yield file.part(int.from_bytes(places.exactly(_FIRST_PLACE_AT, 8), "big"), size)


_FINDERS: Final[Mapping[str, Callable[[Span], Iterator[Span]]]] = MappingProxyType(
    {"cr3": _in_cr3, "crw": jpegs_in_crw, "mrw": _in_mrw, "raf": jpegs_in_raf, "x3f": jpegs_in_x3f}
)
