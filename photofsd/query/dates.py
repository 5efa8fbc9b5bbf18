"""Date expressions: how they are read, which days they mean, and which facets cover those days.

Only dates that something vouches for are facets, so a photo whose date is a guess is in no answer to these. A free
word may name a time too (`june`, `summer`, `christmas`, `sunday`, `2023`): the words of VOCABULARY, the seasons those
of the northern hemisphere.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query.syntax import Dates, DateWord, Days, Period, Recent, Unit
from photofsd.query.text import words
from photofsd.store import facets
from photofsd.types import Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

EARLIEST_YEAR = 1000
LATEST_YEAR = 2999
MONTHS = range(1, 13)
DECEMBER = 12
_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(weeks=1)
_ABSOLUTE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_COMPARED = re.compile(r"(>=|<=|>|<|=)(.*)", re.DOTALL)
_RECENT = re.compile(r"last-([0-9]{1,4})-(day|week|month|year)s?")
_YEAR_WORD = re.compile(r"1[89][0-9]{2}|20[0-9]{2}")


@dataclasses.dataclass(frozen=True, slots=True)
class Meaning:
    """What a date word means: the days that any of these is true of.

    months: 1..12. days: (month, day). weekday: 0 = Monday. year: of four digits.
    """

    months: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    weekday: int | None = None
    year: int | None = None


_MONTHS = (  # English, German, French, Italian, Spanish
    "january januar janvier gennaio enero",
    "february februar février febbraio febrero",
    "march märz mars marzo",
    "april avril aprile abril",
    "may mai maggio mayo",
    "june juni juin giugno junio",
    "july juli juillet luglio julio",
    "august août agosto",
    "september septembre settembre septiembre",
    "october oktober octobre ottobre octubre",
    "november novembre noviembre",
    "december dezember décembre dicembre diciembre",
)
_SEASONS = {"spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11), "fall": (9, 10, 11), "winter": (12, 1, 2)}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FEASTS = {
    ("christmas", "xmas"): ((12, 24), (12, 25), (12, 26)),
    ("christmas eve",): ((12, 24),),
    ("halloween",): ((10, 31),),
    ("new year", "new year's", "new years"): ((12, 31), (1, 1)),
    ("new year's eve", "new years eve"): ((12, 31),),
    ("new year's day", "new years day"): ((1, 1),),
    ("valentine's day", "valentines day"): ((2, 14),),
}


def _vocabulary() -> Iterator[tuple[str, Meaning]]:
    for month, names in enumerate(_MONTHS, 1):
        yield from ((name, Meaning(months=(month,))) for name in names.split())
    yield from ((name, Meaning(months=months)) for name, months in _SEASONS.items())
    yield from ((name, Meaning(weekday=weekday)) for weekday, name in enumerate(_WEEKDAYS))
    for names_of_feast, days in _FEASTS.items():
        yield from ((name, Meaning(days=days)) for name in names_of_feast)


VOCABULARY: Mapping[tuple[str, ...], Meaning] = {words(name): meaning for name, meaning in _vocabulary()}
LONGEST_NAME = max(map(len, VOCABULARY))


def meaning_of(name: tuple[str, ...]) -> Meaning | None:
    """What those folded words mean as a time of every year, or as a year; None where they mean none."""
    if len(name) == 1 and _YEAR_WORD.fullmatch(name[0]):
        return Meaning(year=int(name[0]))
    return VOCABULARY.get(name)


def read(text: str) -> Dates:
    """The value of `date:`. Raises ValueError that says what is wrong."""
    word = text.casefold()
    if word in tuple(Period):
        return Period(word)
    if found := _RECENT.fullmatch(word):
        return Recent(int(found[1]), Unit(found[2]))
    if words(text) in VOCABULARY:
        return DateWord(" ".join(words(text)))
    return _read_days(text)


def _read_days(text: str) -> Days:
    if found := _COMPARED.fullmatch(text):
        return _compared(found[1], *_ends(found[2]))
    first, dots, last = text.partition("..")
    if not dots:
        return Days(*_ends(text))
    days = Days(_ends(first)[0] if first else None, _ends(last)[1] if last else None)
    if days.first is None and days.last is None:
        raise ValueError("a range needs a first or a last date")
    if days.first is not None and days.last is not None and days.last < days.first:
        raise ValueError(f"{last} is before {first}")
    return days


def _compared(operator: str, first: dt.date, last: dt.date) -> Days:
    """What is >=, >, <= or < (or =) a stretch of days."""
    days = {
        ">=": Days(first, None),
        ">": Days(last + _DAY, None),
        "<=": Days(None, last),
        "<": Days(None, first - _DAY),
    }.get(operator, Days(first, last))
    _require_known_years(days.first, days.last)
    return days


def _require_known_years(*days: dt.date | None) -> None:
    if not all(EARLIEST_YEAR <= day.year <= LATEST_YEAR for day in days if day is not None):
        raise ValueError(f"a year lies between {EARLIEST_YEAR} and {LATEST_YEAR}")


def _ends(text: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of 2024, 2024-06 or 2024-06-15."""
    found = _ABSOLUTE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no date: write 2024, 2024-06, 2024-06-15, a..b, last-30-days or june")
    year, month, day = int(found[1]), *(None if part is None else int(part) for part in found.group(2, 3))
    try:
        first = dt.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        raise ValueError(f"there is no {text} in the calendar") from None
    _require_known_years(first)
    if day is not None:
        return first, first
    return first, _month_end(year, DECEMBER if month is None else month)


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def days_of(value: Days | Recent | Period, today: dt.date) -> Days:
    """The days that a value means today."""
    match value:
        case Recent(count, unit):
            return Days(_back(today, count, unit), today)
        case Period():
            return _period(value, today)
        case _:
            return value


def _back(today: dt.date, count: int, unit: Unit) -> dt.date:
    """The same day so many units ago; the last of its month where that is shorter."""
    try:
        match unit:
            case Unit.DAY:
                return today - count * _DAY
            case Unit.WEEK:
                return today - count * _WEEK
            case Unit.MONTH | Unit.YEAR:
                months = today.year * 12 + today.month - 1 - count * (12 if unit is Unit.YEAR else 1)
                year, month = months // 12, months % 12 + 1
                return dt.date(year, month, min(today.day, _month_end(year, month).day))
    except (OverflowError, ValueError):  # before the first year
        return dt.date.min


def _period(period: Period, today: dt.date) -> Days:
    monday = today - today.weekday() * _DAY
    month = today.replace(day=1)
    before_month = month - _DAY
    year = today.replace(month=1, day=1)
    before_year = year - _DAY
    first, last = {
        Period.TODAY: (today, today),
        Period.YESTERDAY: (today - _DAY, today - _DAY),
        Period.THIS_WEEK: (monday, monday + _WEEK - _DAY),
        Period.LAST_WEEK: (monday - _WEEK, monday - _DAY),
        Period.THIS_MONTH: (month, _month_end(today.year, today.month)),
        Period.LAST_MONTH: (before_month.replace(day=1), before_month),
        Period.THIS_YEAR: (year, today.replace(month=12, day=31)),
        Period.LAST_YEAR: (before_year.replace(month=1, day=1), before_year),
    }[period]
    return Days(first, last)


def cover(days: Days, years: Iterable[int]) -> Iterator[tuple[Facet, bytes]]:
    """The fewest facet values that together are those days of those years: whole years, whole months, days."""
    first, last = days.first or dt.date.min, days.last or dt.date.max
    for year in years:
        if first <= dt.date(year, 1, 1) and dt.date(year, 12, 31) <= last:
            yield Facet.YEAR, b"%04d" % year
        elif first.year <= year <= last.year:
            for month in MONTHS:
                yield from _cover_month(year, month, first, last)


def _cover_month(year: int, month: int, first: dt.date, last: dt.date) -> Iterator[tuple[Facet, bytes]]:
    start, end = dt.date(year, month, 1), _month_end(year, month)
    if first <= start and end <= last:
        yield Facet.MONTH, b"%04d%02d" % (year, month)
        return
    for day in range(max(first, start).toordinal(), min(last, end).toordinal() + 1):
        yield Facet.DAY, _day_value(dt.date.fromordinal(day))


def _day_value(day: dt.date) -> bytes:
    return b"%04d%02d%02d" % (day.year, day.month, day.day)


def known_years(txn: ReadTransaction) -> list[int]:
    """The years that there are photos of, in order."""
    return [int(value) for value in facets.values(txn, Facet.YEAR) if value]


def taken_on(txn: ReadTransaction, days: Days) -> BitMap:
    """The assets taken on those days."""
    found = [facets.bitmap(txn, facet, value) for facet, value in cover(days, known_years(txn))]
    return BitMap.union(*found) if found else BitMap()


def taken_when(txn: ReadTransaction, meaning: Meaning) -> BitMap:
    """The assets taken at a time that `meaning` says."""
    return BitMap.union(*(facets.union(txn, facet, values) for facet, values in _facets_of(txn, meaning)))


def _facets_of(txn: ReadTransaction, meaning: Meaning) -> Iterator[tuple[Facet, Iterable[bytes]]]:
    yield Facet.YEAR, [] if meaning.year is None else [b"%04d" % meaning.year]
    yield Facet.MONTH, (b"%04d%02d" % (year, month) for year in known_years(txn) for month in meaning.months)
    yield Facet.DAY, (b"%04d%02d%02d" % (year, *day) for year in known_years(txn) for day in meaning.days)
    if meaning.weekday is not None:
        yield Facet.DAY, (_day_value(day) for year in known_years(txn) for day in _weekdays(year, meaning.weekday))


def _weekdays(year: int, weekday: int) -> Iterator[dt.date]:
    """Every such day of the year; weekday: 0 = Monday."""
    first = dt.date(year, 1, 1)
    days = range((weekday - first.weekday()) % 7, 366 if calendar.isleap(year) else 365, 7)
    return (first + day * _DAY for day in days)
