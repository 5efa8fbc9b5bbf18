"""Date expressions: which days they mean, and that facets cover exactly those days."""

from __future__ import annotations

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.query.dates import VOCABULARY, Meaning, cover, days_of, meaning_of, read
from photofsd.query.syntax import DateWord, Days, Period, Recent
from photofsd.query.text import words
from photofsd.types import Facet

WEDNESDAY = dt.date(2024, 7, 31)


def days_meant(text: str, today: dt.date) -> tuple[str, str]:
    value = read(text)
    assert isinstance(value, Days | Recent | Period)
    days = days_of(value, today)
    return str(days.first), str(days.last)


@pytest.mark.parametrize(
    "text,first,last",
    [
        ("today", "2024-07-31", "2024-07-31"),
        ("yesterday", "2024-07-30", "2024-07-30"),
        ("this-week", "2024-07-29", "2024-08-04"),
        ("last-week", "2024-07-22", "2024-07-28"),
        ("this-month", "2024-07-01", "2024-07-31"),
        ("last-month", "2024-06-01", "2024-06-30"),
        ("this-year", "2024-01-01", "2024-12-31"),
        ("last-year", "2023-01-01", "2023-12-31"),
        ("last-30-days", "2024-07-01", "2024-07-31"),
        ("last-2-weeks", "2024-07-17", "2024-07-31"),
        ("last-1-month", "2024-06-30", "2024-07-31"),
        ("last-17-months", "2023-02-28", "2024-07-31"),
        ("last-5-years", "2019-07-31", "2024-07-31"),
        ("last-9999-years", "0001-01-01", "2024-07-31"),
        ("last-9999-weeks", "1832-12-12", "2024-07-31"),
        ("2024-07", "2024-07-01", "2024-07-31"),
    ],
)
def test_relative_dates_are_counted_from_today(text: str, first: str, last: str) -> None:
    assert days_meant(text, WEDNESDAY) == (first, last)


def test_a_year_before_a_leap_day_is_the_day_before() -> None:
    assert days_meant("last-1-year", dt.date(2024, 2, 29)) == ("2023-02-28", "2024-02-29")


@pytest.mark.parametrize(
    "text,meaning",
    [
        ("June", Meaning(months=(6,))),
        ("août", Meaning(months=(8,))),
        ("March", Meaning(months=(3,))),
        ("märz", Meaning(months=(3,))),
        ("winter", Meaning(months=(12, 1, 2))),
        ("Sunday", Meaning(weekday=6)),
        ("christmas", Meaning(days=((12, 24), (12, 25), (12, 26)))),
        ("New Year's Eve", Meaning(days=((12, 31),))),
        ("1999", Meaning(year=1999)),
        ("4120", None),
        ("beach", None),
        ("new", None),
    ],
)
def test_free_words_name_times(text: str, meaning: Meaning | None) -> None:
    assert meaning_of(words(text)) == meaning


def test_every_month_has_its_days_and_every_weekday_is_one_of_seven() -> None:
    for meaning in VOCABULARY.values():
        assert all(dt.date(2024, month, day) for month, day in meaning.days)
        assert all(1 <= month <= 12 for month in meaning.months)
    assert {meaning.weekday for meaning in VOCABULARY.values()} == {None, *range(7)}


def test_date_words_are_dates_too() -> None:
    assert read("christmas") == DateWord("christmas")


def days_covered(facet: Facet, value: bytes) -> set[dt.date]:
    year, month, day = int(value[:4]), int(value[4:6] or 0), int(value[6:] or 0)
    months = [month] if month else range(1, 13)
    found = {
        dt.date(year, m, d) for m in months for d in ([day] if day else range(1, calendar.monthrange(year, m)[1] + 1))
    }
    assert facet is (Facet.DAY if day else Facet.MONTH if month else Facet.YEAR)
    return found


YEARS = range(2019, 2024)
DATES = st.dates(dt.date(2018, 1, 1), dt.date(2024, 12, 31))
ALL_DAYS = [dt.date(2019, 1, 1) + dt.timedelta(days=at) for at in range(5 * 365 + 1)]


@given(st.one_of(st.none(), DATES), st.one_of(st.none(), DATES))
def test_facets_cover_exactly_the_days_each_once(first: dt.date | None, last: dt.date | None) -> None:
    facets = list(cover(Days(first, last), YEARS))
    covered = [day for facet, value in facets for day in days_covered(facet, value)]
    wanted = [day for day in ALL_DAYS if (first is None or first <= day) and (last is None or day <= last)]
    assert sorted(covered) == wanted
    assert len(facets) <= 5 + 2 * 11 + 2 * 30


def test_whole_years_and_months_are_one_facet_each() -> None:
    days = Days(dt.date(2020, 11, 29), dt.date(2022, 1, 1))
    assert [value for _, value in cover(days, YEARS)] == [b"20201129", b"20201130", b"202012", b"2021", b"20220101"]
