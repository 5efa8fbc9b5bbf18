"""Files as Pillow opens them: with one plugin, and of torn ones as much as there is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from PIL import Image, ImageFile, UnidentifiedImageError

from photofsd.errors import FileUndecodable
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.source import Source

Image.MAX_IMAGE_PIXELS = None  # limits.py instead: Pillow's own refuses before a smaller decode could be asked for

BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError)
"""What Pillow raises of broken content: an OSError then is one without a number."""

_PLUGINS: Final = {"png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "jp2": "JPEG2000", "tiff": "TIFF"}


def as_far_as_possible(decoder: Callable[[Source, Wanted], Frame], source: Source, wanted: Wanted) -> Frame:
    """What `decoder` gives, with Pillow going on beyond what is torn where it has to. Raises as Frame's Decoder."""
    try:
        return decoder(source, wanted)
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        with _tolerance(), contextlib.suppress(*BROKEN):
            frame = decoder(source, wanted)
            if not is_blank(frame.image):
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


def opened(source: Source, wanted: Wanted) -> Image.Image:
    """The picture, of which only the header has been read."""
    try:
        return Image.open(source.stream(), formats=(_PLUGINS[wanted.form],))
    except UnidentifiedImageError as error:
        raise FileUndecodable(f"{wanted.form} that Pillow cannot read: broken, or of a rare kind") from error


def is_blank(image: Image.Image) -> bool:
    """Claim: it is all of one colour, or all transparent."""
    seen = image.convert("RGBA").getextrema()
    return all(low == high for low, high in seen[:3]) or seen[3][1] == 0  # type: ignore[misc] # four bands
