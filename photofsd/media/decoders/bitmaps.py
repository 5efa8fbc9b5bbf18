"""PNG, WebP, GIF, BMP and JPEG 2000, by Pillow."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from PIL import Image

from photofsd.media.decoders.colour_space import colour_space
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.decoders.opening import BROKEN, as_far_as_possible, is_blank, opened
from photofsd.media.source import Source

_MOST_BLANK_FRAMES: Final = 10
_MOST_HALVINGS: Final = 5
"""JPEG 2000's usual number; a file may have fewer."""


def decode_bitmap(source: Source, wanted: Wanted) -> Frame:
    """Decode a picture; of an animation, the first frame that shows something; of a torn file, what is there."""
    return as_far_as_possible(_first_frame, source, wanted)


def decode_jpeg2000(source: Source, wanted: Wanted) -> Frame:
    """Decode a picture, at a half, a quarter ... where that is enough."""
    image: Any = opened(source, wanted)  # its `reduce` is a number, which the type of all images does not know
    width, height = image.size
    halvings = _halvings((width, height), wanted)
    image.reduce = halvings
    check_pixels(width >> halvings, height >> halvings)
    try:
        image.load()
    except OSError as error:
        if error.errno is not None or not halvings:
            raise
        image = opened(source, wanted)
        check_pixels(width, height)
        image.load()
    if wanted.contents.profile:
        image.info["icc_profile"] = wanted.contents.profile
    return Frame(image, width, height, wanted.orientation, colour_space(wanted.contents))


def _first_frame(source: Source, wanted: Wanted) -> Frame:
    image = opened(source, wanted)
    check_pixels(*image.size)
    width, height = image.size
    image.load()
    if wanted.contents.frames > 1:
        image = _first_that_shows_something(image)
    return Frame(image, width, height, wanted.orientation, colour_space(wanted.contents))


def _first_that_shows_something(animation: Image.Image) -> Image.Image:
    """The first frame that is not blank; the first one where all of the first few are, or the file breaks off."""
    first = animation.copy()
    shown = first
    with contextlib.suppress(*BROKEN):
        for number in range(1, _MOST_BLANK_FRAMES):
            if not is_blank(shown):
                return shown
            animation.seek(number)
            shown = animation.copy()
    return first


def _halvings(size: tuple[int, int], wanted: Wanted) -> int:
    fitted = max(wanted.fitted(*size))
    return max((n for n in range(_MOST_HALVINGS + 1) if max(size) >> n >= fitted), default=0)
