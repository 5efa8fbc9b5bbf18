"""Stage `places`: the nearest town of a photo's coordinates, from GeoNames, without any network.

The gazetteer (reverse_geocoder, 145,000 places) takes 150 MB, so it lives in one child that ends when idle. It
knows only the NEAREST place however far away that is: beyond `place_max_km` a photo has no place (the sea, a desert).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from photofsd.pipeline.stage import FactStage, Work
from photofsd.records import Place
from photofsd.store import assets
from photofsd.store.schema import Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

_EARTH_RADIUS_KM = 6371.0


class Coordinates(msgspec.Struct, frozen=True):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


class FindPlaces(FactStage[Coordinates, Place]):
    """Name the places of coordinates."""

    name = "places"
    version = 1
    needs = frozenset({"metadata"})
    makes = frozenset({"place"})
    query = Coordinates
    result = Place | None
    table = Tables.PLACES

    def wanted(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return self.question(txn, asset) is not None or assets.place(txn, asset) is not None

    def question(self, txn: ReadTransaction, asset: AssetId) -> Coordinates | None:
        metadata = assets.metadata(txn, asset)
        if metadata is None or metadata.latitude is None or metadata.longitude is None:
            return None
        return Coordinates(metadata.latitude, metadata.longitude)

    def run(self, questions: Sequence[Coordinates], work: Work) -> Sequence[Place | None]:
        import reverse_geocoder  # noqa: PLC0415 - 150 MB, only in this child

        points = [(point.latitude, point.longitude) for point in questions]
        found = reverse_geocoder.search(points, mode=1, verbose=False)
        return [_located(point, row, work.place_max_km) for point, row in zip(questions, found, strict=True)]


def _located(point: Coordinates, row: dict[str, str], max_km: float) -> Place | None:
    latitude, longitude = float(row["lat"]), float(row["lon"])
    distance_km = _distance_km(point, Coordinates(latitude, longitude))
    if distance_km > max_km:
        return None
    country = _country(row["cc"])
    region = row["admin1"] or country
    return Place(country, region, row["name"], latitude, longitude, round(distance_km, 2))


@functools.cache
def _country(code: str) -> str:
    """The common name of an ISO 3166-1 country, in English."""
    import pycountry  # noqa: PLC0415 - as above

    country = pycountry.countries.get(alpha_2=code)
    if country is None:
        return code
    return str(getattr(country, "common_name", country.name))


def _distance_km(a: Coordinates, b: Coordinates) -> float:
    """Great-circle distance (haversine)."""
    phi_a, phi_b = math.radians(a.latitude), math.radians(b.latitude)
    d_phi, d_lambda = phi_b - phi_a, math.radians(b.longitude - a.longitude)
    h = math.sin(d_phi / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(d_lambda / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, h)))


STAGE = FindPlaces()
