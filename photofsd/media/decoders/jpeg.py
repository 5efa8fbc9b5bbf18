"""JPEG, by libjpeg-turbo: at a half, a quarter or an eighth where that is enough; what is there of a torn one."""

from __future__ import annotations

import io
from typing import BinaryIO, Final

from PIL.JpegImagePlugin import JpegImageFile

from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.source import Source

_END: Final = b"\xff\xd9"


def decode_jpeg(source: Source, wanted: Wanted) -> Frame:
    """Decode the first picture of a JPEG file."""
    return jpeg_frame(source.stream(), wanted)


def jpeg_frame(stream: BinaryIO, wanted: Wanted) -> Frame:
    """Decode the JPEG that `stream` holds."""
    image = _drafted(stream, wanted)
    width, height = image.whole
    problems = []
    try:
        image.load()
    except OSError as error:
        if error.errno is not None:
            raise
        stream.seek(0)
        image = _drafted(io.BytesIO(stream.read() + _END), wanted)  # libjpeg fills what is missing with grey
        image.load()
        problems.append("the JPEG ends early: what is missing is grey")
    return Frame(image, width, height, wanted.orientation, problems)


class _Draft(JpegImageFile):
    """A JPEG about to be decoded. whole: its full size."""

    whole: tuple[int, int]


def _drafted(stream: BinaryIO, wanted: Wanted) -> _Draft:
    image = _Draft(stream)
    image.whole = image.size
    image.draft(None, wanted.fitted(*image.size))
    check_pixels(*image.size)
    return image
