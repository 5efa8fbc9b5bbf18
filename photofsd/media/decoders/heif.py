"""HEIC and AVIF, by libheif and libavif."""

from __future__ import annotations

import pillow_heif
from PIL import Image

from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.orientation import UPRIGHT
from photofsd.media.source import Source

pillow_heif.options.DECODE_THREADS = 1  # a reader is one of many


def decode_heic(source: Source, wanted: Wanted) -> Frame:
    """Decode the primary picture. libheif turns it by the file's own properties."""
    metadata = wanted.metadata
    check_pixels(metadata.width or 0, metadata.height or 0)
    image = pillow_heif.open_heif(source.stream(), convert_hdr_to_8bit=True)[0].to_pillow()
    return Frame(image, *image.size)


def decode_avif(source: Source, _: Wanted) -> Frame:
    """Decode the primary picture. libavif turns it by the file's own properties."""
    image = Image.open(source.stream(), formats=("AVIF",))
    check_pixels(*image.size)
    image.load()
    return Frame(image, *image.size, UPRIGHT)
