"""The RAW formats that are no TIFF: CR3 (Canon), CRW (Canon), RAF (Fujifilm), MRW (Minolta), X3F (Sigma).

All but CRW hold an EXIF block, or a JPEG preview with one. Source: the makers publish nothing; ExifTool's and
LibRaw's documentation of the formats, and files.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from typing import Final

from photofsd.errors import FileUndecodable
from photofsd.media.containers.boxes import boxes, find
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.jpeg import read_jpeg
from photofsd.media.containers.tiff_files import HEIGHT, WIDTH
from photofsd.media.span import Span
from photofsd.media.tiff import Tiff

_XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
CANON_UUID: Final = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")

_RAF_POINTERS: Final = struct.Struct(">4I")
_RAF_POINTERS_AT: Final = 84
_RAF_ENTRY: Final = struct.Struct(">HH")
_RAF_SIZES: Final = (0x111, 0x100)
"""The picture's size, the sensor's."""
_RAF_MOST_ENTRIES: Final = 256

_MRW_HEAD: Final = struct.Struct(">4sI")
_MRW_SIZE: Final = struct.Struct(">12xHH")
_MRW_MOST_BLOCKS: Final = 64

_X3F_SIZE: Final = struct.Struct("<III")
_X3F_SIZE_AT: Final = 28
_X3F_DIRECTORY: Final = struct.Struct("<4s4xI")
_X3F_ENTRY: Final = struct.Struct("<II4s")
_X3F_IMAGE: Final = struct.Struct("<4s4xII12x")
_X3F_JPEG: Final = 18
_X3F_MOST_ENTRIES: Final = 256
_ORIENTATION_OF_DEGREES: Final = {0: 1, 90: 6, 180: 3, 270: 8}


def read_cr3(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a Canon CR3, whose EXIF directories stand in boxes of their own."""
    canon = find(file, b"moov", CANON_UUID)
    for kind, body in boxes(canon) if canon is not None else ():
        if kind == b"CMT1":
            contents.exif = body
            tiff = Tiff(body)
            image = tiff.ifd(tiff.first)
            contents.set_size(image.integer(WIDTH) or 0, image.integer(HEIGHT) or 0)
        elif kind == b"CMT2":
            contents.photo = body
        elif kind == b"CMT4":
            contents.gps = body
    xmp = find(file, _XMP_UUID)
    if xmp is not None:
        contents.xmp = xmp.read(0, xmp.size)


def read_raf(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a Fujifilm RAF: its JPEG preview has the EXIF block, a table of its own the size."""
    preview_at, preview_size, table_at, table_size = file.unpack(_RAF_POINTERS, _RAF_POINTERS_AT)
    read_jpeg(file.part(preview_at, preview_size), contents)
    table = file.part(table_at, table_size)
    at = 4
    sizes: dict[int, tuple[int, int]] = {}
    for _ in range(min(int.from_bytes(table.read(0, 4), "big"), _RAF_MOST_ENTRIES)):
        tag, size = table.unpack(_RAF_ENTRY, at)
        if tag in _RAF_SIZES:
            sizes[tag] = table.unpack(_RAF_ENTRY, at + _RAF_ENTRY.size)
        at += _RAF_ENTRY.size + size
    for tag in _RAF_SIZES:
        if tag in sizes:
            height, width = sizes[tag]
            contents.set_size(width, height)
            return


def read_mrw(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a Minolta MRW, which is blocks: one is a TIFF structure, one has the size."""
    for kind, body in _mrw_blocks(file):
        if kind == b"\0PRD":
            height, width = body.unpack(_MRW_SIZE, 0)
            contents.set_size(width, height)
        elif kind == b"\0TTW":
            contents.exif = body
            return


def read_x3f(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a Sigma X3F: the EXIF block of its JPEG preview; size and turn from its header."""
    width, height, degrees = file.unpack(_X3F_SIZE, _X3F_SIZE_AT)
    for preview in itertools.islice(jpegs_in_x3f(file), 1):
        read_jpeg(preview, contents)
    contents.set_size(width, height)
    contents.orientation = _ORIENTATION_OF_DEGREES.get(degrees)


def jpegs_in_raf(file: Span) -> Iterator[Span]:
    """Yield the preview of a Fujifilm RAF. Raises FileUndecodable where its header ends early."""
    at, size, _, _ = file.unpack(_RAF_POINTERS, _RAF_POINTERS_AT)
    yield file.part(at, size)


def jpegs_in_x3f(file: Span) -> Iterator[Span]:
    """Yield the previews of a Sigma X3F. Raises FileUndecodable where its directory makes no sense."""
    directory = file.part(int.from_bytes(file.exactly(file.size - 4, 4), "little"))
    magic, count = directory.unpack(_X3F_DIRECTORY, 0)
    if magic != b"SECd":
        raise FileUndecodable("no X3F directory where one should be")
    for index in range(min(count, _X3F_MOST_ENTRIES)):
        offset, size, kind = directory.unpack(_X3F_ENTRY, _X3F_DIRECTORY.size + index * _X3F_ENTRY.size)
        section = file.part(offset, size)
        if kind == b"IMA2":
            magic, _, form = section.unpack(_X3F_IMAGE, 0)
            if magic == b"SECi" and form == _X3F_JPEG:
                yield section.part(_X3F_IMAGE.size)


def exif_of_mrw(file: Span) -> Span | None:
    """The TIFF structure of a Minolta MRW, or None. Raises FileUndecodable where its blocks end early."""
    return next((body for kind, body in _mrw_blocks(file) if kind == b"\0TTW"), None)


def _mrw_blocks(file: Span) -> Iterator[tuple[bytes, Span]]:
    at = _MRW_HEAD.size
    for _ in range(_MRW_MOST_BLOCKS):
        kind, size = file.unpack(_MRW_HEAD, at)
        yield kind, file.part(at + _MRW_HEAD.size, size)
        at += _MRW_HEAD.size + size
