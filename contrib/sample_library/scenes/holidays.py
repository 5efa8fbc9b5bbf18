"""The days of the year: Christmas, snow, fireworks, camp fires, pumpkins."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, Point, spread
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.plants import pine
from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import DAY, DUSK, NIGHT, paint_sky, paint_stars, paint_water

BAUBLES = tuple(map(rgb, ("d8322f", "f0c23a", "3f7fd0", "c8c8d0", "b04aa0")))


def christmas_tree(canvas: Canvas) -> None:
    """A lit Christmas tree in a room, with presents under it."""
    rng = canvas.rng
    wall = vary(rng, rng.choice((rgb("7d4a3f"), rgb("4a5a4a"), rgb("6a5a72"))), 8)
    canvas.wash([shade(wall, 0.7), wall], 0, 80)
    canvas.wash([rgb("8a6144"), rgb("5a3d2b")], 80, 100)
    x = canvas.width / 2 + rng.uniform(-8, 8)
    canvas.glow(x, 50, 62, rgb("ffcf80"), 0.35)
    pine(canvas, x, 92, 88, rgb("2f6b3f"), slim=0.3)
    for _ in range(46):
        depth = rng.random() ** 0.7
        y = 14 + 64 * depth
        at = x + rng.uniform(-1, 1) * (2 + 19 * depth)
        if rng.random() < 0.45:
            tone = rng.choice(BAUBLES)
            canvas.circle(at, y, 1.7, shade(tone, 1.2), shade(tone, 0.7))
        else:
            canvas.glow(at, y, 3.6, rgb("ffe9a8"), 0.9)
            canvas.circle(at, y, 0.55, rgb("fff8dc"))
    _star(canvas, x, 6, 5, rgb("ffdc5a"))
    for at in spread(rng, x - 34, x + 34, 6):
        _present(canvas, at, rng.uniform(90, 97), rng.uniform(8, 14))


def _star(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    canvas.glow(x, y, radius * 2.6, colour, 0.7)
    points: list[Point] = []
    for step in range(10):
        reach = radius if step % 2 == 0 else radius * 0.42
        points.append((x + math.sin(step * math.pi / 5) * reach, y - math.cos(step * math.pi / 5) * reach))
    canvas.polygon(points, shade(colour, 1.2), colour)


def _present(canvas: Canvas, x: float, foot: float, size: float) -> None:
    rng = canvas.rng
    paper, ribbon = rng.sample((*BAUBLES, rgb("3f8a5a"), WHITE), 2)
    tall = size * rng.uniform(0.6, 1)
    canvas.box(x - size / 2, foot - tall, x + size / 2, foot, shade(paper, 1.05), shade(paper, 0.7))
    canvas.box(x - size * 0.07, foot - tall, x + size * 0.07, foot, ribbon)
    for side in (-1, 1):
        canvas.ellipse(
            x + side * size * 0.14, foot - tall - size * 0.06, size * 0.15, size * 0.09, ribbon, shade(ribbon, 0.7)
        )


def snowman(canvas: Canvas) -> None:
    """A snowman with a hat and a scarf while it snows."""
    rng = canvas.rng
    light = rng.choice((DAY, DUSK))
    paint_sky(canvas, light, 72)
    canvas.ridge(68, 10, rgb("e6edf5"), rgb("c3d2e2"), roughness=0.3)
    for x in spread(rng, 0, canvas.width, 7):
        pine(canvas, x, rng.uniform(70, 78), rng.uniform(22, 42), rgb("2d5a45"), snow=True)
    canvas.ridge(84, 6, rgb("f6f9fc"), rgb("d3dfec"), roughness=0.3)
    x, foot = canvas.width * rng.uniform(0.4, 0.6), 95
    canvas.ellipse(x, foot, 24, 3, rgb("b9c8da"))
    for radius, y in ((18, foot - 15), (13.5, foot - 40), (10, foot - 59)):
        canvas.circle(x, y, radius, rgb("fdfeff"), rgb("bccbdd"))
    scarf = rng.choice(BAUBLES[:3])
    canvas.box(x - 10, foot - 53, x + 10, foot - 49, scarf, shade(scarf, 0.75), radius=2)
    canvas.polygon([(x + 4, foot - 50), (x + 9, foot - 50), (x + 12, foot - 33), (x + 7, foot - 33)], shade(scarf, 0.9))
    _snowman_face(canvas, x, foot - 60)
    for side in (-1, 1):
        canvas.line(
            [(x + side * 11, foot - 42), (x + side * 24, foot - 54), (x + side * 29, foot - 53)], rgb("5a4030"), 1.1
        )
    for _ in range(160):
        canvas.circle(rng.uniform(0, canvas.width), rng.uniform(0, 100), rng.uniform(0.2, 0.7), WHITE)


def _snowman_face(canvas: Canvas, x: float, y: float) -> None:
    for dx, dy in (
        (-3.4, -2),
        (3.4, -2),
        *((3.6 * math.sin(turn / 2), 4.6 + math.cos(turn / 2) * 1.4) for turn in range(-2, 3)),
        (0, 18),
        (0, 24),
    ):
        canvas.circle(x + dx, y + dy, 0.9, BLACK)
    canvas.polygon([(x, y - 0.6), (x + 10, y + 1.4), (x, y + 2.2)], rgb("f08a2c"), rgb("c8641c"))
    canvas.box(x - 9.5, y - 9.6, x + 9.5, y - 8, BLACK)
    canvas.box(x - 6.4, y - 20, x + 6.4, y - 9, rgb("34323a"), BLACK)
    canvas.box(x - 6.4, y - 12, x + 6.4, y - 9.8, rgb("b3302c"))


def fireworks(canvas: Canvas) -> None:
    """Fireworks over dark water."""
    rng = canvas.rng
    paint_sky(canvas, NIGHT, 78, cover=0)
    canvas.ridge(78, 6, rgb("0b0e1a"), roughness=0.95)
    paint_water(canvas, NIGHT, 78)
    for _ in range(rng.randint(3, 6)):
        x, y, radius = rng.uniform(12, canvas.width - 12), rng.uniform(14, 48), rng.uniform(11, 25)
        tone = vary(
            rng,
            rng.choice((rgb("ff5a5a"), rgb("ffd25a"), rgb("6ad2ff"), rgb("9aff8a"), rgb("ff8ae8"), rgb("fff4d8"))),
            10,
        )
        canvas.glow(x, y, radius * 1.6, tone, 0.35)
        for ray in range(46):
            turn, reach = math.tau * ray / 46 + rng.uniform(-0.06, 0.06), radius * rng.uniform(0.7, 1)
            path = [
                (x + math.cos(turn) * reach * at, y + math.sin(turn) * reach * at + reach * 0.22 * at**2.2)
                for at in (0.25, 0.5, 0.75, 1)
            ]
            canvas.line(path, shade(tone, rng.uniform(0.55, 1)), 0.32)
            canvas.circle(*path[-1], 0.5, mix(tone, WHITE, 0.6))
        canvas.glow(x, y, radius * 0.4, WHITE, 0.8)
        for _ in range(26):
            at = x + rng.gauss(0, radius * 0.4)
            depth = rng.uniform(80, 98)
            canvas.line([(at - 1.5, depth), (at + 1.5, depth)], mix(NIGHT.water[1], tone, 0.45), 0.3)


def campfire(canvas: Canvas) -> None:
    """A camp fire at night, logs and sparks."""
    rng = canvas.rng
    paint_sky(canvas, NIGHT, 74, cover=0)
    paint_stars(canvas, 50, 130)
    for x in spread(rng, -4, canvas.width + 4, 9):
        pine(canvas, x, rng.uniform(72, 78), rng.uniform(38, 62), rgb("0c1a18"))
    canvas.wash([rgb("2a2118"), rgb("110d0a")], 73, 100)
    x, foot = canvas.width * rng.uniform(0.42, 0.58), 88
    canvas.glow(x, foot - 12, 68, rgb("ff8a2c"), 0.55)
    for stone in range(14):
        turn = math.tau * stone / 14
        canvas.ellipse(x + math.cos(turn) * 22, foot + 2 + math.sin(turn) * 5.5, 4, 2.6, rgb("7a6a5c"), rgb("332a24"))
    for lean in (-1, 1):
        canvas.line([(x - lean * 16, foot + 3), (x + lean * 11, foot - 5)], rgb("5a3820"), 3.6)
    for size, tone in ((1.0, rgb("e8521c")), (0.78, rgb("ff8c24")), (0.55, rgb("ffc23c")), (0.3, rgb("fff0a8"))):
        for _ in range(5):
            _flame(canvas, x + rng.uniform(-8, 8) * size, foot, 34 * size * rng.uniform(0.7, 1), tone)
    for _ in range(46):
        canvas.circle(x + rng.gauss(0, 9), foot - 20 - rng.random() ** 1.5 * 58, rng.uniform(0.15, 0.45), rgb("ffc060"))


def _flame(canvas: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    lean = canvas.rng.uniform(-0.12, 0.12) * height
    half = height * 0.22
    canvas.polygon(
        [
            (x - half * 0.6, foot),
            (x - half, foot - height * 0.28),
            (x - half * 0.35 + lean * 0.4, foot - height * 0.62),
            (x + lean, foot - height),
            (x + half * 0.45 + lean * 0.4, foot - height * 0.55),
            (x + half, foot - height * 0.24),
            (x + half * 0.6, foot),
        ],
        colour,
    )


def pumpkins(canvas: Canvas) -> None:
    """Carved pumpkins that glow on a step."""
    rng = canvas.rng
    canvas.wash([rgb("1a1526"), rgb("3a2438"), rgb("241a22")])
    canvas.mottle(0, 70, 0.25, cell=(7, 3))
    canvas.wash([rgb("5a4a40"), rgb("2e2622")], 78, 100)
    for number, x in enumerate(spread(rng, 4, canvas.width - 4, 3)):
        _pumpkin(canvas, x, 92 - (number % 2) * 7, rng.uniform(15, 21))


def _pumpkin(canvas: Canvas, x: float, foot: float, radius: float) -> None:
    rng = canvas.rng
    tone, y = vary(rng, rgb("e8782a"), 12), foot - radius * 0.78
    canvas.ellipse(x, foot, radius * 1.2, radius * 0.14, rgb("1c1512"))
    canvas.line([(x, y - radius * 0.7), (x + radius * 0.12, y - radius * 1.08)], rgb("5f7a3a"), radius * 0.17)
    for rib in (-0.72, 0.72, -0.4, 0.4, 0):
        canvas.ellipse(
            x + rib * radius,
            y,
            radius * 0.5,
            radius * (0.84 - 0.12 * abs(rib)),
            shade(tone, 1.1 - 0.2 * abs(rib)),
            shade(tone, 0.62),
        )
    glow = rgb("ffd860")
    canvas.glow(x, y, radius * 1.3, rgb("ffb03a"), 0.4)
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * radius * 0.2, y - radius * 0.08),
                (x + side * radius * 0.6, y - radius * 0.08),
                (x + side * radius * 0.4, y - radius * 0.42),
            ],
            glow,
        )
    mouth = [
        (-0.62, 0.16),
        (-0.38, 0.3),
        (-0.2, 0.2),
        (0, 0.34),
        (0.2, 0.2),
        (0.38, 0.3),
        (0.62, 0.16),
        (0.36, 0.52),
        (0.14, 0.44),
        (-0.06, 0.56),
        (-0.34, 0.5),
    ]
    canvas.polygon([(x + dx * radius, y + dy * radius) for dx, dy in mouth], glow, rgb("ffa42c"))


SCENES = (
    Scene(
        "christmas tree",
        ("christmas", "tree", "presents"),
        ("a Christmas tree with lights and presents", "presents under a Christmas tree"),
        christmas_tree,
    ),
    Scene(
        "snowman", ("snowman", "snow", "winter"), ("a snowman with a hat and a scarf", "a snowman in the snow"), snowman
    ),
    Scene(
        "fireworks",
        ("fireworks", "night", "new year"),
        ("fireworks in the night sky", "fireworks over the water"),
        fireworks,
    ),
    Scene(
        "camp fire", ("fire", "camping", "night"), ("a camp fire at night", "flames and sparks in the dark"), campfire
    ),
    Scene(
        "pumpkins", ("pumpkins", "halloween", "autumn"), ("carved pumpkins that glow", "Halloween pumpkins"), pumpkins
    ),
)
