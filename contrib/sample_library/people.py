"""People: a family that one meets again and again."""

from __future__ import annotations

import dataclasses
import math
import random

from contrib.sample_library.canvas import Canvas, Point
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary

CLOTHES = tuple(map(rgb, ("c0392b", "2c5aa0", "2e7d5b", "d9a21b", "6b3f87", "30343b", "e7e1d5", "d0658b", "3a9aa8")))


@dataclasses.dataclass(frozen=True)
class Person:
    """How somebody looks; the same in every picture. `tall` is 1 for a grown-up."""

    name: str
    skin: Colour
    hair: Colour
    is_long_haired: bool = False
    tall: float = 1.0
    has_glasses: bool = False
    has_beard: bool = False


FAMILY = (
    Person("Anna", rgb("f0c8a8"), rgb("7a4a26"), is_long_haired=True),
    Person("Ben", rgb("e3b18c"), rgb("2e2420"), has_beard=True),
    Person("Grandma Inge", rgb("efcdb5"), rgb("d9d6d2"), tall=0.92, has_glasses=True),
    Person("Mia", rgb("f2cfae"), rgb("d8a24a"), is_long_haired=True, tall=0.66),
    Person("Noah", rgb("c98f68"), rgb("241a16"), tall=0.58),
    Person("Aisha", rgb("8f5a3c"), rgb("1d1512"), is_long_haired=True),
    Person("Kenji", rgb("e6bd92"), rgb("1a1818"), has_glasses=True),
)


def standing(canvas: Canvas, person: Person, x: float, foot: float, *, height: float, clothes: Colour) -> None:
    """Paint somebody from head to foot, facing us; `height` is that of a grown-up."""
    rng = canvas.rng
    tall = height * person.tall
    head = tall * (0.075 if person.tall > 0.8 else 0.1)
    shoulder, hip = foot - tall * 0.8, foot - tall * 0.45
    trousers = shade(vary(rng, rng.choice(CLOTHES), 10), 0.6)
    for side in (-1, 1):
        canvas.line([(x + side * tall * 0.05, hip), (x + side * tall * 0.065, foot)], trousers, tall * 0.085)
        canvas.ellipse(x + side * tall * 0.08, foot, tall * 0.05, tall * 0.02, shade(BLACK, 1.1))
    swing = rng.uniform(0.02, 0.14)
    for side in (-1, 1):
        hand = (x + side * tall * (0.13 + swing), shoulder + tall * 0.34)
        elbow = (x + side * tall * 0.15, shoulder + tall * 0.18)
        canvas.line([(x + side * tall * 0.1, shoulder + tall * 0.03), elbow, hand], shade(clothes, 0.85), tall * 0.06)
        canvas.circle(*hand, tall * 0.03, person.skin)
    torso = [(-0.12, 0), (0.12, 0), (0.095, 0.38), (-0.095, 0.38)]
    canvas.polygon(
        [(x + dx * tall, shoulder + dy * tall) for dx, dy in torso], shade(clothes, 1.1), shade(clothes, 0.85)
    )
    canvas.ellipse(x, shoulder, tall * 0.12, tall * 0.035, shade(clothes, 1.1))
    canvas.box(x - head * 0.35, shoulder - head * 0.8, x + head * 0.35, shoulder + head * 0.2, shade(person.skin, 0.88))
    face(canvas, person, x, shoulder - head * 1.45, head)


def face(canvas: Canvas, person: Person, x: float, y: float, radius: float) -> None:
    """Paint a head around (x, y), about `radius` wide each way."""
    if person.is_long_haired:
        for side in (-1, 1):
            lock = [(0.2, -0.9), (1.12, -0.3), (1.1, 1.1), (0.95, 1.75), (0.6, 1.45), (0.5, 0.3)]
            outline = [(x + side * dx * radius, y + dy * radius) for dx, dy in lock]
            canvas.polygon(outline, shade(person.hair, 0.95), shade(person.hair, 0.7))
    canvas.circle(x, y - radius * 0.25, radius * 1.08, person.hair)
    for side in (-1, 1):
        canvas.ellipse(
            x + side * radius * 0.92, y + radius * 0.15, radius * 0.16, radius * 0.24, shade(person.skin, 0.85)
        )
    canvas.ellipse(x, y + radius * 0.12, radius * 0.9, radius * 1.08, person.skin, shade(person.skin, 0.9))
    if person.has_beard:
        _beard(canvas, person, x, y, radius)
    _fringe(canvas, person, x, y, radius)
    for side in (-1, 1):
        _eye(canvas, person, x + side * radius * 0.36, y + radius * 0.06, radius)
        canvas.ellipse(
            x + side * radius * 0.5,
            y + radius * 0.5,
            radius * 0.17,
            radius * 0.12,
            mix(person.skin, rgb("e0705f"), 0.22),
        )
    canvas.line(
        [(x, y + radius * 0.1), (x + radius * 0.09, y + radius * 0.42), (x, y + radius * 0.45)],
        shade(person.skin, 0.72),
        radius * 0.06,
    )
    canvas.arc(
        x, y + radius * 0.5, radius * 0.34, radius * 0.26, start=20, end=160, colour=rgb("a4423c"), width=radius * 0.1
    )


def _beard(canvas: Canvas, person: Person, x: float, y: float, radius: float) -> None:
    canvas.ellipse(x, y + radius * 0.72, radius * 0.78, radius * 0.58, person.hair)
    canvas.ellipse(x, y + radius * 0.3, radius * 0.74, radius * 0.42, person.skin)


def _fringe(canvas: Canvas, person: Person, x: float, y: float, radius: float) -> None:
    outline: list[Point] = [
        (x + radius * 0.98 * math.cos(turn), y + radius * 1.12 * math.sin(turn) + radius * 0.02)
        for turn in (math.pi + math.pi * step / 12 for step in range(13))
    ]
    parting = radius * (0.3 if person.is_long_haired else -0.25)
    canvas.polygon(
        [
            *outline,
            (x + radius * 0.6, y - radius * 0.42),
            (x + parting, y - radius * 0.66),
            (x - radius * 0.62, y - radius * 0.36),
        ],
        shade(person.hair, 1.06),
    )


def _eye(canvas: Canvas, person: Person, x: float, y: float, radius: float) -> None:
    canvas.ellipse(x, y, radius * 0.17, radius * 0.11, WHITE)
    canvas.circle(x, y, radius * 0.09, rgb("3b2a20"))
    canvas.circle(x + radius * 0.03, y - radius * 0.03, radius * 0.03, WHITE)
    canvas.line(
        [(x - radius * 0.2, y - radius * 0.2), (x + radius * 0.18, y - radius * 0.23)],
        shade(person.hair, 0.7),
        radius * 0.07,
    )
    if person.has_glasses:
        canvas.arc(x, y, radius * 0.27, radius * 0.24, start=0, end=360, colour=rgb("3a3330"), width=radius * 0.06)


def bust(canvas: Canvas, person: Person, x: float, y: float, radius: float, *, clothes: Colour) -> None:
    """Paint a portrait: shoulders, neck and head, the head around (x, y)."""
    low = y + radius * 1.75
    canvas.ellipse(x, low + radius * 1.5, radius * 2.1, radius * 1.75, shade(clothes, 1.12), shade(clothes, 0.7))
    canvas.box(x - radius * 2.1, low + radius * 1.5, x + radius * 2.1, 105, shade(clothes, 0.86), shade(clothes, 0.6))
    canvas.box(
        x - radius * 0.38,
        y + radius * 0.8,
        x + radius * 0.38,
        low + radius * 0.15,
        shade(person.skin, 0.8),
        radius=radius * 0.2,
    )
    canvas.polygon(
        [(x - radius * 0.6, low - radius * 0.1), (x + radius * 0.6, low - radius * 0.1), (x, low + radius * 0.75)],
        shade(person.skin, 0.9),
    )
    face(canvas, person, x, y, radius)


def somebody(rng: random.Random) -> tuple[Person, Colour]:
    """One of the family, and what they wear today."""
    return rng.choice(FAMILY), vary(rng, rng.choice(CLOTHES), 12)
