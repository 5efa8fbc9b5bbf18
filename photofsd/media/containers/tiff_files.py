"""TIFF, BigTIFF and the RAW formats that are TIFF (CR2, NEF, DNG, ARW, ORF, PEF, RW2, IIQ, KDC ...).

Source: TIFF 6.0; TIFF/EP (ISO 12234-2); DNG 1.7; Panasonic's tags as ExifTool documents them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from photofsd.media.containers.contents import Contents
from photofsd.media.iptc import iptc_in_photoshop
from photofsd.media.span import Span
from photofsd.media.tiff import MOST_IFDS, Ifd, Tiff

WIDTH: Final = 0x0100
HEIGHT: Final = 0x0101
SUB_IFDS: Final = 0x014A
_EXIF_IFD: Final = 0x8769
_EXIF_SIZE: Final = (0xA002, 0xA003)
_XMP: Final = 0x02BC
_IPTC: Final = 0x83BB
_PHOTOSHOP: Final = 0x8649
_DEFAULT_CROP: Final = 0xC620

_PANASONIC_MAGIC: Final = 0x55
_PANASONIC_BORDERS: Final = (4, 5, 6, 7)
"""Top, left, bottom, right of the picture on the sensor."""

_MOST_SIDE: Final = 1 << 20
_LARGEST_PACKET: Final = 4 << 20


def read_tiff_file(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a TIFF; the size is the first page's. Raises FileUndecodable where it has no header."""
    tiff = Tiff(file)
    first = tiff.ifd(tiff.first)
    _read_blocks(file, first, contents)
    contents.set_size(*_size(first, (WIDTH, HEIGHT)))


def read_raw_tiff(file: Span, contents: Contents) -> None:
    """Fill in `contents` from a RAW file that is a TIFF: the size is that of the largest picture it speaks of.

    Raises FileUndecodable where it has no header.
    """
    tiff = Tiff(file)
    first = tiff.ifd(tiff.first)
    _read_blocks(file, first, contents)
    if tiff.magic == _PANASONIC_MAGIC:
        top, left, bottom, right = (first.integer(tag) or 0 for tag in _PANASONIC_BORDERS)
        contents.set_size(right - left, bottom - top)
        return
    sizes = [_crop(ifd) or _size(ifd, (WIDTH, HEIGHT)) for ifd in directories_of(tiff)]
    sizes += [_size(ifd, _EXIF_SIZE) for ifd in tiff.children(first, _EXIF_IFD)]  # a CR2 has it only there
    contents.set_size(*max(sizes, key=lambda size: size[0] * size[1], default=(0, 0)))


def directories_of(tiff: Tiff) -> Iterator[Ifd]:
    """Yield the directories of a file and those right below them, MOST_IFDS at most."""
    nested = (ifd for top in tiff.chain() for ifd in (top, *tiff.children(top, SUB_IFDS)))
    return itertools.islice(nested, MOST_IFDS)


def _read_blocks(file: Span, first: Ifd, contents: Contents) -> None:
    contents.exif = file
    contents.xmp = first.raw(_XMP, _LARGEST_PACKET)
    contents.iptc = first.raw(_IPTC, _LARGEST_PACKET) or iptc_in_photoshop(first.raw(_PHOTOSHOP, _LARGEST_PACKET))


def _size(ifd: Ifd, tags: tuple[int, int]) -> tuple[int, int]:
    """Width and height under `tags`; 0, 0 where they are none. RAW files have directories of 1 by 1."""
    width, height = (ifd.integer(tag) or 0 for tag in tags)
    return (width, height) if width > 1 and height > 1 else (0, 0)


def _crop(ifd: Ifd) -> tuple[int, int] | None:
    """The part of a DNG's sensor that is the picture."""
    sides = [side for side in ifd.numbers(_DEFAULT_CROP) if 1 < side < _MOST_SIDE]
    return (int(sides[0]), int(sides[1])) if len(sides) > 1 else None
