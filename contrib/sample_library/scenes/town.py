"""Towns and what is seen on the way: streets, skylines, towers, balloons, trains."""

from __future__ import annotations

from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.people import somebody, standing
from contrib.sample_library.plants import GREENS, broad_tree
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
from contrib.sample_library.vehicles import PAINTS, car_in_profile

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
        car_in_profile(
            canvas, middle + rng.uniform(-6, 6), 84, rng.uniform(18, 24), colour=vary(rng, rng.choice(PAINTS), 8)
        )


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
    Scene(
        "iron tower", ("tower", "city", "landmark"), ("a tall iron tower over a park", "the Eiffel tower"), iron_tower
    ),
    Scene(
        "torii",
        ("torii", "japan", "temple", "water"),
        ("a red torii gate in the water", "a Japanese shrine gate with cherry blossoms"),
        torii,
    ),
)
