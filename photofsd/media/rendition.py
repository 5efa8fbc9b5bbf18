"""The rendition of a photo: the JPEG that stands for it in /jpeg. How large it is, before there is one.

A listing tells the size of every file, and making a JPEG takes a second of a core. So the size is not found out but
fixed, from what is known of the photo, and the JPEG is made to fit: the best quality that does, then zeros after its
end, which readers ignore. See docs/decisions/0018-the-size-of-a-rendition.md for the figures.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from photofsd.records import Metadata

RENDERED_TYPES: Final = ("avif", "heic", "jp2", "jxl", "raw", "tiff")
"""The values of Facet.TYPE that not every viewer opens. JPEG, PNG, GIF, BMP, WebP and videos are left as they are."""

NAME: Final = b".jpg"
"""What a rendition's name ends with, after the photo's."""

_BLOCK_BYTES: Final = 4096
_HEAD_BYTES: Final = 16 << 10
"""For the EXIF block and the tables, and for the smallest pictures, which compress badly."""

_BYTES_A_PIXEL_MAX: Final = 0.35
"""At quality 90, 4:2:0: nine photos of ten need less."""

_LEAST_BYTES_A_PIXEL: Final = 0.04
_GROWTH: Final = MappingProxyType({"heic": 1.7, "avif": 2.6, "jxl": 2.2, "jp2": 2.2})
"""Bytes of JPEG for a byte of those formats, beyond what a blank picture takes: they tell how much there is to see."""

_BASE_QUALITY: Final = 90
_QUALITY_POWER: Final = 0.6
_PIXELS_A_BYTE: Final = 2
"""Where nothing says how many pixels there are."""

_MOST_PIXELS: Final = 180_000_000
"""More are not decoded; a header may claim any number."""


class RenderSettings(msgspec.Struct, frozen=True):
    """quality: 50..95, as libjpeg counts. max_px: of the long edge, 0 = full size."""

    quality: int = 90
    max_px: int = 0


def has_rendition(metadata: Metadata | None) -> bool:
    """Claim: in /jpeg its rendition stands for the photo; others are shown as they are."""
    return metadata is not None and not _FOREIGN.isdisjoint(metadata.types)


def rendition_bytes(metadata: Metadata, source_bytes: int, settings: RenderSettings) -> int:
    """The size of the rendition of a photo whose file has `source_bytes`."""
    pixels = min(_MOST_PIXELS, (metadata.width or 0) * (metadata.height or 0)) or source_bytes * _PIXELS_A_BYTE
    share = _share_of_pixels(metadata, settings.max_px)
    growth = _GROWTH.get(metadata.format)
    needed = pixels * share * _BYTES_A_PIXEL_MAX
    if growth is not None and share == 1:  # a picture that is made smaller has more to see in each pixel
        needed = min(needed, pixels * _LEAST_BYTES_A_PIXEL + source_bytes * growth)
    # Each step of the scale of libjpeg's tables (200 - 2 * quality) costs about as much as the last: measured.
    needed *= ((100 - _BASE_QUALITY) / (100 - settings.quality)) ** _QUALITY_POWER
    blocks = int(_HEAD_BYTES + needed) // _BLOCK_BYTES + 1
    return blocks * _BLOCK_BYTES


def facts_shown(metadata: Metadata) -> Metadata:
    """What of a photo's metadata its rendition shows: when that changes, the rendition does."""
    return Metadata(
        format=metadata.format,
        kind=metadata.kind,
        taken=metadata.taken,
        make=metadata.make,
        model=metadata.model,
        lens=metadata.lens,
        latitude=metadata.latitude,
        longitude=metadata.longitude,
        altitude_m=metadata.altitude_m,
        title=metadata.title,
        caption=metadata.caption,
        iso=metadata.iso,
        f_number=metadata.f_number,
        exposure_s=metadata.exposure_s,
        focal_mm=metadata.focal_mm,
    )


_FOREIGN: Final = frozenset(RENDERED_TYPES)


def _share_of_pixels(metadata: Metadata, max_px: int) -> float:
    longest = max(metadata.width or 0, metadata.height or 0)
    return (max_px / longest) ** 2 if 0 < max_px < longest else 1.0
