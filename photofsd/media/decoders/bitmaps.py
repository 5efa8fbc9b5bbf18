"""PNG, WebP, GIF, BMP, TIFF and JPEG 2000, by Pillow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from photofsd.errors import FileUndecodable
from photofsd.media.decoders.colour_space import colour_space
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.orientation import UPRIGHT
from photofsd.media.source import Source

Image.MAX_IMAGE_PIXELS = None  # limits.py instead: Pillow's own refuses before a smaller decode could be asked for

_NAMES: Final = {"png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "jp2": "JPEG2000", "tiff": "TIFF"}
_MOST_BLANK_FRAMES: Final = 10
_MOST_HALVINGS: Final = 5
"""JPEG 2000's usual number; a file may have fewer."""
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError)
"""What Pillow raises of broken content: an OSError then is one without a number."""


def decode_bitmap(source: Source, wanted: Wanted) -> Frame:
    """Decode a picture; of an animation, the first frame that shows something; of a torn file, what is there."""
    return _as_far_as_possible(_first_frame, source, wanted)


def decode_tiff(source: Source, wanted: Wanted) -> Frame:
    """Decode the first page. Pillow turns it by its own tag."""
    return _as_far_as_possible(_first_page, source, wanted)


def decode_jpeg2000(source: Source, wanted: Wanted) -> Frame:
    """Decode a picture, at a half, a quarter ... where that is enough."""
    image: Any = _opened(source, wanted)  # its `reduce` is a number, which the type of all images does not know
    width, height = image.size
    halvings = _halvings((width, height), wanted)
    image.reduce = halvings
    check_pixels(width >> halvings, height >> halvings)
    try:
        image.load()
    except OSError as error:
        if error.errno is not None or not halvings:
            raise
        image = _opened(source, wanted)
        check_pixels(width, height)
        image.load()
    return Frame(image, width, height, wanted.orientation, colour_space(wanted.contents))


def _first_frame(source: Source, wanted: Wanted) -> Frame:
    image = _opened(source, wanted)
    check_pixels(*image.size)
    width, height = image.size
    image.load()
    if wanted.contents.frames > 1:
        image = _first_that_shows_something(image)
    return Frame(image, width, height, wanted.orientation, colour_space(wanted.contents))


def _first_page(source: Source, wanted: Wanted) -> Frame:
    image = _opened(source, wanted)
    check_pixels(*image.size)
    turned = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    image.load()
    return Frame(image, *image.size, wanted.left_after(turned), colour_space(wanted.contents))


def _as_far_as_possible(decoder: Callable[[Source, Wanted], Frame], source: Source, wanted: Wanted) -> Frame:
    try:
        return decoder(source, wanted)
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        with _tolerance(), contextlib.suppress(*_BROKEN):
            frame = decoder(source, wanted)
            if not _is_blank(frame.image):
                frame.problems.append(f"damaged, and shown as far as it goes: {error}")
                return frame
        raise


@contextlib.contextmanager
def _tolerance() -> Iterator[None]:
    """Pillow goes on where a file ends early or a checksum is wrong. It knows this only for the whole process."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _opened(source: Source, wanted: Wanted) -> Image.Image:
    """The picture, of which only the header has been read."""
    try:
        return Image.open(source.stream(), formats=(_NAMES[wanted.form],))
    except UnidentifiedImageError as error:
        raise FileUndecodable(f"no {wanted.form} header that makes sense") from error


def _first_that_shows_something(animation: Image.Image) -> Image.Image:
    """The first frame that is not blank; the first one where all of the first few are, or the file breaks off."""
    first = animation.copy()
    shown = first
    with contextlib.suppress(*_BROKEN):
        for number in range(1, _MOST_BLANK_FRAMES):
            if not _is_blank(shown):
                return shown
            animation.seek(number)
            shown = animation.copy()
    return first


def _is_blank(image: Image.Image) -> bool:
    """Claim: it is all of one colour, or all transparent."""
    seen = image.convert("RGBA").getextrema()
    return all(low == high for low, high in seen[:3]) or seen[3][1] == 0  # type: ignore[misc] # four bands


def _halvings(size: tuple[int, int], wanted: Wanted) -> int:
    fitted = max(wanted.fitted(*size))
    return max((n for n in range(_MOST_HALVINGS + 1) if max(size) >> n >= fitted), default=0)
