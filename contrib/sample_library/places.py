"""Real places, so that looking them up finds a town."""

from __future__ import annotations

import dataclasses
import datetime as dt


@dataclasses.dataclass(frozen=True)
class Place:
    """A spot on the map. `offset_min`: minutes east of UTC in winter."""

    latitude: float
    longitude: float
    altitude_m: float
    offset_min: int
    has_summer_time: bool = True

    def offset_at(self, day: dt.date) -> int:
        """Minutes east of UTC on that day (April to October counts as summer: near enough for a drawing)."""
        is_summer = self.has_summer_time and 4 <= day.month <= 10
        return self.offset_min + 60 * is_summer


PLACES = {
    "Utrecht": Place(52.0907, 5.1214, 5, 60),
    "Texel": Place(53.0548, 4.7977, 3, 60),
    "Koeln": Place(50.9413, 6.9583, 55, 60),
    "Muenster": Place(51.9625, 7.6256, 60, 60),
    "Firenze": Place(43.7696, 11.2558, 50, 60),
    "Siena": Place(43.3186, 11.3306, 322, 60),
    "Viareggio": Place(43.8657, 10.2503, 2, 60),
    "Paris": Place(48.8584, 2.2945, 35, 60),
    "Zermatt": Place(46.0207, 7.7491, 1620, 60),
    "Reykjavik": Place(64.1466, -21.9426, 37, 0, has_summer_time=False),
    "Vik": Place(63.4186, -19.0060, 12, 0, has_summer_time=False),
    "Kyoto": Place(35.0116, 135.7681, 50, 540, has_summer_time=False),
    "Hatsukaichi": Place(34.2959, 132.3198, 3, 540, has_summer_time=False),
    "Tokyo": Place(35.6595, 139.7005, 38, 540, has_summer_time=False),
    "El Chalten": Place(-49.3315, -72.8863, 405, -180, has_summer_time=False),
    "Ushuaia": Place(-54.8019, -68.3030, 23, -180, has_summer_time=False),
    "Marrakech": Place(31.6295, -7.9811, 466, 60, has_summer_time=False),
    "Goreme": Place(38.6431, 34.8289, 1100, 180, has_summer_time=False),
    "New York": Place(40.7061, -73.9969, 10, -300),
}
