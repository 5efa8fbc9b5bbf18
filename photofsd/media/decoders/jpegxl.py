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
    metadata = wanted.metadata
    check_pixels(metadata.width or 0, metadata.height or 0)
    is_jpeg, info, data, profile, _ = pillow_jxl.Decoder(num_threads=0)(source.stream().read())
    if is_jpeg:
        return jpeg_frame(io.BytesIO(data), wanted)
    if info.mode not in {"L", "LA", "RGB", "RGBA"}:
        raise FileUndecodable(f"JPEG XL with pixels of the kind {info.mode}")
    image = Image.frombytes(info.mode, (info.width, info.height), data)
    if profile:
        image.info["icc_profile"] = profile
    return Frame(image, *image.size)
