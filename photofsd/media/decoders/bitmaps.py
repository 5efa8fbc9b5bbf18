"""PNG, WebP, GIF, BMP, TIFF and JPEG 2000, by Pillow."""

from __future__ import annotations

from typing import Final

from PIL import Image, UnidentifiedImageError

from photofsd.errors import FileUndecodable
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.source import Source

Image.MAX_IMAGE_PIXELS = None  # limits.py instead: Pillow would refuse before a smaller decode could be asked for

_NAMES: Final = {"png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "jp2": "JPEG2000", "tiff": "TIFF"}


def decode_bitmap(source: Source, wanted: Wanted) -> Frame:
    """Decode the first frame."""
    return Frame(image := _loaded(source, wanted), *image.size, wanted.orientation)


def decode_tiff(source: Source, wanted: Wanted) -> Frame:
    """Decode the first page. Pillow turns it."""
    return Frame(image := _loaded(source, wanted), *image.size)


def _loaded(source: Source, wanted: Wanted) -> Image.Image:
    try:
        image = Image.open(source.stream(), formats=(_NAMES[wanted.metadata.format],))
    except UnidentifiedImageError as error:
        raise FileUndecodable(f"no {wanted.metadata.format} header that makes sense") from error
    check_pixels(*image.size)
    image.load()
    return image
