"""What a query is once it is understood: words and filters, and how they are joined.

`str()` writes any of it as one would type it, and `parse` reads that back as the same thing (unless it has become
longer than a query may be: `near:a` is written with its quotes and its distance). Build joined expressions
with `all_of`, `any_of` and `negation`: they keep to the one form that the parser gives, without nested ANDs or double
negations.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Iterable

_BARE = re.compile(r'[^\s()"]+')
_SIGNS = "-!"
"""A word may be made of these alone: behind another one it would be more of them."""
_DAY = dt.timedelta(days=1)
METRES_PER_KM = 1000


class Key(enum.StrEnum):
    """The filters."""

    PERSON = "person"
    YEAR = "year"
    DATE = "date"
    PLACE = "place"
    CAMERA = "camera"
    LENS = "lens"
    TYPE = "type"
    RATING = "rating"
    TAG = "tag"
    ALBUM = "album"
    FOLDER = "folder"
    FACES = "faces"
    HAS = "has"
    STACK = "stack"
    TEXT = "text"
    CAPTION = "caption"
    LIKE = "like"
    NEAR = "near"
    NAME = "name"
    LIMIT = "limit"


@dataclasses.dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers from `low` to `high`, both included; None = no end. One of them is given."""

    low: int | None
    high: int | None

    def __str__(self) -> str:
        if self.low == self.high:
            return str(self.low)
        if self.high is None:
            return f">={self.low}"
        return f"<={self.high}" if self.low is None else f"{self.low}..{self.high}"


@dataclasses.dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` to `last`, both included; None = no end."""

    first: dt.date | None
    last: dt.date | None

    def __str__(self) -> str:
        width = self._width()
        first, last = ("" if day is None else day.isoformat()[:width] for day in (self.first, self.last))
        return first if first == last else f"{first}..{last}"

    def _width(self) -> int:
        """Characters that say it: of 2024, 2024-06 or 2024-06-15."""
        edges = [day for day in (self.first, self.last and self.last + _DAY) if day is not None]
        if any(day.day != 1 for day in edges):
            return len("2024-06-15")
        return len("2024-06") if any(day.month != 1 for day in edges) else len("2024")


class Unit(enum.StrEnum):
    """What `last-30-days` counts."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclasses.dataclass(frozen=True, slots=True)
class Recent:
    """The last so many days, weeks, months or years, and today."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"last-{self.count}-{self.unit}s"


class Period(enum.StrEnum):
    """A stretch of the calendar that depends on what day it is."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this-week"
    LAST_WEEK = "last-week"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    THIS_YEAR = "this-year"
    LAST_YEAR = "last-year"


@dataclasses.dataclass(frozen=True, slots=True)
class DateWord:
    """A stretch of every year: "june", "summer", "christmas". Only what `dates.meaning_of` knows."""

    name: str

    def __str__(self) -> str:
        return _written(self.name)


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """Degrees, WGS 84, to six decimals (a tenth of a metre)."""

    latitude: float
    longitude: float

    def __str__(self) -> str:
        latitude, longitude = (f"{degrees:.6f}".rstrip("0").rstrip(".") for degrees in (self.latitude, self.longitude))
        return f"{latitude},{longitude}"


@dataclasses.dataclass(frozen=True, slots=True)
class Near:
    """Within `radius_m` metres of a point or of a place by that name."""

    centre: Point | str
    radius_m: int

    def __str__(self) -> str:
        km, metres = divmod(self.radius_m, METRES_PER_KM)
        radius = f"{self.radius_m}m" if metres else f"{km}km"
        centre = self.centre if isinstance(self.centre, Point) else quoted(self.centre)
        return f"{centre}~{radius}"


Dates = Days | Recent | Period | DateWord
Value = str | Numbers | Dates | Near


def quoted(text: str) -> str:
    """`text` between quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _written(text: str) -> str:
    return text if _BARE.fullmatch(text) else quoted(text)


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """A free word as typed: no space, quote or parenthesis in it, and no operator."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True, slots=True)
class Phrase:
    """Words between quotes: they stand next to each other."""

    text: str

    def __str__(self) -> str:
        return quoted(self.text)


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """A key and what it is asked for. The key says which of the types of `Value` that is; see values.py."""

    key: Key
    value: Value

    def __str__(self) -> str:
        is_name = isinstance(self.value, str) and not isinstance(self.value, Period)
        return f"{self.key}:{_written(str(self.value)) if is_name else self.value}"


@dataclasses.dataclass(frozen=True, slots=True)
class Not:
    """Everything but `part`."""

    part: Expression

    def __str__(self) -> str:
        is_apart = isinstance(self.part, And | Or) or (isinstance(self.part, Word) and self.part.text[0] in _SIGNS)
        return f"-({self.part})" if is_apart else f"-{self.part}"


@dataclasses.dataclass(frozen=True, slots=True)
class And:
    """What all of the parts are true of."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclasses.dataclass(frozen=True, slots=True)
class Or:
    """What any of the parts is true of."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Expression = Word | Phrase | Filter | Not | And | Or


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """A whole query. root: None = everything (only a limit was given). limit: None = the caller's."""

    root: Expression | None
    limit: int | None = None

    def __str__(self) -> str:
        parts = [] if self.root is None else [str(self.root)]
        if self.limit is not None:
            parts.append(f"{Key.LIMIT}:{self.limit}")
        return " ".join(parts)


def all_of(parts: Iterable[Expression]) -> Expression:
    """What all of the parts are true of. At least one part."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else [part])
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(parts: Iterable[Expression]) -> Expression:
    """What any of the parts is true of. At least one part."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Or) else [part])
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negation(part: Expression) -> Expression:
    """Everything but `part`."""
    return part.part if isinstance(part, Not) else Not(part)
