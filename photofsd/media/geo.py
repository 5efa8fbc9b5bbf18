"""Where a photo was taken, out of the ways in which files write it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

MOST_LATITUDE: Final = 90.0
MOST_LONGITUDE: Final = 180.0
_NULL_ISLAND: Final = 1e-6  # degrees; receivers without a fix write 0, 0
_ALTITUDES: Final = (-12_000.0, 100_000.0)

_ISO_6709 = re.compile(r"(?P<latitude>[+-][\d.]+)(?P<longitude>[+-][\d.]+)(?P<altitude>[+-][\d.]+)?", re.ASCII)
_XMP_ANGLE = re.compile(
    r"\s*(?P<degrees>-?\d+(?:\.\d+)?)(?:[,\s](?P<minutes>\d+(?:\.\d+)?)(?:[,\s](?P<seconds>\d+(?:\.\d+)?))?)?"
    r"\s*(?P<ref>[NSEW])?\s*\Z",
    re.ASCII,
)
_SOUTH_WEST: Final = ("S", "W")


class Position(NamedTuple):
    """Where a photo was taken: degrees, WGS 84; metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float | None = None


def position(latitude: float | None, longitude: float | None, altitude_m: float | None = None) -> Position | None:
    """The position, or None where it is none: not a number, off the globe, or 0, 0. A bad altitude is left out."""
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    if abs(latitude) > MOST_LATITUDE or abs(longitude) > MOST_LONGITUDE:
        return None
    if abs(latitude) < _NULL_ISLAND and abs(longitude) < _NULL_ISLAND:
        return None
    if altitude_m is not None and not _ALTITUDES[0] <= altitude_m <= _ALTITUDES[1]:
        altitude_m = None
    return Position(latitude, longitude, altitude_m)


def sexagesimal(parts: Sequence[float], ref: str) -> float | None:
    """Degrees out of EXIF's degrees, minutes and seconds; minutes and seconds that are 0/0 count as none.

    ref: N, S, E or W, in any case; anything else counts as N and E.
    """
    if not parts or not math.isfinite(parts[0]):
        return None
    degrees = sum(part / 60.0**power for power, part in enumerate(parts[:3]) if math.isfinite(part))
    return -degrees if ref.strip().upper().startswith(_SOUTH_WEST) else degrees


def xmp_angle(text: str, ref: str = "") -> float | None:
    """Degrees out of XMP's `48,24.50256879N`, `48,24,30N` or a plain decimal number."""
    match = _XMP_ANGLE.match(text)
    if match is None:
        return None
    return sexagesimal([float(match[part] or 0) for part in ("degrees", "minutes", "seconds")], match["ref"] or ref)


def iso_6709(text: str) -> Position | None:
    """The position out of QuickTime's `+37.7749-122.4194+010.000/`, in decimal degrees."""
    match = _ISO_6709.match(text.strip())
    if match is None:
        return None
    try:
        altitude = float(match["altitude"]) if match["altitude"] else None
        return position(float(match["latitude"]), float(match["longitude"]), altitude)
    except ValueError:  # 1.2.3
        return None
