"""Dates in the names of files and folders."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.dates import written
from photofsd.media.naming_dates import date_in_folder, date_in_name
from photofsd.records import Taken
from photofsd.types import DateSource

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TOKYO = dt.timezone(dt.timedelta(hours=9))


def shown(taken: Taken | None) -> str | None:
    return (EPOCH + dt.timedelta(microseconds=taken.local_ns // 1000)).isoformat()[:-6] if taken else None


@pytest.mark.parametrize(
    "name, expected",
    [
        ("IMG_20190521_104552.jpg", "2019-05-21T10:45:52"),
        ("VID_20190521_104552.mp4", "2019-05-21T10:45:52"),
        ("20190521_104552(0).jpg", "2019-05-21T10:45:52"),
        ("20190521104552.jpg", "2019-05-21T10:45:52"),
        ("DJI_20210304123456_0001_D.JPG", "2021-03-04T12:34:56"),
        ("Screenshot 2019-05-21 at 10.45.52.png", "2019-05-21T10:45:52"),
        ("Screen Shot 2019-05-21 at 9.45.52 PM.png", "2019-05-21T21:45:52"),
        ("Screen Shot 2019-05-21 at 12.05.00\u202fAM.png", "2019-05-21T00:05:00"),
        ("Bildschirmfoto 2019-05-21 um 10.45.52.png", "2019-05-21T10:45:52"),
        ("Capture d’écran 2019-05-21 à 10.45.52.png", "2019-05-21T10:45:52"),
        ("Screenshot_20190521-104552.png", "2019-05-21T10:45:52"),
        ("Screenshot_20190521-104552_Chrome.jpg", "2019-05-21T10:45:52"),
        ("2018-04-12 19:24:49.jpg", "2018-04-12T19:24:49"),
        ("2018-04-12 19.24.49-1.jpg", "2018-04-12T19:24:49"),
        ("telegram_2020-01-30_09-57-18.jpg", "2020-01-30T09:57:18"),
        ("photo_2020-01-30_09-57-18.jpg", "2020-01-30T09:57:18"),
        ("signal-2020-01-30-095718.jpg", "2020-01-30T09:57:18"),
        ("signal-2020-01-30-09-57-18-123.jpg", "2020-01-30T09:57:18.123000"),
        ("WhatsApp Image 2019-05-21 at 10.45.52.jpeg", "2019-05-21T10:45:52"),
        ("WP_20140921_16_00_56_Pro.jpg", "2014-09-21T16:00:56"),
        ("IMG-20190521-WA0001.jpg", "2019-05-21T00:00:00"),
        ("2015-02-04.jpg", "2015-02-04T00:00:00"),
        ("2015-02-04(1).jpg", "2015-02-04T00:00:00"),
        ("Oma 1931-04-17.jpg", "1931-04-17T00:00:00"),
        ("04.02.2015 Geburtstag.jpg", "2015-02-04T00:00:00"),
        ("FB_IMG_1558434352000.jpg", "2019-05-21T10:25:52"),
        ("PXL_20231006_063000139.jpg", "2023-10-06T06:30:00.139000"),
        ("PXL_20231006_063909898.LS.mp4", "2023-10-06T06:39:09.898000"),
    ],
)
def test_name_tells_the_moment_or_the_day(name: str, expected: str) -> None:
    taken = date_in_name(name.encode(), dt.UTC)
    assert shown(taken) == expected
    assert taken is not None
    assert taken.source is DateSource.NAME


@pytest.mark.parametrize(
    "name",
    ["IMG_0001.jpg", "DSC_0238.JPG", "gps-2000.jpg", "19311231.jpg", "12345678.jpg", "IMG_20191399.jpg",
     "1920x1080.png", "2019-05.jpg", "120190521.jpg", "99990101_000000.jpg", "receipt 20190521123.jpg"],
)  # fmt: skip
def test_numbers_are_no_dates(name: str) -> None:
    assert date_in_name(name.encode(), dt.UTC) is None


def test_pixel_names_are_in_utc_and_others_are_not() -> None:
    assert shown(date_in_name(b"PXL_20231006_063000139.jpg", TOKYO)) == "2023-10-06T15:30:00.139000"
    assert shown(date_in_name(b"IMG_20231006_063000.jpg", TOKYO)) == "2023-10-06T06:30:00"


def test_impossible_time_leaves_the_day() -> None:
    assert shown(date_in_name(b"IMG_20190521_996152.jpg", dt.UTC)) == "2019-05-21T00:00:00"


def test_day_in_the_name_takes_its_moment_from_a_date_that_agrees() -> None:
    that_day = written("2019:05:21 18:30:00", DateSource.MTIME)
    another = written("2019:05:22 18:30:00", DateSource.MTIME)
    assert that_day is not None
    assert another is not None
    assert date_in_name(b"IMG-20190521-WA0001.jpg", dt.UTC, [another, that_day]) == Taken(
        local_ns=that_day.local_ns, source=DateSource.NAME
    )
    assert shown(date_in_name(b"IMG-20190521-WA0001.jpg", dt.UTC, [another])) == "2019-05-21T00:00:00"


@pytest.mark.parametrize(
    "folder, expected",
    [
        ("Photos/2008-10-22 Арêццо (Arezzo)", "2008-10-22T00:00:00"),
        ("Photos/20081022 Arezzo", "2008-10-22T00:00:00"),
        ("2013/06/15", "2013-06-15T00:00:00"),
        ("2013/6/5", "2013-06-05T00:00:00"),
        ("2013/06/15/raw", "2013-06-15T00:00:00"),
        ("2013/06", "2013-06-01T00:00:00"),
        ("2013/2013-06 Rome", "2013-06-01T00:00:00"),
        ("2013_12", "2013-12-01T00:00:00"),
        ("2013 Südafrika & Safari", "2013-01-01T00:00:00"),
        ("Photos from 2023", "2023-01-01T00:00:00"),
        ("Summer (2019)", "2019-01-01T00:00:00"),
        ("2019/Italy/Rome", "2019-01-01T00:00:00"),
        ("2013/01 Wedding", "2013-01-01T00:00:00"),
        ("2013/15", "2013-01-01T00:00:00"),
    ],
)
def test_folder_tells_the_period(folder: str, expected: str) -> None:
    taken = date_in_folder(folder.encode())
    assert shown(taken) == expected
    assert taken is not None
    assert taken.source is DateSource.FOLDER


@pytest.mark.parametrize("folder", ["", "DCIM/100CANON", "2013-2015 Trips", "1920x1080", "wallpapers 4000", "9999"])
def test_folder_without_a_date_tells_none(folder: str) -> None:
    assert date_in_folder(folder.encode()) is None


def test_year_of_a_folder_takes_its_moment_from_a_date_that_agrees() -> None:
    edited = written("2013:11:26 15:53:55", DateSource.EXIF)
    copied = written("2020:01:01 10:00:00", DateSource.MTIME)
    assert edited is not None
    assert copied is not None
    assert shown(date_in_folder(b"2013 Safari", [copied, edited])) == "2013-11-26T15:53:55"
    assert shown(date_in_folder(b"2013 Safari", [copied])) == "2013-01-01T00:00:00"


def test_last_moment_of_a_period_is_in_it() -> None:
    for folder, last in (
        ("2013", "2013:12:31 23:59:59"),
        ("2013-12", "2013:12:31 23:59:59"),
        ("2013-02", "2013:02:28 23:59:59"),
    ):
        hint = written(last, DateSource.MTIME)
        after = Taken(local_ns=hint.local_ns + 10**9, source=DateSource.MTIME) if hint else None
        assert hint is not None
        assert after is not None
        assert date_in_folder(folder.encode(), [hint]) == Taken(local_ns=hint.local_ns, source=DateSource.FOLDER)
        assert date_in_folder(folder.encode(), [after]) != Taken(local_ns=after.local_ns, source=DateSource.FOLDER)


@given(st.binary(max_size=80))
def test_any_name_gives_a_date_or_none(name: bytes) -> None:
    assert date_in_name(name, dt.UTC) is None or shown(date_in_name(name, dt.UTC))
    assert date_in_folder(name) is None or shown(date_in_folder(name))
