"""HEIC by libheif, AVIF by libavif.

libheif turns pictures by the file's own properties (irot, imir); libavif leaves that to us. EXIF's orientation counts
only where there are no such properties: see containers/heif.py.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import AvifImagePlugin, Image, ImageFile
from pillow_heif import HeifImageFile, open_heif, options

from photofsd.media.decoders.colour_space import SRGB, ColourSpace, colour_space
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.decoders.tones import as_srgb
from photofsd.media.orientation import UPRIGHT
from photofsd.media.source import Source

options.DECODE_THREADS = 1  # readers are many
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
"""The same."""

_COLOURS_OF_16_BITS: Final = frozenset({"RGB;16", "RGBA;16"})


def decode_heic(source: Source, wanted: Wanted) -> Frame:
    """Decode the primary picture, or its thumbnail where that is large enough."""
    check_pixels(*wanted.size)
    space = colour_space(wanted.contents)
    left = wanted.left_after(wanted.contents.orientation or UPRIGHT)
    if space.is_hdr:
        return _decode_hdr(source, wanted, space, left)
    image: ImageFile.ImageFile = HeifImageFile(source.stream())  # type: ignore[no-untyped-call]
    width, height = image.size
    check_pixels(width, height)
    if wanted.fit_px is not None:
        image.draft(None, wanted.fitted(width, height))
    image.load()
    return Frame(image, width, height, left, space)


def decode_avif(source: Source, wanted: Wanted) -> Frame:
    """Decode the primary picture, or the first of a sequence."""
    check_pixels(*wanted.size)
    image = AvifImagePlugin.AvifImageFile(source.stream())
    check_pixels(*image.size)
    image.load()
    return Frame(image, *image.size, wanted.orientation, colour_space(wanted.contents))


def _decode_hdr(source: Source, wanted: Wanted, space: ColourSpace, left: int) -> Frame:
    """Decode a picture of more than 8 bits, whose dark parts 8 would not hold, and map its tones."""
    opened = open_heif(source.stream(), convert_hdr_to_8bit=False)
    check_pixels(*opened.size)
    if opened.mode not in _COLOURS_OF_16_BITS:
        image = opened.to_pillow()
        return Frame(image, *image.size, left, space)
    pixels = np.asarray(opened)[:, : opened.size[0], :3]
    height, width = pixels.shape[:2]
    step = max(1, max(width, height) // max(wanted.fitted(width, height)))
    shown = Image.fromarray(as_srgb(_averaged(pixels, step), space))
    return Frame(shown, width, height, left, SRGB)


def _averaged(pixels: npt.NDArray[np.uint16], step: int) -> npt.NDArray[np.uint16]:
    """The picture at 1/step of its size: the average of every square of pixels; what is no whole square is left out."""
    if step == 1:
        return pixels
    height, width = (side // step for side in pixels.shape[:2])
    shrunk = np.empty((height, width, 3), np.uint16)
    for row in range(height):
        squares = pixels[row * step : (row + 1) * step, : width * step].reshape(step, width, step, 3)
        shrunk[row] = squares.mean(axis=(0, 2), dtype=np.float32)
    return shrunk
