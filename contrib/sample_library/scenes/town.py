"""Towns and what is seen on the way: streets, skylines, towers, balloons, trains."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.people import somebody, standing
from contrib.sample_library.plants import GREENS, broad_tree, grass
from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import (
    DAY,
    DUSK,
    MORNING,
    NIGHT,
    OVERCAST,
    SUNSET,
    Light,
    paint_sky,
    paint_stars,
    paint_sun,
    paint_water,
)

PAINTS = tuple(map(rgb, ("c23b2e", "2d62a8", "e3b62f", "f0ede4", "3c7f5c", "2f3338", "8fb7cf")))
LAMP = rgb("ffd98a")


def city_night(canvas: Canvas) -> None:
    """A skyline at night, lit windows that glimmer in a river."""
    rng = canvas.rng
    light = rng.choice((NIGHT, NIGHT, DUSK))
    shore = rng.uniform(68, 76)
    paint_sky(canvas, light, shore, cover=0)
    if light is NIGHT:
        paint_stars(canvas, 35, 50)
        if rng.random() < 0.5:
            paint_sun(canvas, light, rng.uniform(15, canvas.width - 15), 14, 3.5)
    canvas.glow(canvas.width / 2, shore, 70, rgb("d98a4a"), 0.3)
    for layer in range(2):
        x = -2.0
        while x < canvas.width:
            wide = rng.uniform(6, 13)
            tall = rng.uniform(18, 50) * (1 if layer == 0 else 0.72)
            _tower_block(
                canvas,
                x,
                shore + 0.3,
                wide - 0.6,
                tall=tall,
                colour=mix(rgb("141a30"), light.sky[-1], 0.3 - 0.25 * layer),
            )
            x += wide
    paint_water(canvas, light, shore)
    for _ in range(230):
        x, depth = rng.uniform(0, canvas.width), rng.random() ** 1.5
        y = shore + 0.5 + (99 - shore) * depth
        tone = mix(light.water[1], rng.choice((LAMP, rgb("ff9a5a"), rgb("9ad0ff"))), 0.7 * (1 - depth * 0.7))
        canvas.line([(x, y), (x + rng.uniform(0.5, 3), y)], tone, 0.3)


def _tower_block(canvas: Canvas, x: float, foot: float, wide: float, *, tall: float, colour: Colour) -> None:
    rng = canvas.rng
    canvas.box(x, foot - tall, x + wide, foot, shade(colour, 1.05), colour)
    if rng.random() < 0.3:
        canvas.line([(x + wide / 2, foot - tall), (x + wide / 2, foot - tall - 7)], colour, 0.4)
        canvas.circle(x + wide / 2, foot - tall - 7, 0.5, rgb("ff5a4a"))
    tint = mix(LAMP, rng.choice((rgb("ffb45a"), rgb("cfe6ff"))), rng.uniform(0, 0.7))
    columns = max(2, int(wide / 1.7))
    for row in range(int(tall / 2.4)):
        for column in range(columns):
            if rng.random() < 0.5:
                at_x, at_y = x + wide * (column + 0.25) / columns, foot - tall + 1.2 + row * 2.4
                canvas.box(at_x, at_y, at_x + 0.75, at_y + 1.1, shade(vary(rng, tint, 12), rng.uniform(0.55, 1)))


def street(canvas: Canvas) -> None:
    """A street between tall old houses, people on the pavement, a car."""
    rng = canvas.rng
    light = rng.choice((DAY, MORNING, OVERCAST))
    middle = canvas.width * rng.uniform(0.42, 0.58)
    paint_sky(canvas, light, 66)
    canvas.ridge(60, 6, mix(rgb("8a8378"), light.sky[-1], 0.5))
    canvas.polygon(
        [(middle - 3, 60), (middle + 3, 60), (canvas.width + 20, 101), (-20, 101)], rgb("a39c92"), rgb("6f6a66")
    )
    canvas.mottle(62, 100, 0.25, cell=(1.6, 0.8))
    for side in (-1, 1):
        _row_of_houses(canvas, middle, side, light=light)
    for depth in sorted(rng.uniform(0.12, 0.8) for _ in range(rng.randint(3, 7))):
        person, clothes = somebody(rng)
        reach = 5 + 48 * depth
        x = middle + rng.choice((-1, 1)) * reach * rng.uniform(0.45, 0.85)
        standing(canvas, person, x, 62 + 36 * depth, height=5 + 30 * depth, clothes=clothes)
    if rng.random() < 0.5:
        _car(canvas, middle + rng.uniform(-6, 6), 84, rng.uniform(18, 24), colour=vary(rng, rng.choice(PAINTS), 8))


def _row_of_houses(canvas: Canvas, middle: float, side: int, *, light: Light) -> None:
    """Houses along one side of a street that runs to the vanishing point (middle, 60)."""
    rng = canvas.rng
    edges = [1.0, 0.62, 0.39, 0.24, 0.14, 0.07]
    reach = (canvas.width - middle if side > 0 else middle) * 1.02
    walls = tuple(map(rgb, ("e6d3ad", "d9a27c", "c9bfae", "b8846a", "d8c27e", "a9b3b0")))
    for far, near in zip(edges[1:], edges, strict=False):
        x0, x1 = middle + side * reach * far, middle + side * reach * near
        wall = shade(mix(vary(rng, rng.choice(walls), 8), light.sky[-1], 0.3 * (1 - near)), 0.92 if side > 0 else 0.8)
        tall = rng.uniform(52, 64)
        corners = [(x0, 60 - tall * far), (x1, 60 - tall * near), (x1, 60 + 42 * near), (x0, 60 + 42 * far)]
        canvas.polygon(corners, wall, shade(wall, 0.85))
        for row in (0.78, 0.5, 0.22):
            for column in (0.2, 0.5, 0.8):
                share = far + (near - far) * column
                half = abs(x1 - x0) * 0.07
                x, y = middle + side * reach * share, 60 - tall * share * row
                canvas.box(x - half * 1.3, y - share * 7.6, x + half * 1.3, y + share * 7.6, shade(wall, 1.15))
                canvas.box(x - half, y - share * 7, x + half, y + share * 7, rgb("39485a"), rgb("6f8296"))
        canvas.box(x0, 60 + 40 * far, x0, 60 + 40 * far, wall)


def _car(canvas: Canvas, x: float, foot: float, size: float, *, colour: Colour) -> None:
    """A car in profile, `size` units long."""
    s = size / 2
    canvas.ellipse(x, foot, s * 1.1, s * 0.1, rgb("35332f"))
    canvas.polygon(
        [
            (x - s * 0.62, foot - s * 0.42),
            (x - s * 0.36, foot - s * 0.82),
            (x + s * 0.3, foot - s * 0.82),
            (x + s * 0.62, foot - s * 0.42),
        ],
        shade(colour, 1.1),
        colour,
    )
    canvas.polygon(
        [
            (x - s * 0.5, foot - s * 0.44),
            (x - s * 0.31, foot - s * 0.75),
            (x - s * 0.03, foot - s * 0.75),
            (x - s * 0.03, foot - s * 0.44),
        ],
        rgb("b9d3e0"),
        rgb("6f8ea2"),
    )
    canvas.polygon(
        [
            (x + s * 0.04, foot - s * 0.44),
            (x + s * 0.04, foot - s * 0.75),
            (x + s * 0.27, foot - s * 0.75),
            (x + s * 0.48, foot - s * 0.44),
        ],
        rgb("b9d3e0"),
        rgb("6f8ea2"),
    )
    canvas.box(x - s, foot - s * 0.48, x + s, foot - s * 0.12, shade(colour, 1.12), shade(colour, 0.7), radius=s * 0.13)
    canvas.box(x + s * 0.88, foot - s * 0.4, x + s * 0.99, foot - s * 0.28, rgb("fff3c4"), radius=s * 0.03)
    canvas.box(x - s * 0.99, foot - s * 0.4, x - s * 0.9, foot - s * 0.28, rgb("b3241e"), radius=s * 0.03)
    for at in (-0.58, 0.58):
        canvas.circle(x + at * s, foot - s * 0.13, s * 0.22, BLACK)
        canvas.circle(x + at * s, foot - s * 0.13, s * 0.11, rgb("b5b8bb"))


def car(canvas: Canvas) -> None:
    """A car on a country road."""
    rng = canvas.rng
    light = rng.choice((DAY, SUNSET, OVERCAST))
    paint_sky(canvas, light, 60)
    canvas.ridge(56, 14, shade(mix(rgb("6c8f62"), light.sky[-1], 0.4), light.dim + 0.2))
    canvas.wash([shade(rgb("86a355"), light.dim), shade(rgb("5c7d38"), light.dim)], 58, 100)
    for x in spread(rng, 0, canvas.width, 6):
        broad_tree(canvas, x, 62, rng.uniform(12, 24), shade(rng.choice(GREENS), light.dim))
    canvas.polygon(
        [(-2, 70), (canvas.width + 2, 70), (canvas.width + 2, 90), (-2, 90)],
        shade(rgb("6d6c6e"), light.dim + 0.15),
        shade(rgb("4d4c4f"), light.dim + 0.15),
    )
    for dash in range(round(rng.uniform(-12, 0)), round(canvas.width) + 8, 16):
        canvas.box(dash, 87, dash + 9, 88, shade(rgb("ece6d2"), light.dim + 0.2))
    grass(canvas, 91, 102, shade(rgb("5c7d38"), light.dim), 220)
    _car(
        canvas, canvas.width * rng.uniform(0.35, 0.65), 84, rng.uniform(46, 62), colour=vary(rng, rng.choice(PAINTS), 8)
    )


def iron_tower(canvas: Canvas) -> None:
    """A tall tower of iron lattice over a park, as in Paris."""
    rng = canvas.rng
    light = rng.choice((DAY, SUNSET, DUSK, OVERCAST))
    paint_sky(canvas, light, 92)
    x = canvas.width * rng.uniform(0.4, 0.6)
    canvas.ridge(88, 7, shade(mix(rgb("8b94a0"), light.sky[-1], 0.5), 1.0), roughness=0.9)
    iron = shade(rgb("6b5544"), light.dim + 0.15)

    def half(y: float) -> float:
        share = (y - 8) / 82
        return 0.35 + 20 * float(share**2.3)

    for side in (-1, 1):
        outer = [(x + side * half(y), y) for y in range(8, 91, 3)]
        inner = [(x + side * max(0.0, half(y) - 1.2 - 6 * ((y - 8) / 82) ** 2), y) for y in range(90, 7, -3)]
        canvas.polygon([*outer, *inner], iron)
    for y in range(14, 88, 3):
        canvas.line([(x - half(y), y), (x + half(y + 3), y + 3)], iron, 0.3)
        canvas.line([(x + half(y), y), (x - half(y + 3), y + 3)], iron, 0.3)
    canvas.line([(x, 9), (x, 3)], iron, 0.4)
    for y, extra in ((38, 1.4), (63, 2.2)):
        canvas.box(x - half(y) - extra, y - 1, x + half(y) + extra, y + 1.2, shade(iron, 0.9))
    canvas.ellipse(x, 91, 13, 15, mix(light.sky[-1], light.sky[-2], 0.2))
    canvas.arc(x, 91, 13, 15, start=180, end=360, colour=iron, width=1)
    if light.dim < 0.6:
        for _ in range(70):
            at = rng.uniform(10, 88)
            canvas.circle(x + rng.uniform(-1, 1) * half(at), at, 0.32, rgb("ffe6a0"))
    canvas.wash([shade(rgb("6f9450"), light.dim + 0.1), shade(rgb("3f6130"), light.dim + 0.1)], 90, 100)
    for at in (*spread(rng, 0, x - 24, 4), *spread(rng, x + 24, canvas.width, 4)):
        broad_tree(canvas, at, 94, rng.uniform(12, 22), shade(rng.choice(GREENS), light.dim + 0.1))


def torii(canvas: Canvas) -> None:
    """A red gate in the water before misty mountains, as in Japan."""
    rng = canvas.rng
    light = rng.choice((MORNING, DUSK, DAY))
    paint_sky(canvas, light, 62)
    for layer in range(3):
        canvas.ridge(
            52 + layer * 5, 22 - 4 * layer, mix(rgb("3f5a6a"), light.sky[-1], 0.72 - 0.2 * layer), roughness=0.55
        )
        canvas.haze(light.sky[-1], 44 + layer * 5, 60 + layer * 4, 0.5)
    paint_water(canvas, light, 60)
    x, foot, size = canvas.width * rng.uniform(0.4, 0.6), 80, rng.uniform(30, 40)
    red = shade(rgb("cf3f26"), 0.35 + 0.65 * light.dim)
    for step in range(26):
        y = foot + step * 0.75
        canvas.line(
            [(x - size * 0.42 + rng.uniform(-2, 2), y), (x + size * 0.42 + rng.uniform(-2, 2), y)],
            mix(red, light.water[1], 0.45 + step * 0.02),
            0.3,
        )
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * size * 0.36 - 1.3, foot - size * 0.98),
                (x + side * size * 0.36 + 1.3, foot - size * 0.98),
                (x + side * size * 0.41 + 1.6, foot),
                (x + side * size * 0.41 - 1.6, foot),
            ],
            red,
            shade(red, 0.7),
        )
    canvas.box(x - size * 0.5, foot - size * 0.78, x + size * 0.5, foot - size * 0.71, shade(red, 0.85))
    canvas.box(x - size * 0.05, foot - size * 0.98, x + size * 0.05, foot - size * 0.72, shade(red, 0.75))
    roof = [(x + size * 0.66 * step / 6, foot - size * (1.06 + 0.07 * (step / 6) ** 2)) for step in range(-6, 7)]
    canvas.polygon(
        [*roof, (x + size * 0.58, foot - size * 0.97), (x - size * 0.58, foot - size * 0.97)],
        shade(red, 1.05),
        shade(red, 0.75),
    )
    canvas.line(roof, rgb("2a2625"), 1.4)
    for corner in (0.0, canvas.width):
        _cherry_branch(canvas, corner)


def _cherry_branch(canvas: Canvas, corner: float) -> None:
    rng = canvas.rng
    inward = 1 if corner == 0 else -1
    reach = rng.uniform(18, 42)
    canvas.line([(corner, 6), (corner + inward * reach * 0.5, 11), (corner + inward * reach, 9)], rgb("4a342c"), 1.0)
    for _ in range(150):
        along = rng.random()
        x, y = corner + inward * reach * along + rng.gauss(0, 3), 8 + rng.gauss(0, 4.5)
        canvas.circle(x, y, rng.uniform(0.5, 1.3), vary(rng, mix(rgb("f3b6c8"), WHITE, rng.random() * 0.6), 8))


def balloons(canvas: Canvas) -> None:
    """Hot-air balloons over a valley in the morning."""
    rng = canvas.rng
    light = rng.choice((MORNING, DAY, SUNSET))
    paint_sky(canvas, light, 80)
    for layer in range(4):
        tone = mix(rgb("7d6a55"), light.sky[-1], 0.7 - 0.2 * layer)
        canvas.ridge(74 + layer * 7, 14, tone, shade(tone, 0.75), roughness=0.62)
        canvas.haze(light.sky[-1], 68 + layer * 6, 84 + layer * 5, 0.35)
    for x in spread(rng, 4, canvas.width - 4, rng.randint(4, 8)):
        radius = rng.choice((3, 4, 5, 8, 12))
        _balloon(canvas, x, rng.uniform(radius + 3, 62 - radius), radius)


def _balloon(canvas: Canvas, x: float, y: float, radius: float) -> None:
    rng = canvas.rng
    first, second = rng.sample(PAINTS[:5], 2)
    canvas.box(x - radius * 0.16, y + radius * 1.62, x + radius * 0.16, y + radius * 1.9, rgb("6e4a2c"))
    for side in (-1, 1):
        canvas.line(
            [(x + side * radius * 0.3, y + radius * 1.15), (x + side * radius * 0.13, y + radius * 1.65)],
            rgb("4a3a2c"),
            radius * 0.03,
        )
    stripes = 8
    for stripe in range(stripes):
        outline = []
        for edge, order in ((stripe, range(13)), (stripe + 1, range(12, -1, -1))):
            across = math.cos(math.pi * (1 - edge / stripes))
            for step in order:
                share = step / 12
                wide = (
                    math.sin(math.pi * min(1, share * 0.62 + 0.02) / 0.78) if share < 0.9 else 0.62 - (share - 0.9) * 3
                )
                outline.append(
                    (x + across * radius * max(0.28, wide) * (1 if step else 0), y - radius + share * radius * 2.2)
                )
        light = 1.15 - 0.5 * stripe / stripes
        canvas.polygon(outline, shade(first if stripe % 2 else second, min(1.25, light)))


def train(canvas: Canvas) -> None:
    """A red train on a stone viaduct in a green valley."""
    rng = canvas.rng
    paint_sky(canvas, DAY, 62)
    canvas.ridge(50, 24, mix(rgb("7d8fa0"), DAY.sky[-1], 0.5), roughness=0.65)
    canvas.ridge(66, 18, rgb("5c8a4c"), rgb("3e6a38"), roughness=0.4)
    for x in spread(rng, 0, canvas.width, 8):
        broad_tree(canvas, x, rng.uniform(74, 84), rng.uniform(10, 20), rng.choice(GREENS))
    stone, deck = rgb("b5a88f"), 56.0
    for pier in range(-6, round(canvas.width) + 12, 18):
        x = float(pier)
        canvas.polygon([(x - 2.4, deck), (x + 2.4, deck), (x + 3.2, 101), (x - 3.2, 101)], stone, shade(stone, 0.6))
        canvas.arc(x + 9, deck + 9, 7.4, 7.4, start=180, end=360, colour=shade(stone, 0.85), width=2.6)
    canvas.box(-1, deck - 1, canvas.width + 1, deck + 3, shade(stone, 1.05), shade(stone, 0.85))
    colour = vary(rng, rng.choice(PAINTS[:3]), 8)
    start = rng.uniform(-20, 20)
    for x in (start, start + 30, start + 60, start + 90):
        canvas.box(
            x,
            deck - 11,
            x + 28.6,
            deck - 1.6,
            shade(colour, 1.1),
            shade(colour, 0.8),
            radius=2 if x > start + 60 else 0.6,
        )
        canvas.box(x, deck - 4.4, x + 28.6, deck - 3.4, WHITE)
        for window in range(6):
            canvas.box(
                x + 1.8 + window * 4.4, deck - 9.4, x + 4.9 + window * 4.4, deck - 5.8, rgb("bfd6e2"), rgb("4e6678")
            )
    grass(canvas, 92, 103, rgb("4f7f3c"), 260)


SCENES = (
    Scene(
        "city at night",
        ("city", "night", "skyline", "lights"),
        ("a city skyline at night", "lit windows reflected in a river"),
        city_night,
    ),
    Scene(
        "street", ("street", "city", "houses"), ("people in a street between old houses", "a street in a town"), street
    ),
    Scene("car", ("car", "road"), ("a car on a country road", "a parked car"), car),
    Scene(
        "iron tower", ("tower", "city", "landmark"), ("a tall iron tower over a park", "the Eiffel tower"), iron_tower
    ),
    Scene(
        "torii",
        ("torii", "japan", "temple", "water"),
        ("a red torii gate in the water", "a Japanese shrine gate with cherry blossoms"),
        torii,
    ),
    Scene(
        "hot-air balloons",
        ("balloons", "morning", "sky"),
        ("hot-air balloons over a valley", "colourful balloons in the sky"),
        balloons,
    ),
    Scene("train", ("train", "viaduct", "mountains"), ("a train on a viaduct", "a red train in a green valley"), train),
)
