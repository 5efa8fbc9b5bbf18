"""JPEG XL, by libjxl."""

from __future__ import annotations

import io

import pillow_jxl
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.jpeg import jpeg_frame
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.source import Source


def decode_jpegxl(source: Source, wanted: Wanted) -> Frame:
    """Decode the first frame. libjxl turns it, unless it is a JPEG that was packed without loss."""
    check_pixels(*wanted.size)
    try:
        is_jpeg, info, data, profile, _ = pillow_jxl.Decoder(num_threads=0)(source.stream().read())
    except RuntimeError as error:  # whose words are about how to build libjxl
        raise FileUndecodable("libjxl cannot read it") from error
    if is_jpeg:
        return jpeg_frame(io.BytesIO(data), wanted)
    image = Image.frombytes(info.mode, (info.width, info.height), data)
    if profile:
        image.info["icc_profile"] = profile
    return Frame(image, *image.size)
