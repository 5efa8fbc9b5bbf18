"""What the EXIF block of a file says. Of maker notes only Apple's is read (maker_notes.py).

Source: Exif 3.0 (CIPA DC-008); TIFF/EP (ISO 12234-2) for RAW files, which write some of it into the first directory;
Microsoft's XP tags, which Windows Explorer writes.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from photofsd.media.camera import lens_name
from photofsd.media.dates import instant, written
from photofsd.media.facts import Facts
from photofsd.media.geo import Position, position, sexagesimal
from photofsd.media.maker_notes import Together, shared_ids
from photofsd.media.orientation import ORIENTATIONS
from photofsd.media.span import Span
from photofsd.media.tiff import Ifd, Tiff
from photofsd.media.wording import clean, clean_caption, clean_tags, clean_title, decoded
from photofsd.records import Taken
from photofsd.types import DateSource


class Tag(enum.IntEnum):
    """The tags that we read."""

    IMAGE_DESCRIPTION = 0x010E
    MAKE = 0x010F
    MODEL = 0x0110
    ORIENTATION = 0x0112
    SOFTWARE = 0x0131
    DATE_TIME = 0x0132
    RATING = 0x4746
    EXPOSURE_TIME = 0x829A
    F_NUMBER = 0x829D
    EXIF_IFD = 0x8769
    GPS_IFD = 0x8825
    ISO = 0x8827
    RECOMMENDED_EXPOSURE_INDEX = 0x8832
    DATE_TIME_ORIGINAL = 0x9003
    DATE_TIME_DIGITIZED = 0x9004
    OFFSET_TIME = 0x9010
    OFFSET_TIME_ORIGINAL = 0x9011
    OFFSET_TIME_DIGITIZED = 0x9012
    SHUTTER_SPEED = 0x9201
    APERTURE = 0x9202
    FOCAL_LENGTH = 0x920A
    MAKER_NOTE = 0x927C
    USER_COMMENT = 0x9286
    SUB_SEC_TIME = 0x9290
    SUB_SEC_TIME_ORIGINAL = 0x9291
    SUB_SEC_TIME_DIGITIZED = 0x9292
    XP_TITLE = 0x9C9B
    XP_COMMENT = 0x9C9C
    XP_KEYWORDS = 0x9C9E
    CUSTOM_RENDERED = 0xA401
    LENS_MODEL = 0xA434


class Gps(enum.IntEnum):
    """The tags of the GPS directory that we read."""

    LATITUDE_REF = 1
    LATITUDE = 2
    LONGITUDE_REF = 3
    LONGITUDE = 4
    ALTITUDE_REF = 5
    ALTITUDE = 6
    TIME_STAMP = 7
    DATE_STAMP = 29


class Directories(NamedTuple):
    """The directories of one EXIF block: the image's own, the photo's, the GPS receiver's."""

    image: Ifd
    photo: Ifd | None = None
    gps: Ifd | None = None


def directories(exif: Span, photo: Span | None = None, gps: Span | None = None) -> Directories:
    """The directories of a TIFF structure; photo, gps: structures of their own, where these stand apart (CR3).

    Raises FileUndecodable where one has no TIFF header.
    """
    tiff = Tiff(exif)
    image = tiff.ifd(tiff.first)
    return Directories(
        image,
        next(tiff.children(image, Tag.EXIF_IFD), None) if photo is None else _first_of(photo),
        next(tiff.children(image, Tag.GPS_IFD), None) if gps is None else _first_of(gps),
    )


def _first_of(span: Span) -> Ifd:
    apart = Tiff(span)
    return apart.ifd(apart.first)


_RATINGS: Final = range(1, 6)  # cameras write 0 to say nothing
_ISO_BEYOND_16_BITS: Final = 65535
_MOST_ISO: Final = 10_000_000
_MOST: Final = 1e6  # of f-numbers, seconds, millimetres: more is rubbish
_APPLE_PANORAMA: Final = 6
_BELOW_SEA: Final = 1
_FIRST_RECEIVERS_NS: Final = 631_152_000 * 10**9
"""1990, long before the first camera with a receiver."""
_DATES: Final = (
    (Tag.DATE_TIME_ORIGINAL, Tag.SUB_SEC_TIME_ORIGINAL, Tag.OFFSET_TIME_ORIGINAL),
    (Tag.DATE_TIME_DIGITIZED, Tag.SUB_SEC_TIME_DIGITIZED, Tag.OFFSET_TIME_DIGITIZED),
)
_MODIFIED: Final = (Tag.DATE_TIME, Tag.SUB_SEC_TIME, Tag.OFFSET_TIME)


class Exif:
    """One EXIF block, asked tag by tag: in the photo's directory, else in the image's."""

    def __init__(self, directories: Directories) -> None:
        self._image = directories.image
        self._photo = directories.photo
        self._gps = directories.gps

    def facts(self, zone: dt.tzinfo | None, *, is_raw: bool) -> Facts:
        """All that it says. is_raw: only the camera wrote it, so its DateTime is when the photo was taken.

        zone: where the GPS receiver's UTC time is brought to; None = this machine's own.
        """
        modified = self._date(_MODIFIED)
        dates = [self._date(tags) for tags in _DATES]
        if is_raw:
            dates.append(modified)
        dates.append(gps_time(self._gps, zone) if self._gps else None)
        together = shared_ids(self._photo.raw(Tag.MAKER_NOTE)) if self._photo else Together()
        return Facts(
            dates=tuple(date for date in dates if date is not None),
            modified=modified,
            make=clean(self._text(Tag.MAKE)),
            model=clean(self._text(Tag.MODEL)),
            lens=lens_name(clean(self._text(Tag.LENS_MODEL))),
            position=gps_position(self._gps) if self._gps else None,
            orientation=self._integer_among(Tag.ORIENTATION, ORIENTATIONS),
            tags=clean_tags(self._xp_text(Tag.XP_KEYWORDS).split(";")),
            rating=self._integer_among(Tag.RATING, _RATINGS),
            title=clean_title(self._xp_text(Tag.XP_TITLE)),
            caption=self._caption(),
            software=clean(self._text(Tag.SOFTWARE)),
            iso=self._iso(),
            f_number=self._positive(Tag.F_NUMBER) or self._power_of_two(Tag.APERTURE, 0.5),
            exposure_s=self._positive(Tag.EXPOSURE_TIME) or self._power_of_two(Tag.SHUTTER_SPEED, -1.0),
            focal_mm=self._positive(Tag.FOCAL_LENGTH),
            live_id=together.live_id,
            burst_id=together.burst_id,
            is_screenshot=True if self._comment() == "Screenshot" else None,
            is_panorama=True if self._integer(Tag.CUSTOM_RENDERED) == _APPLE_PANORAMA else None,
        )

    def _ifds(self) -> Iterator[Ifd]:
        if self._photo is not None:
            yield self._photo
        yield self._image

    def _text(self, tag: Tag) -> str:
        return next((text for ifd in self._ifds() if (text := ifd.text(tag))), "")

    def _xp_text(self, tag: Tag) -> str:
        return self._image.raw(tag).decode("utf-16-le", "replace").partition("\0")[0] if tag in self._image else ""

    def _integer(self, tag: Tag) -> int | None:
        return next((value for ifd in self._ifds() if (value := ifd.integer(tag)) is not None), None)

    def _integer_among(self, tag: Tag, allowed: range) -> int | None:
        value = self._image.integer(tag)
        return value if value in allowed else None

    def _positive(self, tag: Tag) -> float | None:
        value = next((value for ifd in self._ifds() if (value := ifd.number(tag)) is not None), None)
        return value if value is not None and 0 < value <= _MOST else None

    def _power_of_two(self, tag: Tag, factor: float) -> float | None:
        """A value that EXIF keeps as a logarithm (APEX)."""
        value = next((value for ifd in self._ifds() if (value := ifd.number(tag)) is not None), None)
        return 2.0 ** (value * factor) if value is not None and abs(value) < 32 else None  # noqa: PLR2004 - 2^32 s

    def _iso(self) -> int | None:
        value = self._integer(Tag.ISO)
        if value == _ISO_BEYOND_16_BITS:
            value = self._integer(Tag.RECOMMENDED_EXPOSURE_INDEX)
        return value if value and 0 < value <= _MOST_ISO else None

    def _date(self, tags: tuple[Tag, Tag, Tag]) -> Taken | None:
        text = self._text(tags[0])
        if not text:
            return None
        return written(text, DateSource.EXIF, fraction=self._text(tags[1]), offset=self._text(tags[2]))

    def _caption(self) -> str | None:
        return clean_caption(self._text(Tag.IMAGE_DESCRIPTION)) or clean_caption(self._xp_text(Tag.XP_COMMENT))

    def _comment(self) -> str:
        """UserComment, where it is plain text: 8 bytes of encoding go before it."""
        return decoded(self._photo.raw(Tag.USER_COMMENT)[8:]) if self._photo else ""


def gps_position(gps: Ifd) -> Position | None:
    """Where the receiver says it was."""
    latitude = sexagesimal(gps.numbers(Gps.LATITUDE), gps.text(Gps.LATITUDE_REF))
    longitude = sexagesimal(gps.numbers(Gps.LONGITUDE), gps.text(Gps.LONGITUDE_REF))
    altitude = gps.number(Gps.ALTITUDE)
    if altitude is not None and gps.integer(Gps.ALTITUDE_REF) == _BELOW_SEA:
        altitude = -altitude
    return position(latitude, longitude, altitude)


def gps_time(gps: Ifd, zone: dt.tzinfo | None) -> Taken | None:
    """The receiver's UTC time as the wall clock in `zone`; of a date without a time, that day's midnight."""
    day = written(gps.text(Gps.DATE_STAMP), DateSource.GPS)
    if day is not None and day.local_ns < _FIRST_RECEIVERS_NS:  # a receiver without a fix says 1980-01-06
        return None
    clock = gps.numbers(Gps.TIME_STAMP)
    if day is None or len(clock) < 3 or not all(map(math.isfinite, clock)):  # noqa: PLR2004 - h, m, s
        return day
    seconds = clock[0] * 3600 + clock[1] * 60 + clock[2]
    if not 0 <= seconds < 24 * 3600:
        return day
    return instant(day.local_ns + round(seconds * 10**9), DateSource.GPS, zone)
