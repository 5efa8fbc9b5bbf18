"""JPEG, by libjpeg-turbo: at a half, a quarter or an eighth where that is enough; what is there of a torn one."""

from __future__ import annotations

import io
from typing import BinaryIO, Final

from PIL.JpegImagePlugin import JpegImageFile

from photofsd.media.decoders.colour_space import colour_space
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.source import Source

TORN: Final = "the JPEG ends early: what is missing is grey"
_END: Final = b"\xff\xd9"


def decode_jpeg(source: Source, wanted: Wanted) -> Frame:
    """Decode the first picture of a JPEG file."""
    return jpeg_frame(source.stream(), wanted)


def jpeg_frame(stream: BinaryIO, wanted: Wanted) -> Frame:
    """Decode the JPEG that `stream` holds, taking its orientation and colours to be as `wanted` says."""
    image = JpegImageFile(stream)  # not Image.open: of an MPO (two pictures) it is the first one that counts
    width, height = image.size
    problems = []
    _shrink(image, wanted)
    try:
        image.load()
    except OSError as error:
        if error.errno is not None:
            raise
        stream.seek(0)
        image = JpegImageFile(io.BytesIO(stream.read() + _END))  # libjpeg then fills up what is missing
        _shrink(image, wanted)
        image.load()
        problems.append(TORN)
    return Frame(image, width, height, wanted.orientation, colour_space(wanted.contents), problems)


def _shrink(image: JpegImageFile, wanted: Wanted) -> None:
    """Have the picture decoded no larger than needed. Raises FileUndecodable where that is still too large."""
    image.draft(None, wanted.fitted(*image.size))
    check_pixels(*image.size)
