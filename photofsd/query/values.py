"""What may stand behind the key of a filter. Every reader raises ValueError that says what is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from photofsd.query import dates
from photofsd.query.syntax import METRES_PER_KM, Key, Near, Numbers, Point, Value
from photofsd.types import StackKind

NEAR_DEFAULT_KM = 10
NEAR_MAX_M = 20_040_000  # half way round the world
HIGHEST_RATING = 5
MOST_FACES = 999_999_999
HAS = (
    "gps", "place", "date", "camera", "lens", "tags", "rating", "caption", "albums", "copies", "stack", "similar",
    "faces", "people", "text"
)  # fmt: skip
"""What `has:` may ask for."""

STACKS = tuple(kind.name.lower() for kind in StackKind if kind.name is not None)
"""What `stack:` may ask for."""

_COMPARED = re.compile(r"(>=|<=|>|<|=?=?)([0-9]{1,9})")
_RANGE = re.compile(r"([0-9]{0,9})\.\.([0-9]{0,9})")
_COORDINATES = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]+)?),([+-]?[0-9]{1,3}(?:\.[0-9]+)?)")
_RADIUS = re.compile(r"~?([0-9]{1,8}(?:\.[0-9]{1,6})?)(km|mi|m)?")
_METRES = {"m": 1.0, "km": METRES_PER_KM, "mi": 1609.344, None: METRES_PER_KM}

EXAMPLES: Mapping[Key, str] = {
    Key.PERSON: 'person:Alice or person:"Bob Smith"',
    Key.YEAR: "year:2024 or year:2020..2023",
    Key.DATE: "date:2024-06, date:2023-06..2023-08 or date:last-30-days",
    Key.PLACE: "place:italy",
    Key.CAMERA: 'camera:"EOS 7D"',
    Key.LENS: 'lens:"50mm"',
    Key.TYPE: "type:raw",
    Key.RATING: "rating:>=4 or rating:4..5",
    Key.TAG: "tag:beach",
    Key.ALBUM: "album:Holiday",
    Key.FOLDER: 'folder:"2013 Safari"',
    Key.FACES: "faces:>=3",
    Key.HAS: "has:gps",
    Key.TEXT: "text:EXIT",
    Key.CAPTION: "caption:dog",
    Key.LIKE: "like:IMG_0001.jpg",
    Key.NEAR: "near:Arezzo~20km or near:43.46,11.88~5km",
    Key.STACK: "stack:raw, stack:live, stack:burst, stack:edited or stack:formats",
    Key.NAME: "name:IMG_41*",
    Key.LIMIT: "limit:500",
}


def read_numbers(text: str, lowest: int, highest: int | None) -> Numbers:
    """`4`, `>=4`, `<4`, `3..5`, `3..`: some of the numbers from `lowest` to `highest`."""
    numbers = _numbers(text)
    if numbers.low is not None and numbers.high is not None and numbers.high < numbers.low:
        raise ValueError(f"no number is in {text}")
    if (numbers.high is not None and numbers.high < lowest) or _is_above(numbers.low, highest):
        raise ValueError(f"{text} is not between {lowest} and {highest}")
    return numbers


def _numbers(text: str) -> Numbers:
    if found := _COMPARED.fullmatch(text):
        number = int(found[2])
        return {
            ">=": Numbers(number, None),
            ">": Numbers(number + 1, None),
            "<=": Numbers(None, number),
            "<": Numbers(None, number - 1),
        }.get(found[1], Numbers(number, number))
    if (found := _RANGE.fullmatch(text)) and (found[1] or found[2]):
        low, high = (int(end) if end else None for end in found.groups())
        return Numbers(low, high)
    raise ValueError(f"{text!r} is no number: write 4, >=4 or 3..5")


def _is_above(number: int | None, highest: int | None) -> bool:
    return number is not None and highest is not None and number > highest


def _read_rating(text: str) -> Numbers:
    return read_numbers(text, 0, HIGHEST_RATING)


def _read_year(text: str) -> Numbers:
    return read_numbers(text, dates.EARLIEST_YEAR, dates.LATEST_YEAR)


def _read_faces(text: str) -> Numbers:
    return read_numbers(text, 0, MOST_FACES)


def read_limit(text: str) -> int:
    """How many results are wanted, at least one."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise ValueError(f"{text!r} is no count: write {EXAMPLES[Key.LIMIT]}")
    return int(text)


def _read_has(text: str) -> str:
    return _one_of(HAS, text)


def _read_stack(text: str) -> str:
    return _one_of(STACKS, text)


def _one_of(names: Sequence[str], text: str) -> str:
    name = text.casefold()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        raise ValueError(f"{text!r} is not known: " + (f"did you mean {near[0]}?" if near else "|".join(names)))
    return name


def read_near(text: str, radius: str, *, is_quoted: bool) -> Near:
    """A place by name or by coordinates, and how far from it.

    radius: `~20km`, "" where it was not given, or is still in `text` (which then was not quoted).
    """
    if not is_quoted:
        text, tilde, rest = text.partition("~")
        radius = tilde + rest
    if not text:
        raise ValueError("the place is missing: write " + EXAMPLES[Key.NEAR])
    return Near(_read_point(text) or text, _read_radius(radius) if radius else NEAR_DEFAULT_KM * METRES_PER_KM)


def _read_point(text: str) -> Point | None:
    found = _COORDINATES.fullmatch(text)
    if found is None:
        return None
    latitude, longitude = round(float(found[1]), 6), round(float(found[2]), 6)
    if abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004  degrees
        raise ValueError(f"{text} is nowhere: latitudes end at 90, longitudes at 180")
    return Point(latitude, longitude)


def _read_radius(text: str) -> int:
    found = _RADIUS.fullmatch(text)
    metres = 0 if found is None else round(float(found[1]) * _METRES[found[2]])
    if not 1 <= metres <= NEAR_MAX_M:
        raise ValueError(f"{text} is no distance: write ~20km, ~500m or ~12mi")
    return metres


READERS: Mapping[Key, Callable[[str], Value]] = {
    Key.PERSON: str,
    Key.YEAR: _read_year,
    Key.DATE: dates.read,
    Key.PLACE: str,
    Key.CAMERA: str,
    Key.LENS: str,
    Key.TYPE: str,
    Key.RATING: _read_rating,
    Key.TAG: str,
    Key.ALBUM: str,
    Key.FOLDER: str,
    Key.FACES: _read_faces,
    Key.HAS: _read_has,
    Key.STACK: _read_stack,
    Key.TEXT: str,
    Key.CAPTION: str,
    Key.LIKE: str,
    Key.NAME: str,
}
"""How the value of each filter is read; `near` and `limit` have more to say, see parse.py."""
