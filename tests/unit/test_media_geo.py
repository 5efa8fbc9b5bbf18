"""Positions out of EXIF, XMP and QuickTime."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.geo import Position, iso_6709, position, sexagesimal, xmp_angle

NAN = math.nan


@pytest.mark.parametrize(
    "latitude, longitude",
    [(NAN, 1.0), (1.0, NAN), (math.inf, 1.0), (90.1, 1.0), (1.0, -180.5), (0.0, 0.0), (None, 1.0), (1.0, None)],
)
def test_what_is_nowhere_is_no_position(latitude: float | None, longitude: float | None) -> None:
    assert position(latitude, longitude) is None


def test_equator_and_greenwich_are_somewhere() -> None:
    assert position(0.0, 11.5) == Position(0.0, 11.5)
    assert position(51.48, 0.0) == Position(51.48, 0.0)


@pytest.mark.parametrize("altitude", [NAN, math.inf, 1e9, -1e6])
def test_bad_altitude_is_left_out(altitude: float) -> None:
    assert position(43.4, 11.8, altitude) == Position(43.4, 11.8, None)


@pytest.mark.parametrize(
    "parts, ref, degrees",
    [
        ((43.0, 28.0, 2.8), "N", 43.467444),
        ((11.0, 53.0, 6.4), "W", -11.885111),
        ((33.0, 27.2082), "s", -33.45347),
        ((52.5,), "", 52.5),
        ((40.0, NAN, NAN), "N", 40.0),
        ((NAN, 1.0, 1.0), "N", None),
        ((), "N", None),
    ],
)
def test_degrees_minutes_and_seconds_are_added(parts: tuple[float, ...], ref: str, degrees: float | None) -> None:
    assert sexagesimal(parts, ref) == (degrees if degrees is None else pytest.approx(degrees, abs=1e-6))


@pytest.mark.parametrize(
    "text, ref, degrees",
    [
        ("48,24.50256879N", "", 48.408376),
        ("3,5.43538761W", "", -3.090590),
        ("48,24,30S", "", -48.408333),
        ("122.31739166666667", "W", -122.317392),
        ("-33.5", "", -33.5),
        ("north", "", None),
        ("", "", None),
    ],
)
def test_xmp_angles_are_read(text: str, ref: str, degrees: float | None) -> None:
    assert xmp_angle(text, ref) == (degrees if degrees is None else pytest.approx(degrees, abs=1e-6))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("+37.7749-122.4194+010.5/", Position(37.7749, -122.4194, 10.5)),
        ("+48.8125+002.4862/", Position(48.8125, 2.4862)),
        ("+1.2.3+4", None),
        ("+00.0+000.0/", None),
        ("", None),
    ],
)
def test_quicktime_positions_are_read(text: str, expected: Position | None) -> None:
    assert iso_6709(text) == expected


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_position_survives_iso_6709(latitude: float, longitude: float) -> None:
    found = iso_6709(f"{latitude:+010.6f}{longitude:+011.6f}/")
    if found is None:
        assert max(abs(latitude), abs(longitude)) < 1e-5
    else:
        assert found == pytest.approx((latitude, longitude, None), abs=1e-6)
