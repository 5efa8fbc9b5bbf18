"""The sea and what floats on it: beaches, boats, harbours, a lighthouse."""

from __future__ import annotations

import math

from contrib.sample_library.animals import gull
from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.people import somebody, standing
from contrib.sample_library.plants import palm
from contrib.sample_library.rocks import boulder
from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import (
    DAY,
    DUSK,
    MORNING,
    OVERCAST,
    SUNSET,
    Light,
    foam,
    paint_sky,
    paint_sun,
    paint_water,
)

HULLS = tuple(map(rgb, ("c8402f", "2f5f9e", "f0ece0", "2c7a63", "e0b03a", "34404f")))


def beach_sunset(canvas: Canvas) -> None:
    """The sun low over the sea, its path on the water, wet sand in front."""
    rng = canvas.rng
    horizon = rng.uniform(46, 56)
    sun = canvas.width * rng.uniform(0.25, 0.75)
    paint_sky(canvas, SUNSET, horizon)
    paint_sun(canvas, SUNSET, sun, horizon - rng.uniform(3, 12), rng.uniform(3.5, 6))
    shore = rng.uniform(74, 82)
    paint_water(canvas, SUNSET, horizon, shore + 3, shine_x=sun)
    canvas.ridge(shore + 3, 4, rgb("8a5a4a"), rgb("4d3238"), roughness=0.2)
    foam(canvas, shore + 1.5)
    canvas.mottle(shore + 3, 100, 0.25, cell=(1.2, 0.6))
    if rng.random() < 0.45:
        palm(canvas, canvas.width * rng.choice((0.12, 0.88)), 97, rng.uniform(55, 75), rgb("1c1a20"))
    if rng.random() < 0.4:
        x = canvas.width * rng.uniform(0.3, 0.7)
        for offset in (0, 7):
            person, _ = somebody(rng)
            dark = person.__class__(person.name, rgb("20161c"), rgb("140e14"), tall=person.tall)
            standing(canvas, dark, x + offset, 92, height=24, clothes=rgb("1b141b"))
    for _ in range(rng.randint(2, 6)):
        gull(canvas, rng.uniform(5, canvas.width), rng.uniform(8, 32), rng.uniform(2.5, 6), rgb("3b2440"))


def beach_day(canvas: Canvas) -> None:
    """A bathing beach: parasols, towels, people, blue water."""
    rng = canvas.rng
    paint_sky(canvas, DAY, 38)
    paint_water(canvas, DAY, 37, 64)
    for _ in range(rng.randint(0, 2)):
        _sailing_boat(canvas, rng.uniform(10, canvas.width - 10), 39, rng.uniform(6, 10))
    sand = vary(rng, rgb("ecd3a0"), 8)
    canvas.ridge(64, 4, sand, shade(sand, 0.86), roughness=0.2)
    foam(canvas, 62.5)
    canvas.mottle(64, 100, 0.18, cell=(0.8, 0.5))
    for foot in sorted(rng.uniform(70, 99) for _ in range(rng.randint(4, 8))):
        x, size = rng.uniform(4, canvas.width - 4), (foot - 52) * 0.5
        if rng.random() < 0.6:
            _parasol(canvas, x, foot, size)
        else:
            person, clothes = somebody(rng)
            standing(canvas, person, x, foot, height=size * 1.25, clothes=clothes)


def _parasol(canvas: Canvas, x: float, foot: float, size: float) -> None:
    rng = canvas.rng
    first, second = vary(rng, rng.choice(HULLS), 10), WHITE
    canvas.ellipse(x + size * 0.5, foot, size * 0.75, size * 0.12, rgb("c4a878"))
    canvas.polygon(
        [
            (x + size * 0.1, foot + size * 0.16),
            (x + size * 1.1, foot + size * 0.1),
            (x + size * 1.2, foot - size * 0.04),
            (x + size * 0.25, foot),
        ],
        vary(rng, rng.choice(HULLS), 12),
    )
    canvas.line([(x, foot), (x + size * 0.06, foot - size * 1.3)], rgb("e8e2d4"), size * 0.05)
    top = (x + size * 0.07, foot - size * 1.45)
    rim = [
        (
            x + size * (0.06 + 0.9 * math.cos(math.pi * (1 - step / 8))),
            foot - size * (0.85 + 0.16 * math.sin(math.pi * step / 8)),
        )
        for step in range(9)
    ]
    for step in range(8):
        tone = first if step % 2 == 0 else second
        canvas.polygon([top, rim[step], rim[step + 1]], shade(tone, 1.05), shade(tone, 0.75 + 0.03 * step))


def _sailing_boat(canvas: Canvas, x: float, foot: float, size: float, *, sail: Colour = WHITE) -> None:
    rng = canvas.rng
    hull = vary(rng, rng.choice(HULLS), 8)
    canvas.line([(x, foot - size * 0.1), (x, foot - size * 1.9)], rgb("6b5a48"), size * 0.05)
    canvas.polygon(
        [
            (x + size * 0.06, foot - size * 1.85),
            (x + size * 0.06, foot - size * 0.28),
            (x + size * 0.85, foot - size * 0.28),
        ],
        sail,
        shade(sail, 0.82),
    )
    canvas.polygon(
        [
            (x - size * 0.06, foot - size * 1.6),
            (x - size * 0.06, foot - size * 0.28),
            (x - size * 0.6, foot - size * 0.28),
        ],
        shade(sail, 0.92),
        shade(sail, 0.74),
    )
    canvas.polygon(
        [
            (x - size * 0.75, foot - size * 0.2),
            (x + size * 0.95, foot - size * 0.2),
            (x + size * 0.65, foot + size * 0.12),
            (x - size * 0.55, foot + size * 0.12),
        ],
        hull,
        shade(hull, 0.6),
    )
    canvas.line(
        [(x - size * 0.73, foot - size * 0.17), (x + size * 0.92, foot - size * 0.17)], shade(hull, 1.4), size * 0.04
    )


def sailing(canvas: Canvas) -> None:
    """Sailing boats on open water."""
    rng = canvas.rng
    light = rng.choice((DAY, DAY, SUNSET, MORNING))
    horizon = rng.uniform(44, 54)
    paint_sky(canvas, light, horizon)
    if light is not DAY:
        paint_sun(canvas, light, canvas.width * 0.8, horizon - 9, 4)
    canvas.ridge(horizon + 2, 8, mix(rgb("52708a"), light.sky[-1], 0.45))
    paint_water(canvas, light, horizon)
    sail = mix(WHITE, light.sky[-1], 0.25)
    for foot in sorted(horizon + 4 + 38 * rng.random() ** 1.7 for _ in range(rng.randint(1, 5))):
        size = 4 + (foot - horizon) * 0.62
        x = rng.uniform(size, canvas.width - size)
        canvas.ellipse(x, foot + size * 0.35, size * 0.8, size * 0.25, mix(light.water[1], sail, 0.3))
        _sailing_boat(canvas, x, foot, size, sail=sail)


def harbour(canvas: Canvas) -> None:
    """Fishing boats at a quay, a row of painted houses behind them."""
    rng = canvas.rng
    light = rng.choice((DAY, OVERCAST, DUSK))
    paint_sky(canvas, light, 50)
    x = -3.0
    while x < canvas.width:
        wide, tall = rng.uniform(9, 15), rng.uniform(20, 34)
        _town_house(canvas, x, 56, wide, tall=tall, light=light)
        x += wide
    canvas.box(-1, 55, canvas.width + 1, 61, shade(rgb("9a9388"), light.dim), shade(rgb("6b655d"), light.dim))
    paint_water(canvas, light, 61)
    for x in spread(rng, 4, canvas.width - 4, 4):
        _fishing_boat(canvas, x, rng.uniform(72, 90), rng.uniform(10, 17), light=light)


def _town_house(canvas: Canvas, x: float, foot: float, wide: float, *, tall: float, light: Light) -> None:
    rng = canvas.rng
    wall = shade(
        vary(
            rng,
            rng.choice((rgb("d9694f"), rgb("e8c35a"), rgb("7fa7b8"), rgb("e9dcc3"), rgb("8fae7d"), rgb("c98a9a"))),
            8,
        ),
        light.dim + 0.1,
    )
    canvas.polygon(
        [(x, foot - tall), (x + wide / 2, foot - tall - wide * 0.5), (x + wide, foot - tall)],
        shade(rgb("8a4634"), light.dim + 0.1),
    )
    canvas.box(x, foot - tall, x + wide - 0.3, foot, wall, shade(wall, 0.85))
    for row in range(int(tall // 8)):
        for column in range(2):
            at_x, at_y = x + wide * (0.22 + 0.42 * column), foot - tall + 3 + row * 8
            glass = rgb("ffdf8a") if light is DUSK and rng.random() < 0.6 else shade(rgb("4a5d70"), 0.9)
            canvas.box(at_x - 0.4, at_y - 0.4, at_x + wide * 0.2 + 0.4, at_y + 4.4, shade(WHITE, light.dim))
            canvas.box(at_x, at_y, at_x + wide * 0.2, at_y + 4, glass)


def _fishing_boat(canvas: Canvas, x: float, foot: float, size: float, *, light: Light) -> None:
    rng = canvas.rng
    hull = shade(vary(rng, rng.choice(HULLS), 8), light.dim + 0.15)
    cabin = shade(WHITE, light.dim)
    canvas.ellipse(x, foot + size * 0.16, size * 1.1, size * 0.16, shade(light.water[1], 0.6))
    canvas.box(x - size * 0.5, foot - size * 0.75, x + size * 0.12, foot - size * 0.25, cabin, shade(cabin, 0.85))
    canvas.box(x - size * 0.4, foot - size * 0.66, x + size * 0.02, foot - size * 0.45, rgb("3d5266"))
    canvas.line([(x + size * 0.3, foot - size * 0.3), (x + size * 0.3, foot - size * 1.4)], rgb("5a4a3c"), size * 0.05)
    canvas.line([(x + size * 0.3, foot - size * 1.35), (x + size * 1.1, foot - size * 0.38)], BLACK, size * 0.02)
    sheer = [
        (x - size * 1.05, foot - size * 0.32),
        (x, foot - size * 0.22),
        (x + size * 1.15, foot - size * 0.45),
        (x + size * 0.8, foot + size * 0.15),
        (x - size * 0.85, foot + size * 0.15),
    ]
    canvas.polygon(sheer, hull, shade(hull, 0.65))
    canvas.line(sheer[:3], shade(hull, 1.5), size * 0.06)


def lighthouse(canvas: Canvas) -> None:
    """A lighthouse with red bands on a rock above the surf."""
    rng = canvas.rng
    light = rng.choice((DAY, OVERCAST, DUSK, SUNSET))
    paint_sky(canvas, light, 62)
    paint_water(canvas, light, 60)
    x = canvas.width * rng.uniform(0.55, 0.75)
    rock = shade(rgb("6f665c"), light.dim + 0.1)
    canvas.polygon(
        [
            (x - 34, 92),
            (x - 22, 79),
            (x - 12, 75),
            (x + 14, 73),
            (x + 26, 80),
            (x + 50, 90),
            (x + 50, 102),
            (x - 40, 102),
        ],
        rock,
        shade(rock, 0.55),
    )
    for step in range(46):
        y = 79 + 22 * step / 46
        boulder(
            canvas,
            x + rng.uniform(-1, 1) * (12 + (y - 78) * 1.7),
            y,
            rng.uniform(3, 7),
            shade(rock, rng.uniform(0.7, 1)),
        )
    bands, top, foot = 5, 26, 75
    for band in range(bands):
        high, low = (top + (foot - top) * (band + part) / bands for part in (0, 1))
        half_high, half_low = (4 + 2.6 * (band + part) / bands for part in (0, 1))
        tone = shade(rgb("c8372d") if band % 2 == 0 else WHITE, light.dim + 0.15)
        canvas.polygon([(x - half_high, high), (x, high), (x, low), (x - half_low, low)], tone)
        canvas.polygon([(x, high), (x + half_high, high), (x + half_low, low), (x, low)], shade(tone, 0.82))
    canvas.box(x - 5.4, 24.5, x + 5.4, 26.4, rgb("3a3a40"))
    canvas.box(x - 3, 17, x + 3, 24.6, rgb("ffe9a0") if light.dim < 0.7 else rgb("bcd3dd"))
    canvas.polygon([(x - 3.8, 17.2), (x, 12), (x + 3.8, 17.2)], shade(rgb("a82c26"), light.dim + 0.1))
    if light.dim < 0.7:
        canvas.glow(x, 21, 30, rgb("fff0b0"), 0.8)
    for surf in spread(rng, x - 45, canvas.width, 9):
        canvas.glow(surf, rng.uniform(92, 99), rng.uniform(4, 9), WHITE, 0.5)
    for _ in range(rng.randint(2, 6)):
        gull(
            canvas,
            rng.uniform(5, canvas.width * 0.6),
            rng.uniform(10, 45),
            rng.uniform(3, 7),
            mix(BLACK, light.sky[-1], 0.2),
        )


SCENES = (
    Scene(
        "beach at sunset", ("beach", "sunset", "sea"), ("a beach at sunset", "the sun sets over the sea"), beach_sunset
    ),
    Scene(
        "beach",
        ("beach", "summer", "sea", "parasol"),
        ("a beach with parasols and people", "a sunny day at the beach"),
        beach_day,
    ),
    Scene(
        "sailing boats", ("boat", "sailing", "sea"), ("sailing boats on the water", "a boat with white sails"), sailing
    ),
    Scene(
        "harbour",
        ("harbour", "boats", "town"),
        ("fishing boats in a harbour", "colourful houses behind boats"),
        harbour,
    ),
    Scene(
        "lighthouse",
        ("lighthouse", "coast", "sea"),
        ("a red and white lighthouse on a rock", "a lighthouse by the sea"),
        lighthouse,
    ),
)
