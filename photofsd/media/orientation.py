"""Turning and mirroring, counted as EXIF does: 1..8, what must be done to the stored pixels to see them upright."""

from __future__ import annotations

from typing import Final

UPRIGHT: Final = 1
ORIENTATIONS: Final = range(1, 9)

_CORNERS: Final = {
    1: (0, 1, 2, 3),
    2: (1, 0, 3, 2),
    3: (2, 3, 0, 1),
    4: (3, 2, 1, 0),
    5: (0, 3, 2, 1),
    6: (3, 0, 1, 2),
    7: (2, 1, 0, 3),
    8: (1, 2, 3, 0),
}
"""By orientation, which stored corner is seen at the upper left, upper right, lower right, lower left."""

_BY_CORNERS: Final = {corners: orientation for orientation, corners in _CORNERS.items()}
_TURNED_LEFT: Final = (1, 8, 3, 6)
_UNDONE: Final = {6: 8, 8: 6}
_QUARTER_TURNS: Final = range(5, 9)
_RIGHT_IS_LEFT: Final = (2, 3, 6, 7)
_BOTTOM_IS_TOP: Final = (3, 4, 7, 8)
"""Orientations that mirror an axis, after width and height have changed places."""


def then(orientation: int, following: int) -> int:
    """One orientation for two, done in that order."""
    before, step = _CORNERS[orientation], _CORNERS[following]
    return _BY_CORNERS[before[step[0]], before[step[1]], before[step[2]], before[step[3]]]


def turned_left(quarters: int) -> int:
    """The orientation that is a turn to the left by so many quarters, 0..3."""
    return _TURNED_LEFT[quarters]


def undone(orientation: int) -> int:
    """The orientation that takes another one back: a quarter turn is undone by the other one, the rest by itself."""
    return _UNDONE.get(orientation, orientation)


def is_quarter_turn(orientation: int) -> bool:
    """Claim: what is stored as width is seen as height."""
    return orientation in _QUARTER_TURNS


def seen_at(orientation: int, x: float, y: float) -> tuple[float, float]:
    """Where a point is seen; x and y are fractions of width and height, as stored and as seen."""
    if is_quarter_turn(orientation):
        x, y = y, x
    return (1.0 - x if orientation in _RIGHT_IS_LEFT else x), (1.0 - y if orientation in _BOTTOM_IS_TOP else y)
