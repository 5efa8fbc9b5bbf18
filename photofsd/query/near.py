"""Photos near a point: the cells inside the circle, and the exact distance where its edge crosses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from photofsd.query.names import like_values
from photofsd.query.syntax import Point
from photofsd.store import assets, facets
from photofsd.store.derived import CELL_BAND_CHARS, CELL_DEGREES, cell_band
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

EARTH_RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180
_CITY_LEVEL = 2

Degrees = float | NDArray[np.float64]
Metres = NDArray[np.float64]


class _Position(msgspec.Struct):
    """The part of a Metadata row that is looked at here (decodes ten times faster)."""

    latitude: float | None = None
    longitude: float | None = None


def distance_m(latitude: Degrees, longitude: Degrees, to_latitude: Degrees, to_longitude: Degrees) -> Metres:
    """The great-circle distance of points, one by one, in metres (haversine)."""
    start, end = np.radians(latitude), np.radians(to_latitude)
    half_height, half_width = (end - start) / 2, np.radians(np.subtract(to_longitude, longitude)) / 2
    chord = np.sin(half_height) ** 2 + np.cos(start) * np.cos(end) * np.sin(half_width) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, chord))))


def within(txn: ReadTransaction, centre: Point, radius_m: float, among: BitMap) -> BitMap:
    """The assets of `among` that lie within `radius_m` of the point."""
    cells = list(_known_cells(txn, centre.latitude, radius_m / METRES_PER_DEGREE))
    south = np.array([float(cell[:CELL_BAND_CHARS]) for cell in cells])
    west = np.array([float(cell[CELL_BAND_CHARS:]) for cell in cells])
    middle = (south + CELL_DEGREES / 2, west + CELL_DEGREES / 2)
    reach = np.maximum(distance_m(*middle, south, west), distance_m(*middle, south + CELL_DEGREES, west))
    away = distance_m(*middle, centre.latitude, centre.longitude)
    inside = _union(txn, cells, away + reach <= radius_m)
    crossed = _union(txn, cells, (away + reach > radius_m) & (away - reach <= radius_m))
    return (inside & among) | _exactly(txn, crossed & among, centre, radius_m)


def _known_cells(txn: ReadTransaction, latitude: float, margin: float) -> Iterator[bytes]:
    """The cells with photos that are not too far north or south; margin: degrees."""
    first, last = (
        math.floor(max(-90.0, min(90.0, end)) / CELL_DEGREES) for end in (latitude - margin, latitude + margin)
    )
    for band in range(first, last + 1):
        yield from facets.values(txn, Facet.CELL, cell_band(band * CELL_DEGREES))


def _union(txn: ReadTransaction, cells: list[bytes], is_meant: NDArray[np.bool_]) -> BitMap:
    return facets.union(txn, Facet.CELL, (cells[at] for at in np.flatnonzero(is_meant)))


def _exactly(txn: ReadTransaction, members: BitMap, centre: Point, radius_m: float) -> BitMap:
    """The assets of `members` in the circle. All at once: a cell may hold half of a library, taken at home."""
    known = [(asset, *position) for asset in members if (position := _position(txn, asset)) is not None]
    ids, latitude, longitude = np.array(known, dtype=np.float64).reshape(-1, 3).T
    is_near = distance_m(latitude, longitude, centre.latitude, centre.longitude) <= radius_m
    return BitMap(ids[is_near].astype(np.uint32))


def _position(txn: ReadTransaction, asset: int) -> tuple[float, float] | None:
    row = txn.record(Tables.METADATA, U32.pack(asset), _Position)
    if row is None or row.latitude is None or row.longitude is None:
        return None
    return row.latitude, row.longitude


def points_of(txn: ReadTransaction, name: str) -> list[Point]:
    """Where the cities by that name lie that photos were taken in; of a region or country, all its cities."""
    matches = like_values(txn, Facet.PLACE, name)
    cities = [value for value in matches if _is_city(value)] or [
        value for match in matches for value in facets.values(txn, Facet.PLACE, match + b"/") if _is_city(value)
    ]
    return [point for city in cities if (point := _point_of(txn, city)) is not None]


def _is_city(place: bytes) -> bool:
    return place.count(b"/") == _CITY_LEVEL


def _point_of(txn: ReadTransaction, city: bytes) -> Point | None:
    members = facets.bitmap(txn, Facet.PLACE, city)
    place = assets.place(txn, AssetId(members.min())) if members else None
    return None if place is None else Point(place.latitude, place.longitude)
