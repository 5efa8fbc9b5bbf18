"""When a photo was taken, out of the many ways in which files write it.

Which date wins (see metadata.py, which asks in this order; DateSource has the same order):
 1. EXIF DateTimeOriginal, then EXIF DateTimeDigitized; in a RAW file also DateTime, as only the camera writes there
 2. XMP exif:DateTimeOriginal, photoshop:DateCreated, xmp:CreateDate
 3. IPTC date created
 4. the container: QuickTime creation date (with its offset), the movie header's UTC time, PNG creation time
 5. the GPS receiver's UTC time
 6. an XMP sidecar's date: it fills in what the file lacks, it does not overrule the camera (sidecars are often
    written by programs that turn local time into UTC)
 7. the file's name, 8. the folder's (naming_dates.py)
 9. EXIF DateTime of anything but a RAW file: the last edit, marked as EXIF
10. the file's modification time, marked as a guess

What is refused, and so the next in the order is asked: months and days that do not exist, years before 1826 (no
photo is older) or after the next, and the zeros of clocks: 1970-01-01 on a whole quarter of an hour (time_t 0
somewhere on Earth) and 1980-01-01 00:00:00 (DOS), 0 in a movie header (1904). 2000-01-01 00:00:00 is kept: cameras
that start there run on from it, and people who scan write "2000" as that.

A date that says a zone keeps its wall clock as it is written; only pure UTC sources (movie header, GPS, modification
time, Pixel file names) are turned into the wall clock of the `zone` that the caller passes.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import msgspec

from photofsd.records import Taken
from photofsd.types import DateSource

EARLIEST_YEAR: Final = 1826
"""Niépce's view from the window at Le Gras."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DOS_EPOCH: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
_QUICKTIME_EPOCH_S: Final = -2_082_844_800  # 1904-01-01
_NS: Final = 10**9
_FURTHEST_OFFSET_MIN: Final = 15 * 60
_LAST_SECOND: Final = 59

_DAY = re.compile(
    r"\s*(?P<year>\d{4})(?:[:/.\- ](?P<month>[ \d]?\d)(?:[:/.\- ](?P<day>[ \d]?\d))?)?(?!\d)(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)
_TIME = re.compile(
    r"[T\s]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?)?", re.ASCII
)
_OFFSET = re.compile(r"\s*(?:(?P<zulu>Z)|(?P<sign>[+\-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2}))\s*\Z", re.ASCII)


def wall_clock(
    day: tuple[int, int, int],
    time: tuple[int, int, int] | None,
    source: DateSource,
    *,
    nanos: int = 0,
    offset_min: int | None = None,
) -> Taken | None:
    """The date made of its parts, or None where there is no such day or it cannot be true.

    day: year, month, day. time: hour, minute, second; None or one that does not exist = midnight.
    """
    if not EARLIEST_YEAR <= day[0] <= dt.datetime.now(dt.UTC).year + 1:
        return None
    try:
        moment = dt.datetime(*day, tzinfo=dt.UTC)
    except ValueError:
        return None
    if time is not None:
        try:
            moment = moment.replace(hour=time[0], minute=time[1], second=min(time[2], _LAST_SECOND))
        except ValueError:
            nanos = 0
        if not nanos and _is_zero_of_a_clock(moment):
            return None
    return Taken(
        local_ns=(moment - _EPOCH) // dt.timedelta(seconds=1) * _NS + nanos, source=source, offset_min=offset_min
    )


def written(text: str, source: DateSource, *, fraction: str = "", offset: str = "") -> Taken | None:
    """The date in `text` as EXIF writes it (2019:06:09 12:57:32) and as people get that wrong, or None.

    fraction: digits after the second's point (SubSecTime), where the text has none.
    offset:   +02:00 (OffsetTime), where the text has none. What cannot be read of them is left out.
    """
    return _read(text, source, fraction, offset)


def written_iso(text: str, source: DateSource) -> Taken | None:
    """The date in `text` as XMP and QuickTime write it (ISO 8601); a bare year or month means its first day."""
    return _read(text, source, "", "", may_be_partial=True)


def instant(unix_ns: int, source: DateSource, zone: dt.tzinfo | None) -> Taken | None:
    """The wall clock in `zone` at an instant, or None if it cannot be true.

    zone: None = this machine's own.
    """
    seconds, nanos = divmod(unix_ns, _NS)
    try:
        moment = (_EPOCH + dt.timedelta(seconds=seconds)).astimezone(zone)
    except (OverflowError, OSError, ValueError):  # what the platform's calendar does not reach
        return None
    offset = moment.utcoffset() or dt.timedelta()
    return wall_clock(
        (moment.year, moment.month, moment.day),
        (moment.hour, moment.minute, moment.second),
        source,
        nanos=nanos,
        offset_min=offset // dt.timedelta(minutes=1),
    )


def clock_time(seconds: int, source: DateSource) -> Taken | None:
    """The wall clock out of a camera's own count of seconds since 1970 on that clock, or None if it cannot be true."""
    taken = instant(seconds * _NS, source, dt.UTC)
    return None if taken is None else msgspec.structs.replace(taken, offset_min=None)


def quicktime_seconds(seconds: int) -> int | None:
    """Seconds since 1970 out of a movie header's: since 1904, UTC; 0 = not set.

    Writers that count from 1970 instead are recognised: nothing was filmed to a file before that.
    """
    if seconds == 0:
        return None
    return seconds if seconds < -_QUICKTIME_EPOCH_S else seconds + _QUICKTIME_EPOCH_S


def offset_minutes(text: str) -> int | None:
    """Minutes east of UTC out of `+02:00`, `-0600` or `Z`; None for anything else."""
    match = _OFFSET.match(text)
    if match is None:
        return None
    if match["zulu"]:
        return 0
    minutes = int(match["hours"]) * 60 + int(match["minutes"])
    if minutes > _FURTHEST_OFFSET_MIN:
        return None
    return -minutes if match["sign"] == "-" else minutes


def fraction_nanos(digits: str) -> int:
    """Nanoseconds out of the digits after a point: "064" is 64 ms."""
    digits = digits.strip()
    return int(digits[:9].ljust(9, "0")) if digits.isascii() and digits.isdigit() else 0


def _read(text: str, source: DateSource, fraction: str, offset: str, *, may_be_partial: bool = False) -> Taken | None:
    match = _DAY.match(text)
    if match is None or (match["day"] is None and not may_be_partial):
        return None
    day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    time = _TIME.match(match["rest"])
    if time is None:
        return wall_clock(day, None, source)
    own_offset = offset_minutes(match["rest"][time.end() :])
    return wall_clock(
        day,
        (int(time["hour"]), int(time["minute"]), int(time["second"] or 0)),
        source,
        nanos=fraction_nanos(time["fraction"] or fraction),
        offset_min=own_offset if own_offset is not None else offset_minutes(offset),
    )


def _is_zero_of_a_clock(moment: dt.datetime) -> bool:
    if moment == _DOS_EPOCH:
        return True
    on_a_quarter = moment.minute % 15 == 0 and moment.second == 0
    return on_a_quarter and abs(moment - _EPOCH) <= dt.timedelta(minutes=_FURTHEST_OFFSET_MIN)
