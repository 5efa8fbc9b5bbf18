"""TIFF, by libtiff (Pillow); colours in floats or in planes, which Pillow does not read or mixes up, by FFmpeg.

Source: TIFF 6.0, sections 8 and 19 (the tags).
"""

from __future__ import annotations

import functools
from typing import Final

import av
import numpy as np
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media import libav
from photofsd.media.decoders.colour_space import colour_space
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.decoders.opening import as_far_as_possible, opened
from photofsd.media.exif import Tag
from photofsd.media.orientation import UPRIGHT
from photofsd.media.source import Source
from photofsd.media.tiff import Ifd, Tiff

_BITS: Final = 0x0102
_PHOTOMETRIC: Final = 0x0106
_SAMPLES: Final = 0x0115
_PLANES: Final = 0x011C
_SAMPLE_FORMAT: Final = 0x0153
_PROFILE: Final = 0x8773

_WHITE_IS_ZERO: Final = 0
_APART: Final = 2
_UNSIGNED, _FLOAT = 1, 3
_HIGHEST_OF_16_BITS: Final = 65535
_LARGEST_PROFILE: Final = 8 << 20


def decode_tiff(source: Source, wanted: Wanted) -> Frame:
    """Decode the first page; of a torn file, what is there."""
    tiff = Tiff(source.span)
    page = tiff.ifd(tiff.first)
    if _is_for_ffmpeg(page):
        return _by_ffmpeg(source, wanted, page)
    return as_far_as_possible(functools.partial(_by_pillow, page), source, wanted)


def _is_for_ffmpeg(page: Ifd) -> bool:
    """Claim: colours in floats of 32 bits, which Pillow does not know, or in planes of 16, which it mixes up."""
    if (page.integer(_SAMPLES) or 1) == 1:
        return False
    kind = (page.integer(_SAMPLE_FORMAT) or _UNSIGNED, page.integer(_BITS))
    return kind == (_FLOAT, 32) or (kind == (_UNSIGNED, 16) and page.integer(_PLANES) == _APART)


def _by_ffmpeg(source: Source, wanted: Wanted, page: Ifd) -> Frame:
    check_pixels(*wanted.size)
    try:
        with source.stream() as file, libav.opened(file, "tiff") as container:
            frame = next(container.decode(libav.picture_stream(container)))
            image = Image.fromarray(frame.reformat(format="rgb24").to_ndarray())
    except (av.FFmpegError, FileUndecodable, StopIteration) as error:  # some are an OSError of EIO, which is no disk's
        raise FileUndecodable("FFmpeg cannot read it") from error
    profile = page.raw(_PROFILE, _LARGEST_PROFILE)
    if profile:
        image.info["icc_profile"] = profile
    return Frame(image, *image.size, wanted.orientation, colour_space(wanted.contents))


def _by_pillow(page: Ifd, source: Source, wanted: Wanted) -> Frame:
    image = opened(source, wanted)
    check_pixels(*image.size)
    turned = image.getexif().get(Tag.ORIENTATION, UPRIGHT)  # which Pillow does as it loads the pixels
    image.load()
    return Frame(_mended(image, page), *image.size, wanted.left_after(turned), colour_space(wanted.contents))


def _mended(image: Image.Image, page: Ifd) -> Image.Image:
    """What Pillow leaves as it is of grey pictures beyond 8 bits: negatives, and whole numbers without a sign."""
    pixels = None
    if image.mode.startswith("I;16") and page.integer(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        pixels = np.invert(np.asarray(image))
    elif image.mode == "I" and (page.integer(_SAMPLE_FORMAT) or _UNSIGNED) == _UNSIGNED:
        unsigned = np.asarray(image).view(np.uint32)
        pixels = (unsigned >> 16).astype(np.uint16) if unsigned.max() > _HIGHEST_OF_16_BITS else None
    if pixels is None:
        return image
    mended = Image.fromarray(pixels)
    mended.info = image.info
    return mended
