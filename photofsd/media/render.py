"""Makes the rendition of a photo: a JPEG of a given size at most, with what matters of its metadata.

Only the renderer's children load this, as they do decode.py.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from photofsd.records import Metadata, Taken

_STEPS: Final = (85, 80, 70, 60, 45, 30)
"""Qualities that are tried when the wanted one does not fit; then half the pixels, and so on."""

_TEXT_MAX: Final = 500
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the wall clock of wherever the photo was taken
_NS: Final = 1_000_000_000
_SRGB: Final = 1
_UPRIGHT: Final = 1
_ISO_MAX: Final = 0xFFFF
_LONG_MAX: Final = 0xFFFF_FFFF
_DENOMINATOR_MAX: Final = 1_000_000
_TICKS_A_SECOND: Final = 10_000
"""Of arc: three millimetres."""
_TICKS_A_MINUTE: Final = 60 * _TICKS_A_SECOND
_TICKS_A_DEGREE: Final = 60 * _TICKS_A_MINUTE
_HIGHEST_M: Final = 100_000
_POSITION: Final = ((ExifTags.GPS.GPSLatitudeRef, "NS"), (ExifTags.GPS.GPSLongitudeRef, "EW"))


def rendition(image: Image.Image, metadata: Metadata, *, quality: int, room: int) -> bytes:
    """`image` as a baseline JPEG of at most `room` bytes: of the wanted quality, or of the best that fits.

    image: RGB, sRGB, upright. room: at least 16 KiB.
    """
    exif = plain_exif(metadata)
    for shrunk, tried in _attempts(image, quality):
        buffer = io.BytesIO()
        shrunk.save(buffer, "JPEG", quality=tried, exif=exif)
        if buffer.tell() <= room:
            return buffer.getvalue()
    raise ValueError(f"no JPEG fits into {room} bytes")


def _attempts(image: Image.Image, quality: int) -> Iterator[tuple[Image.Image, int]]:
    """Yield what to try, best first: pictures and qualities."""
    qualities = (quality, *(step for step in _STEPS if step < quality))
    for step in qualities:
        yield image, step
    while max(image.size) > 1:
        image = image.reduce(2)
        yield image, qualities[-1]


def plain_exif(metadata: Metadata) -> bytes:
    """An EXIF block of `facts_shown`: when, where, with what. Orientation is 1: the pixels are upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = _UPRIGHT
    _put_text(exif, ExifTags.Base.Make, metadata.make)
    _put_text(exif, ExifTags.Base.Model, metadata.model)
    _put_text(exif, ExifTags.Base.ImageDescription, metadata.caption or metadata.title)
    shot = exif.get_ifd(ExifTags.IFD.Exif)
    shot[ExifTags.Base.ColorSpace] = _SRGB
    if metadata.taken is not None and not metadata.taken.source.is_guess:
        shot.update(_date(metadata.taken))
    if metadata.lens is not None:  # Pillow does not know this one for text, and takes bytes for something else
        shot[ExifTags.Base.LensModel] = metadata.lens[:_TEXT_MAX].encode("ascii", "replace").decode()
    exposure = (
        (ExifTags.Base.ExposureTime, metadata.exposure_s),
        (ExifTags.Base.FNumber, metadata.f_number),
        (ExifTags.Base.FocalLength, metadata.focal_mm),
    )
    shot.update({tag: _rational(value) for tag, value in exposure if value is not None and 0 < value <= _LONG_MAX})
    if metadata.iso is not None and 0 < metadata.iso <= _ISO_MAX:
        shot[ExifTags.Base.ISOSpeedRatings] = metadata.iso
    if metadata.latitude is not None and metadata.longitude is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(_position(metadata.latitude, metadata.longitude, metadata.altitude_m))
    return exif.tobytes()


def _put_text(exif: Image.Exif, tag: int, text: str | None) -> None:
    if text is not None:
        exif[tag] = _text(text)


def _text(text: str) -> bytes:
    """EXIF has no words beyond ASCII; everybody writes and reads UTF-8."""
    return text.encode("utf-8", "replace")[:_TEXT_MAX].decode("utf-8", "ignore").encode()


def _date(taken: Taken) -> Iterator[tuple[int, str]]:
    seconds, ns = divmod(taken.local_ns, _NS)
    try:
        wall = _EPOCH + dt.timedelta(seconds=seconds)
    except OverflowError:
        return
    yield ExifTags.Base.DateTimeOriginal, f"{wall.year:04}:{wall:%m:%d %H:%M:%S}"
    if ns:
        yield ExifTags.Base.SubsecTimeOriginal, f"{ns // 1_000_000:03}"
    if taken.offset_min is not None:
        hours, minutes = divmod(abs(taken.offset_min), 60)
        yield ExifTags.Base.OffsetTimeOriginal, f"{'-' if taken.offset_min < 0 else '+'}{hours:02}:{minutes:02}"


def _position(latitude: float, longitude: float, altitude_m: float | None) -> Iterator[tuple[int, object]]:
    for (tag, letters), degrees in zip(_POSITION, (latitude, longitude), strict=True):
        yield tag, letters[degrees < 0]
        minutes, ticks = divmod(round(abs(degrees) * _TICKS_A_DEGREE), _TICKS_A_MINUTE)
        yield tag + 1, (IFDRational(minutes // 60), IFDRational(minutes % 60), IFDRational(ticks, _TICKS_A_SECOND))
    if altitude_m is not None and abs(altitude_m) <= _HIGHEST_M:
        yield ExifTags.GPS.GPSAltitudeRef, bytes([altitude_m < 0])
        yield ExifTags.GPS.GPSAltitude, _rational(abs(altitude_m))


def _rational(value: float) -> IFDRational:
    """EXIF has no floats: two whole numbers of 32 bits each."""
    largest = int(min(_DENOMINATOR_MAX, _LONG_MAX // max(1, value)))
    fraction = Fraction(value).limit_denominator(largest)
    return IFDRational(fraction.numerator, fraction.denominator)
