"""When a photo was taken, out of the strings that cameras and programs write."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media import dates
from photofsd.media.dates import instant, offset_minutes, quicktime_seconds, written, written_iso
from photofsd.records import Taken
from photofsd.types import DateSource

EXIF = DateSource.EXIF
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def shown(taken: Taken | None) -> str | None:
    """The wall clock as ISO 8601, microseconds only where there are any."""
    return (EPOCH + dt.timedelta(microseconds=taken.local_ns // 1000)).isoformat()[:-6] if taken else None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2019:06:09 12:57:32", "2019-06-09T12:57:32"),
        ("2009:09:09 20:27:09.60:04:00", "2009-09-09T20:27:09.600000"),
        ("2012-08-05 11:39:59", "2012-08-05T11:39:59"),
        ("2012/08/05 11:39", "2012-08-05T11:39:00"),
        ("2012: 8: 5 11:39:59", "2012-08-05T11:39:59"),
        ("2018:08:11T17:38:25Z", "2018-08-11T17:38:25"),
        ("1919:05:04 05:59:26", "1919-05-04T05:59:26"),
        ("2016:12:31 23:59:60", "2016-12-31T23:59:59"),
        ("2016:12:31 24:10:00", "2016-12-31T00:00:00"),
        ("2016:12:31   :  :  ", "2016-12-31T00:00:00"),
        ("2000:01:01 00:00:00", "2000-01-01T00:00:00"),
    ],
)
def test_date_is_read_in_every_form_met(text: str, expected: str) -> None:
    assert shown(written(text, EXIF)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2019:13:01 00:00:01",
        "2019:02:30 12:00:00",
        "1825:06:01 12:00:00",
        "9999:12:31 23:59:59",
        "1970:01:01 00:00:00",
        "1970:01:01 05:45:00",
        "1969:12:31 16:00:00",
        "1980:01:01 00:00:00",
        "2019",
        "20190609",
        "yesterday",
    ],
)
def test_what_cannot_be_true_is_no_date(text: str) -> None:
    assert written(text, EXIF) is None


def test_next_year_is_the_last_that_can_be_true() -> None:
    this_year = dt.datetime.now(dt.UTC).year
    assert written(f"{this_year + 1}:01:01 00:00:01", EXIF) is not None
    assert written(f"{this_year + 2}:01:01 00:00:01", EXIF) is None


def test_date_before_1970_counts_backwards() -> None:
    assert written("1919:05:04 05:59:26", EXIF) == Taken(local_ns=-1_598_810_434 * 10**9, source=EXIF)


@pytest.mark.parametrize(
    "fraction, nanos",
    [
        ("064", 64_000_000),
        ("00", 0),
        ("5", 500_000_000),
        ("448315", 448_315_000),
        (" 12 ", 120_000_000),
        ("x", 0),
        ("²", 0),
    ],
)
def test_sub_seconds_are_digits_after_the_point(fraction: str, nanos: int) -> None:
    taken = written("2019:06:09 12:57:32", EXIF, fraction=fraction)
    assert taken is not None
    assert taken.local_ns % 10**9 == nanos


@pytest.mark.parametrize(
    "text, minutes",
    [("+02:00", 120), ("-0600", -360), ("Z", 0), ("+05:45", 345), ("+14:00", 840), ("   :  ", None), ("+99:00", None)],
)
def test_offset_is_minutes_east(text: str, minutes: int | None) -> None:
    assert offset_minutes(text) == minutes


def test_offset_in_the_date_itself_wins() -> None:
    taken = written("2019:06:09 12:57:32+01:00", EXIF, offset="+02:00")
    assert taken is not None
    assert (taken.offset_min, shown(taken)) == (60, "2019-06-09T12:57:32")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2018-08-11T17:38:25Z", "2018-08-11T17:38:25"),
        ("2022-09-03T17:48:26-07:00", "2022-09-03T17:48:26"),
        ("2019-06-06T07:29:51.00", "2019-06-06T07:29:51"),
        ("2020-04-17T10:03:48-0600", "2020-04-17T10:03:48"),
        ("2013-11", "2013-11-01T00:00:00"),
        ("2013", "2013-01-01T00:00:00"),
        ("1970", "1970-01-01T00:00:00"),
        ("1970-01-01T00:00:00", None),
        ("2013-00", None),
    ],
)
def test_iso_date_may_be_partial_and_keeps_its_wall_clock(text: str, expected: str | None) -> None:
    assert shown(written_iso(text, DateSource.XMP)) == expected


def test_instant_is_brought_to_the_zone() -> None:
    taken = instant(1_700_000_000 * 10**9 + 5, DateSource.CONTAINER, dt.timezone(dt.timedelta(hours=-7)))
    assert taken is not None
    assert (shown(taken), taken.offset_min) == ("2023-11-14T15:13:20", -420)
    assert taken.local_ns % 10**9 == 5


@pytest.mark.parametrize("unix_ns", [0, 1 << 80, -(1 << 80), 10**9 * 10**12])
def test_instant_that_no_calendar_reaches_is_none(unix_ns: int) -> None:
    assert instant(unix_ns, DateSource.MTIME, None) is None


def test_movie_headers_count_from_1904_unless_they_count_from_1970() -> None:
    assert quicktime_seconds(0) is None
    assert quicktime_seconds(3_474_964_027) == 1_392_119_227
    assert quicktime_seconds(1_392_119_227) == 1_392_119_227


@given(st.text(max_size=60), st.text(max_size=8), st.text(max_size=8))
def test_any_text_gives_a_date_or_none(text: str, fraction: str, offset: str) -> None:
    for taken in (written(text, EXIF, fraction=fraction, offset=offset), written_iso(text, EXIF)):
        assert taken is None or isinstance(taken.local_ns, int)


@given(st.datetimes(min_value=dt.datetime(1990, 1, 1), max_value=dt.datetime(2025, 12, 31)))  # noqa: DTZ001
def test_every_second_is_read_back(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=dt.UTC)
    taken = dates.written(moment.strftime("%Y:%m:%d %H:%M:%S"), EXIF)
    assert taken is not None
    assert EPOCH + dt.timedelta(seconds=taken.local_ns // 10**9) == moment
