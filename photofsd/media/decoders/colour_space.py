"""What the colours of a file without an ICC profile mean, by its container or its EXIF block.

Source: ITU-T H.273, tables 2 and 3 (the numbers); Adobe RGB (1998), section 4.3; Exif 3.0, section 4.6.6 (ColorSpace);
DCF 2.0, section 4.2 (the interoperability index of Adobe RGB).
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from photofsd.errors import FileUndecodable
from photofsd.media.containers.contents import Contents
from photofsd.media.exif import Tag
from photofsd.media.span import Span
from photofsd.media.tiff import Ifd, Tiff


class Transfer(enum.Enum):
    """How light becomes a number. The curves of SDR video are taken for sRGB's, as viewers and cameras do."""

    SRGB = enum.auto()
    LINEAR = enum.auto()
    ADOBE_RGB = enum.auto()
    PQ = enum.auto()
    HLG = enum.auto()


class Primaries(enum.Enum):
    """x, y of red, green and blue; white is D65 in all of them."""

    SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
    ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
    DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
    BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))


class ColourSpace(NamedTuple):
    """Which colour a triple of numbers is."""

    primaries: Primaries
    transfer: Transfer

    @property
    def is_hdr(self) -> bool:
        """Claim: it goes beyond the white of paper, so it must be tone-mapped to be shown."""
        return self.transfer in {Transfer.PQ, Transfer.HLG}


SRGB: Final = ColourSpace(Primaries.SRGB, Transfer.SRGB)
ADOBE_RGB: Final = ColourSpace(Primaries.ADOBE_RGB, Transfer.ADOBE_RGB)

_PRIMARIES: Final = {9: Primaries.BT2020, 12: Primaries.DISPLAY_P3}
_TRANSFERS: Final = {8: Transfer.LINEAR, 16: Transfer.PQ, 18: Transfer.HLG}

_COLOUR_SPACE: Final = 0xA001
_INTEROPERABILITY: Final = 0xA005
_INDEX: Final = 0x0001
_MEANS_ADOBE_RGB: Final = 2
_UNCALIBRATED: Final = 0xFFFF
_OPTION_FILE: Final = "R03"


def colour_space(contents: Contents) -> ColourSpace:
    """What a picture's colours mean, where no profile says so: sRGB, unless its container or its camera differ."""
    if contents.cicp is not None:
        return by_number(*contents.cicp)
    try:
        is_adobe_rgb = contents.exif is not None and _is_adobe_rgb(contents.exif, contents.photo)
    except FileUndecodable:  # what is broken is reported with the metadata
        return SRGB
    return ADOBE_RGB if is_adobe_rgb else SRGB


def by_number(primaries: int, transfer: int) -> ColourSpace:
    """What HEIF, AVIF and videos say by the numbers of ITU-T H.273; sRGB for those that look like it."""
    return ColourSpace(_PRIMARIES.get(primaries, Primaries.SRGB), _TRANSFERS.get(transfer, Transfer.SRGB))


def _is_adobe_rgb(exif: Span, photo_apart: Span | None) -> bool:
    """Claim: the camera says so, by the unofficial number of ColorSpace or by DCF's."""
    tiff = Tiff(photo_apart or exif)
    photo = tiff.ifd(tiff.first) if photo_apart else next(tiff.children(tiff.ifd(tiff.first), Tag.EXIF_IFD), None)
    if photo is None:
        return False
    said = photo.integer(_COLOUR_SPACE)
    return said == _MEANS_ADOBE_RGB or (said == _UNCALIBRATED and _index(tiff, photo) == _OPTION_FILE)


def _index(tiff: Tiff, photo: Ifd) -> str:
    return next((ifd.text(_INDEX) for ifd in tiff.children(photo, _INTEROPERABILITY)), "")
