"""RAW, by LibRaw: the camera's own preview where it is large enough, a demosaic of half the size otherwise."""

from __future__ import annotations

import io

import rawpy
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.jpeg import jpeg_frame
from photofsd.media.source import Source

_TURN_OF_FLIP = {0: 1, 3: 3, 5: 8, 6: 6}
"""LibRaw's flips as EXIF counts them."""


def decode_raw(source: Source, wanted: Wanted) -> Frame:
    """Decode a RAW file."""
    try:
        with rawpy.imread(source.stream()) as raw:
            return _preview(raw, wanted) or _developed(raw, wanted)
    except rawpy.LibRawError as error:
        raise FileUndecodable(f"LibRaw cannot read it: {error}") from error


def _preview(raw: rawpy.RawPy, wanted: Wanted) -> Frame | None:
    """The embedded JPEG, where it is as large as wanted."""
    sizes = raw.sizes
    long_edge = max(sizes.iwidth, sizes.iheight)
    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if not isinstance(thumb.data, bytes):  # a bitmap, which is small
        return None
    frame = jpeg_frame(io.BytesIO(thumb.data), wanted)
    if max(frame.width, frame.height) < min(long_edge, wanted.fit_px or long_edge):
        return None
    frame.width, frame.height = max(frame.width, sizes.width), max(frame.height, sizes.height)
    frame.orientation = _TURN_OF_FLIP.get(sizes.flip, wanted.orientation)
    return frame


def _developed(raw: rawpy.RawPy, wanted: Wanted) -> Frame:
    """The sensor's pixels, developed with the camera's white balance. LibRaw turns them."""
    sizes = raw.sizes
    width, height = (sizes.iwidth, sizes.iheight)
    is_half = wanted.fit_px is not None and max(width, height) // 2 >= wanted.fit_px
    pixels = raw.postprocess(use_camera_wb=True, half_size=is_half, user_flip=0)
    return Frame(Image.fromarray(pixels), width, height, _TURN_OF_FLIP.get(sizes.flip, wanted.orientation))
