"""Dates in the names of files and folders, as cameras, phones, messengers and people write them.

    PXL_20231006_063000139.jpg              a moment, in UTC: only Pixel phones write that
    IMG_20190521_104552.jpg  Screenshot 2019-05-21 at 10.45.52 PM.png  telegram_2020-01-30_09-57-18.jpg
                                            a moment on the wall clock
    FB_IMG_1558434352000.jpg                ms since 1970
    IMG-20190521-WA0001.jpg  2015-02-04(1).jpg  04.02.2015.jpg
                                            a day
    2008-10-22 Arezzo/   2013/06/15/        a day
    2013-06 Rome/        2013/06/           a month
    2013 Safari/         Photos from 2023/  a year

A day, a month or a year is a period. A date that lies within it (the last edit, the modification time) tells the
moment: the name vouches for the period, the other for the rest. If none does, the period's first midnight stands: a
photo of "2013 Safari" is found under 2013, where its owner put it, though on 1 January.
Digits without separators are taken for a day only from 1990 on; before that they are more likely a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

import msgspec

from photofsd.media.dates import fraction_nanos, instant, wall_clock
from photofsd.records import Taken
from photofsd.types import DateSource

FIRST_DIGITAL_YEAR: Final = 1990

_DAY_PART: Final = r"(?<!\d)(?P<year>1[89]\d\d|20\d\d)(?P<sep>[-_.: ]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"
_DAY = re.compile(_DAY_PART + r"(?!\d)", re.ASCII)
_MOMENT = re.compile(
    _DAY_PART + r"\D{0,8}?(?P<hour>\d{2}|\d(?=[-_.:]))(?P<tsep>[-_.:]?)(?P<minute>\d\d)(?P=tsep)(?P<second>\d\d)"
    r"(?:[-_.]?(?P<fraction>\d{3}))?(?!\d)(?:[ \u00a0\u202f]?(?P<half>[AaPp])\.?[Mm]\b)?",
    re.ASCII,
)
_DAY_FIRST = re.compile(r"(?<!\d)(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>1[89]\d\d|20\d\d)(?!\d)", re.ASCII)
_MONTH = re.compile(r"(?<!\d)(?P<year>1[89]\d\d|20\d\d)[-_. ](?P<month>\d\d)(?![\d-])", re.ASCII)
_YEAR = re.compile(r"(?:^|(?<=[\s_\-(\[]))(1[89]\d\d|20\d\d)(?=$|[\s_\-)\].,])", re.ASCII)
_SHORT_NUMBER = re.compile(r"\d{1,2}", re.ASCII)
_MILLISECONDS = re.compile(r"(?:FB_IMG_|mmexport)(1\d{12})(?!\d)", re.ASCII)
_UTC_PREFIX: Final = b"PXL_"
_NOON: Final = 12
_MONTHS: Final = 12


class _Period(NamedTuple):
    """Local time from `start` to before `end`, ns."""

    start: int
    end: int

    def told(self, hints: Sequence[Taken], source: DateSource) -> Taken:
        """The first of `hints` that lies within, else the start."""
        for hint in hints:
            if self.start <= hint.local_ns < self.end:
                return msgspec.structs.replace(hint, source=source)
        return Taken(local_ns=self.start, source=source)


def date_in_name(name: bytes, zone: tzinfo | None, hints: Sequence[Taken] = ()) -> Taken | None:
    """The date that a file's name tells, or None.

    zone:  where names in UTC are brought to; None = this machine's own.
    hints: dates that may tell the moment where the name has only a day.
    """
    text = name.decode("utf-8", "replace")
    if (match := _MILLISECONDS.match(text)) is not None:
        return instant(int(match[1]) * 10**6, DateSource.NAME, zone)
    for match in _MOMENT.finditer(text):
        if (taken := _moment(match)) is not None:
            return instant(taken.local_ns, DateSource.NAME, zone) if name.startswith(_UTC_PREFIX) else taken
    day = _day(text)
    return day.told(hints, DateSource.NAME) if day else None


def date_in_folder(folder: bytes, hints: Sequence[Taken] = ()) -> Taken | None:
    """The date that a folder's path tells, the deepest folder first, or None.

    hints: dates that may tell the moment within that day, month or year.
    """
    parts = [part for part in folder.decode("utf-8", "replace").split("/") if part]
    for depth in range(len(parts), 0, -1):
        period = _in_part(parts[depth - 1]) or _in_numbers(parts[max(0, depth - 3) : depth])
        if period is not None:
            return period.told(hints, DateSource.FOLDER)
    return None


def _moment(match: re.Match[str]) -> Taken | None:
    if not _is_credible(match):
        return None
    hour = int(match["hour"])
    if match["half"] is not None:
        hour = hour % _NOON + (_NOON if match["half"] in "Pp" else 0)
    minute, second = int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - the clock
        return None
    nanos = fraction_nanos(match["fraction"] or "")
    return wall_clock(_parts(match), (hour, minute, second), DateSource.NAME, nanos=nanos)


def _day(text: str) -> _Period | None:
    for match in (*_DAY.finditer(text), *_DAY_FIRST.finditer(text)):
        if _is_credible(match) and (period := _period(*_parts(match))) is not None:
            return period
    return None


def _is_credible(match: re.Match[str]) -> bool:
    return bool(match.groupdict().get("sep", ".")) or int(match["year"]) >= FIRST_DIGITAL_YEAR


def _parts(match: re.Match[str]) -> tuple[int, int, int]:
    return int(match["year"]), int(match["month"]), int(match["day"])


def _in_part(part: str) -> _Period | None:
    """The period in one folder's own name."""
    if (day := _day(part)) is not None:
        return day
    if (match := _MONTH.search(part)) and (month := _period(int(match["year"]), int(match["month"]))):
        return month
    years = set(_YEAR.findall(part))
    return _period(int(years.pop())) if len(years) == 1 else None


def _in_numbers(parts: Sequence[str]) -> _Period | None:
    """The period in the last of nested folders of bare numbers: 2013/06/15 or 2013/06."""
    for start in range(len(parts) - 1):
        year, rest = parts[start], parts[start + 1 :]
        if _YEAR.fullmatch(year) and all(_SHORT_NUMBER.fullmatch(part) for part in rest):
            return _period(int(year), *map(int, rest))
    return None


def _period(year: int, month: int | None = None, day: int | None = None) -> _Period | None:
    first = wall_clock((year, month or 1, day or 1), None, DateSource.NAME)
    if first is None:
        return None
    if day is not None:
        return _Period(first.local_ns, first.local_ns + 24 * 3600 * 10**9)
    following = (year + 1, 1) if month in {None, _MONTHS} else (year, (month or 1) + 1)
    after = wall_clock((*following, 1), None, DateSource.NAME)
    return _Period(first.local_ns, after.local_ns if after else 1 << 63)
