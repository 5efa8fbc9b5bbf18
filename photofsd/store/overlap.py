"""Which boxes mark the same: two detections of one face, a face and the region that a file marks around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

SAME_FACE: Final = 0.5
"""Two detectors that find one face agree on so much of it, at least."""

SAME_REGION: Final = 0.2
"""Programs and people draw frames around a whole head, or tightly around eyes and mouth."""


class Boxed(Protocol):
    """What has a place in an upright picture, in fractions of it."""

    @property
    def left(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


class Box(NamedTuple):
    """A place in an upright picture, in fractions of it."""

    left: float
    top: float
    width: float
    height: float


def box(of: Boxed) -> Box:
    """Where that is."""
    return Box(of.left, of.top, of.width, of.height)


def overlap(one: Boxed, other: Boxed) -> float:
    """Intersection over union, 0..1."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)


def pairs(ones: Sequence[Boxed], others: Sequence[Boxed], at_least: float = SAME_FACE) -> dict[int, int]:
    """Who of `ones` is who of `others`, by position: those that overlap most first, each once."""
    found = sorted(
        (-share, i, j)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
        if (share := overlap(one, other)) >= at_least
    )
    paired, taken = dict[int, int](), set[int]()
    for _, i, j in found:
        if i not in paired and j not in taken:
            paired[i] = j
            taken.add(j)
    return paired
