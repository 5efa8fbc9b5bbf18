"""RAW: the JPEG preview in it where that is large enough, else developed by LibRaw, else the best preview there is.

Previews are stored as the sensor lies, like the sensor's data, and the file says once how to turn both. A preview that
stands upright where the sensor lies on its side has been turned already.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Final

import rawpy
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media.containers.raw_previews import Preview, preview_in, previews
from photofsd.media.decoders.colour_space import SRGB
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.jpeg import TORN, jpeg_frame
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.decoders.opening import BROKEN
from photofsd.media.orientation import UPRIGHT, is_quarter_turn
from photofsd.media.source import Source
from photofsd.media.span import Span

_FULL_SIZE: Final = 0.95
"""Of the sensor's long edge: cameras leave a border out of their previews."""
_SAME_SHAPE: Final = 0.05
_LEAST_PX: Final = 64
"""Of a preview that is shown for want of anything better."""


def decode_raw(source: Source, wanted: Wanted) -> Frame:
    """Decode a RAW file. Raises FileUndecodable where LibRaw cannot develop it and no preview can stand in."""
    found = previews(source.span, wanted.form)
    frame = _preview(found, wanted)
    if frame is not None:
        return frame
    try:
        with rawpy.imread(source.stream()) as raw:
            return _preview(_libraws_preview(raw), wanted) or _developed(raw, wanted)
    except rawpy.LibRawError as error:
        return _best(found, wanted, f"LibRaw says {_said(error)}")
    except MemoryError:
        if not found:
            raise
        return _best(found, wanted, "to develop it needs more memory than readers.memory_mb allows")


def _preview(found: Sequence[Preview], wanted: Wanted) -> Frame | None:
    """The smallest preview that is enough and whole."""
    for preview in found:
        if _is_enough(preview, wanted):
            with contextlib.suppress(FileUndecodable, *BROKEN):
                frame = _shown(preview, wanted)
                if TORN not in frame.problems:
                    return frame
    return None


def _libraws_preview(raw: rawpy.RawPy) -> Sequence[Preview]:
    """The preview that LibRaw knows of: some makers (Olympus, Pentax) hide theirs in their notes."""
    try:
        thumb = raw.extract_thumb().data
    except rawpy.LibRawError:
        return ()
    found = preview_in(Span.of(thumb)) if isinstance(thumb, bytes) else None
    return () if found is None else (found,)


def _is_enough(preview: Preview, wanted: Wanted) -> bool:
    """Claim: it is as large as wanted and shows the whole picture."""
    shorter, longer = sorted(wanted.size)
    if not shorter:
        return False
    short, long = sorted((preview.width, preview.height))
    needed = min(longer * _FULL_SIZE, wanted.fit_px or longer)
    return long >= needed and abs(long * shorter / (short * longer) - 1) <= _SAME_SHAPE


def _shown(preview: Preview, wanted: Wanted) -> Frame:
    frame = jpeg_frame(io.BytesIO(preview.span.whole()), wanted)
    if wanted.form == "dng":  # EXIF's ColorSpace is the camera's; previews are by raw converters, which write sRGB
        frame.space = SRGB
    width, height = wanted.size
    is_turned = is_quarter_turn(wanted.orientation) and (preview.width > preview.height) != (width > height)
    if is_turned:
        width, height = height, width
        frame.orientation = UPRIGHT
    frame.width, frame.height = max(width, preview.width), max(height, preview.height)
    return frame


def _developed(raw: rawpy.RawPy, wanted: Wanted) -> Frame:
    """The sensor's data, developed with the camera's white balance: at half the size where that is enough."""
    sizes = raw.sizes
    can_halve = raw.raw_type is rawpy.RawType.Flat  # a pixel of a stack has all colours already
    is_half = can_halve and wanted.fit_px is not None and max(sizes.width, sizes.height) // 2 >= wanted.fit_px
    check_pixels(sizes.raw_width // (1 + is_half), sizes.raw_height // (1 + is_half))
    pixels = raw.postprocess(use_camera_wb=True, half_size=is_half, user_flip=0)
    image = Image.fromarray(pixels)
    scale = 2 if is_half else 1
    frame = Frame(image, image.width * scale, image.height * scale, wanted.orientation)
    if (pixels == pixels[0, 0]).all():
        frame.problems.append("LibRaw finds no picture in it: all of it has one colour")
    return frame


def _best(found: Sequence[Preview], wanted: Wanted, trouble: str) -> Frame:
    """The largest preview that can be shown, for want of anything better."""
    for preview in reversed(found):
        if max(preview.width, preview.height) < _LEAST_PX:
            break
        with contextlib.suppress(FileUndecodable, *BROKEN):
            frame = _shown(preview, wanted)
            size = f"{preview.width} x {preview.height}"
            frame.problems.append(f"only its preview of {size} pixels can be shown: {trouble}")
            return frame
    raise FileUndecodable(trouble)


def _said(error: Exception) -> str:
    """LibRaw's words: some come as bytes."""
    first = error.args[0] if error.args else ""
    return first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)
