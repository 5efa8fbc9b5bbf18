"""What the JSON files of Google Takeout say, and what they may not do."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.facts import Facts
from photofsd.media.geo import Position
from photofsd.media.takeout import LARGEST, read_takeout
from photofsd.records import Taken
from photofsd.types import DateSource

NOWHERE = {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0, "latitudeSpan": 0.0, "longitudeSpan": 0.0}
PARIS = {"latitude": 48.8583736, "longitude": 2.291901, "altitude": 82.09}
ROME = {"latitude": 41.9, "longitude": 12.5, "altitude": 0.0}
ROME_ZONE = dt.timezone(dt.timedelta(hours=2))


def said(zone: dt.tzinfo = dt.UTC, **fields: object) -> Facts:
    photo = {"title": "x.jpg", "description": "", "photoTakenTime": {"timestamp": "1696573800"}, "geoData": NOWHERE}
    return read_takeout(json.dumps(photo | fields).encode(), zone)


def album(**fields: object) -> tuple[str, ...]:
    return read_takeout(json.dumps(fields).encode(), dt.UTC).albums


def test_the_date_is_utc_and_becomes_the_wall_clock() -> None:
    taken_s = 1_696_573_800
    assert said().dates == (Taken(taken_s * 10**9, DateSource.SIDECAR, 0),)
    assert said(ROME_ZONE).dates == (Taken((taken_s + 7200) * 10**9, DateSource.SIDECAR, 120),)
    assert said(photoTakenTime={"timestamp": "-86400", "formatted": "31 Dec 1969"}).dates[0].local_ns < 0


@pytest.mark.parametrize("stamp", ["0", None, "99999999999999", 1 << 62])
def test_a_date_that_cannot_be_is_none(stamp: object) -> None:
    assert said(photoTakenTime={"timestamp": stamp}).dates == ()


def test_where_is_what_google_says_else_what_exif_said() -> None:
    assert said(geoData=ROME, geoDataExif=PARIS).position == Position(41.9, 12.5, None)
    assert said(geoData=NOWHERE, geoDataExif=PARIS).position == Position(48.8583736, 2.291901, 82.09)
    assert said(geoData=NOWHERE, geoDataExif=NOWHERE).position is None


def test_what_the_user_said_of_it() -> None:
    found = said(description="At the\nsea ", favorited=True, people=[{"name": "Ana"}, {"name": "Ana"}, {"name": " "}])
    assert (found.caption, found.rating, found.people) == ("At the sea", 5, ("Ana",))
    assert (found.title, said().caption, said().rating, said().people) == (None, None, None, ())


def test_a_folder_with_a_title_is_an_album() -> None:
    assert album(title="Album test 6/10/23", description="", access="protected", date={}) == ("Album test 6/10/23",)
    assert album(albumData={"title": "Rome", "access": "protected"}) == ("Rome",)
    assert album(title="", access="protected", date={}) == ()


@pytest.mark.parametrize(
    "title",
    ["Photos from 2023", "Fotos von 2019", "Fotos de 2023", "Foto’s uit 2008", "Photos de 1998", "2023년의 사진"],
)
def test_the_folder_of_a_year_is_no_album(title: str) -> None:
    assert album(title=title, access="protected", date={}) == ()


@pytest.mark.parametrize("title", ["2023", "Fotos Rom 2023", "2013 Safari", "Trip to 2020", "Photos"])
def test_an_album_may_be_named_for_a_year(title: str) -> None:
    assert album(title=title, access="protected", date={}) == (title,)


@pytest.mark.parametrize(
    "data", [b"[1, 2]", b'"text"', b"{}", b'{"title": "A list of labels"}', b'{"a": {"b": 1}}', b"5"]
)
def test_the_json_of_somebody_else_says_nothing(data: bytes) -> None:
    assert read_takeout(data, dt.UTC) == Facts()


def test_a_byte_order_mark_is_no_error() -> None:
    assert read_takeout(b'\xef\xbb\xbf{"title": "Rome", "access": ""}', dt.UTC).albums == ("Rome",)


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "broken"),
        (b"{", "broken"),
        (b'{"title": "\xff"}', "broken"),
        (b"[" * 100_000, "broken"),
        (b" " * (LARGEST + 1), "too large"),
        (b'{"photoTakenTime": "yesterday"}', "not as Google writes it"),
        (b'{"photoTakenTime": {"timestamp": "soon"}}', "not as Google writes it"),
        (b'{"photoTakenTime": {}, "geoData": {"latitude": "north"}}', "not as Google writes it"),
        (b'{"title": [], "access": ""}', "not as Google writes it"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, why: str) -> None:
    with pytest.raises(FileUndecodable, match=why):
        read_takeout(data, dt.UTC)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
NAMES = st.sampled_from(
    [
        "title",
        "photoTakenTime",
        "timestamp",
        "geoData",
        "latitude",
        "people",
        "name",
        "albumData",
        "access",
        "favorited",
    ]
)


@given(st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES)))
def test_nothing_that_is_json_does_harm(fields: dict[str, Any]) -> None:
    with contextlib.suppress(FileUndecodable):
        read_takeout(json.dumps(fields).encode(), dt.UTC)


@given(st.binary())
def test_nothing_at_all_does_harm(data: bytes) -> None:
    with contextlib.suppress(FileUndecodable):
        read_takeout(data, dt.UTC)
