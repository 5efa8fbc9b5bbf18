"""Land: mountains, hills, woods, deserts."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, Point, bezier, spread
from contrib.sample_library.colour import WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.plants import AUTUMN, GREENS, TRUNK, broad_tree, cypress, grass, pine
from contrib.sample_library.rocks import boulder
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


def _peak(canvas: Canvas, x: float, foot: float, height: float, *, light: Light) -> None:
    """One mountain: a lit and a shaded flank, snow that runs down its gullies."""
    rng = canvas.rng
    rock = shade(vary(rng, rgb("6d7482"), 10), 0.45 + 0.55 * light.dim)
    snow = mix(rgb("f6f9fd"), light.sky[-1], 0.25 if light.dim > 0.8 else 0.45)
    half = height * rng.uniform(0.75, 1.0)
    top = foot - height
    spine = [(x + rng.uniform(-0.05, 0.05) * height * step / 3, top + height * step / 6) for step in range(7)]
    left = [(x - half * share + rng.uniform(-2, 2), top + height * share) for share in (0.25, 0.5, 0.75, 1)]
    right = [(x + half * share + rng.uniform(-2, 2), top + height * share) for share in (0.25, 0.5, 0.75, 1)]
    canvas.polygon([(x, top), *right, *reversed(left)], shade(rock, 0.72), shade(rock, 0.85))
    canvas.polygon([*spine, *reversed(left)], shade(rock, 1.12), rock)
    for side, tone in ((-1, snow), (1, mix(snow, rock, 0.3))):
        edge = [(x, top)]
        for step in range(1, 9):
            share = step / 8
            depth = 0.16 + (0.34 if step % 2 else 0.12) * rng.uniform(0.8, 1.2)
            edge.append((x + side * half * 0.5 * share, top + height * max(depth, 0.5 * share)))
        canvas.polygon([*edge, (x + side * half * 0.5, top + height * 0.5)], tone)


def snowy_mountains(canvas: Canvas) -> None:
    """High mountains with snow; in front pines, or a lake that mirrors the sky."""
    rng = canvas.rng
    light = rng.choice((DAY, DAY, MORNING, DUSK))
    paint_sky(canvas, light, 72)
    canvas.ridge(62, 22, mix(rgb("8fa3bd"), light.sky[-1], 0.5), roughness=0.6)
    for x in spread(rng, -10, canvas.width + 10, 4):
        _peak(canvas, x, 78, rng.uniform(38, 62), light=light)
    canvas.haze(light.sky[-1], 50, 78, 0.55)
    if rng.random() < 0.5:
        canvas.ridge(74, 5, shade(rgb("34553f"), light.dim))
        paint_water(canvas, light, 76)
    else:
        canvas.ridge(80, 7, shade(rgb("eef3f8"), 0.5 + light.dim / 2), shade(rgb("c9d6e4"), 0.5 + light.dim / 2))
        canvas.mottle(72, 100, 0.12, cell=(3, 1.2))
    for x in spread(rng, -4, canvas.width + 4, rng.randint(5, 12)):
        pine(canvas, x, rng.uniform(86, 101), rng.uniform(16, 34), shade(rgb("2c5540"), light.dim + 0.15), snow=True)


def green_hills(canvas: Canvas) -> None:
    """Rolling farmland with cypresses along a lane and a house of stone, as in Tuscany."""
    rng = canvas.rng
    light = rng.choice((DAY, MORNING, SUNSET))
    paint_sky(canvas, light, 55)
    if light is SUNSET:
        paint_sun(canvas, light, rng.uniform(20, canvas.width - 20), 44, 4)
    fields = [rgb("8fae5d"), rgb("b9b45a"), rgb("74994a"), rgb("d2b66a")]
    for layer in range(5):
        tone = mix(shade(vary(rng, rng.choice(fields), 10), light.dim), light.sky[-1], 0.5 - layer * 0.12)
        crest = canvas.ridge(52 + layer * 11, 12, tone, shade(tone, 0.8), roughness=0.28)
        if layer == 2:
            _house(canvas, *crest[rng.randint(40, 120)], light=light)
        if layer >= 1:
            start = rng.randint(5, 90)
            for x, y in crest[start : start + rng.randint(20, 60) : 6]:
                cypress(
                    canvas, x, y + 1.5, (5 + layer * 3.2) * rng.uniform(0.8, 1.2), shade(rgb("2f4f2c"), light.dim + 0.2)
                )
    canvas.mottle(60, 100, 0.22, cell=(2.5, 1))


def _house(canvas: Canvas, x: float, foot: float, *, light: Light) -> None:
    wall, roof = shade(rgb("d9b88a"), light.dim), shade(rgb("b5573a"), light.dim)
    foot += 2
    canvas.box(x - 6, foot - 7, x + 6, foot, wall, shade(wall, 0.8))
    canvas.box(x + 3.5, foot - 12, x + 8, foot, shade(wall, 0.92), shade(wall, 0.75))
    canvas.polygon([(x - 7, foot - 6.8), (x - 5, foot - 10), (x + 3.5, foot - 10), (x + 3.5, foot - 6.8)], roof)
    canvas.polygon([(x + 3, foot - 11.8), (x + 5.7, foot - 14), (x + 8.6, foot - 11.8)], shade(roof, 0.9))
    for dx, dy in ((-4, 4.5), (-1, 4.5), (5.7, 9), (5.7, 5)):
        canvas.box(x + dx - 0.5, foot - dy - 0.7, x + dx + 0.5, foot - dy + 0.7, rgb("4a3a30"))


def forest(canvas: Canvas) -> None:
    """A path into a wood, in green or in autumn, sunlight between the trunks."""
    rng = canvas.rng
    is_autumn = rng.random() < 0.5
    canvas.traits.append("autumn forest" if is_autumn else "green forest")
    leaves = AUTUMN if is_autumn else GREENS
    deep = rgb("5a3a22") if is_autumn else rgb("1f3b25")
    bright = rgb("fbe3a6") if is_autumn else rgb("dcedb0")
    canvas.wash([mix(deep, bright, 0.35), bright, mix(deep, bright, 0.25)], 0, 64)
    canvas.clouds(rng.choice(leaves), 0, 50, 0.6)
    ground = rgb("a8692f") if is_autumn else rgb("4c6b33")
    canvas.wash([mix(ground, bright, 0.35), ground, shade(ground, 0.6)], 62, 100)
    middle = canvas.width * rng.uniform(0.4, 0.6)
    canvas.polygon(
        [(middle - 2, 62), (middle + 2, 62), (middle + 26, 101), (middle - 22, 101)], rgb("cbb48a"), rgb("8a6e4c")
    )
    canvas.mottle(62, 100, 0.5, cell=(1, 0.6))
    for layer in range(4):
        for x in spread(rng, -8, canvas.width + 8, 12 - 2 * layer):
            foot = 64 + layer * 9 + rng.uniform(-1, 3)
            if abs(x - middle) > 4 + layer * 7:
                tone = mix(shade(TRUNK, 0.8), bright, 0.5 - layer * 0.16)
                wide = 0.7 + layer * 0.75
                canvas.polygon(
                    [(x - wide * 1.4, foot), (x - wide, -2), (x + wide, -2), (x + wide * 1.4, foot)],
                    tone,
                    shade(tone, 0.7),
                )
        for _ in range(110):
            size = rng.uniform(0.8, 2.2) + layer * 0.5
            tone = mix(vary(rng, rng.choice(leaves), 18), bright, rng.uniform(0, 0.55 - layer * 0.12))
            canvas.ellipse(
                rng.uniform(-2, canvas.width + 2), rng.random() ** 1.4 * (40 - layer * 3), size * 1.3, size, tone
            )
    canvas.glow(middle, 40, 42, bright, 0.55)


def autumn_park(canvas: Canvas) -> None:
    """A lawn with trees in autumn colours and fallen leaves."""
    rng = canvas.rng
    light = rng.choice((DAY, MORNING, OVERCAST))
    paint_sky(canvas, light, 66)
    canvas.ridge(62, 8, mix(rng.choice(AUTUMN), light.sky[-1], 0.5), roughness=0.75)
    canvas.wash([rgb("8d9a4e"), rgb("5f7435")], 62, 100)
    canvas.mottle(62, 100, 0.3, cell=(1.5, 0.7))
    for layer in range(3):
        for x in spread(rng, -4, canvas.width + 4, 4 - layer):
            broad_tree(canvas, x, 68 + layer * 10, 34 + layer * 16, rng.choice(AUTUMN))
    for _ in range(240):
        depth = rng.random() ** 0.7
        size = 0.3 + depth * 0.8
        canvas.ellipse(
            rng.uniform(0, canvas.width), 66 + 34 * depth, size, size * 0.55, vary(rng, rng.choice(AUTUMN), 16)
        )


def desert(canvas: Canvas) -> None:
    """Dunes with sharp crests under a wide sky."""
    rng = canvas.rng
    light = rng.choice((DAY, SUNSET, MORNING))
    paint_sky(canvas, light, 66, cover=0)
    paint_sun(canvas, light, rng.uniform(20, canvas.width - 20), rng.uniform(12, 42), 4)
    sand = shade(vary(rng, rgb("dda65c"), 12), 0.45 + light.dim * 0.55)
    canvas.ridge(62, 12, mix(sand, light.sky[-1], 0.5), sand, roughness=0.3)
    for layer in range(6):
        depth = layer / 5
        x, top = rng.uniform(0.05, 0.95) * canvas.width, 55 + 22 * depth + rng.uniform(-3, 3)
        tone = mix(sand, light.sky[-1], 0.42 * (1 - depth))
        _dune(canvas, x, top, 26 + 40 * depth, tone=tone, sand=sand)
    for step in range(60):
        y = 86 + step * 0.25
        shift = rng.randint(-8, -2)
        points = [(x, y + math.sin(x * 0.3 + step * 0.4) * 0.6) for x in range(shift, round(canvas.width) + 6, 4)]
        canvas.line(points, shade(sand, 0.8), 0.16)


def _dune(canvas: Canvas, x: float, top: float, reach: float, *, tone: Colour, sand: Colour) -> None:
    """A dune: a lit flank, a flank in shadow, and between them the crest that winds down."""
    foot, side = top + reach * 0.75, canvas.rng.choice((-1, 1))

    def curve(*controls: Point) -> list[Point]:
        return bezier([(x + side * dx * reach, top + dy * (foot - top)) for dx, dy in controls])

    lit = curve((0, 0), (-0.25, 0.05), (-0.8, 0.9), (-2.2, 1))
    dark = curve((0, 0), (0.3, 0.1), (0.6, 0.85), (1.9, 1))
    crest = curve((0, 0), (0.45, 0.25), (-0.5, 0.6), (0.35, 1))
    canvas.polygon([*lit, *reversed(dark)], shade(tone, 1.1), sand)
    canvas.polygon([*dark, *reversed(crest)], shade(tone, 0.62), mix(shade(tone, 0.85), sand, 0.7))


def waterfall(canvas: Canvas) -> None:
    """A waterfall between dark cliffs with a pool below."""
    rng = canvas.rng
    paint_sky(canvas, rng.choice((OVERCAST, DAY)), 40)
    rock = vary(rng, rgb("5a5f5c"), 12)
    crest = canvas.ridge(26, 10, shade(rock, 1.05), shade(rock, 0.5), roughness=0.6)
    for step in range(64):
        y = 24 + 60 * (step / 64)
        boulder(canvas, rng.uniform(-4, canvas.width + 4), y, rng.uniform(6, 13), shade(rock, rng.uniform(0.6, 1.0)))
    for x, y in crest[::5]:
        pine(canvas, x, y + rng.uniform(2, 8), rng.uniform(10, 22), shade(rgb("2f5a3a"), rng.uniform(0.8, 1.2)))
    middle, half, top = canvas.width * rng.uniform(0.4, 0.6), rng.uniform(6, 12), 24
    sides = [(-1, top), (1, top - 1), (1.4, 82), (-1.35, 82)]
    canvas.polygon([(middle + dx * half, y) for dx, y in sides], rgb("e9f3f7"), rgb("c4dbe6"))
    for _ in range(190):
        x, y = middle + rng.uniform(-1, 1) * half * 1.15, rng.uniform(top, 70)
        tone = mix(WHITE, rgb("8fb3c6"), rng.random() * 0.9)
        canvas.line([(x, y), (x + (x - middle) * 0.05, y + rng.uniform(5, 20))], tone, rng.uniform(0.15, 0.6))
    paint_water(canvas, OVERCAST, 80)
    for spot in range(5):
        canvas.glow(middle + (spot - 2) * half * 0.6, 81, 12, WHITE, 0.7)
    for foot in sorted(rng.uniform(80, 104) for _ in range(14)):
        side = rng.choice((-1, 1))
        boulder(canvas, middle + side * (half * 2 + rng.uniform(0, 60)), foot, rng.uniform(4, 10), rock)


def starry_night(canvas: Canvas) -> None:
    """The Milky Way over black hills, now and then with a lit tent."""
    rng = canvas.rng
    paint_sky(canvas, NIGHT, 88, cover=0)
    for step in range(26):
        along = step / 25
        canvas.glow(canvas.width * (0.1 + 0.8 * along), 78 - 74 * along, rng.uniform(9, 17), rgb("8d86b8"), 0.17)
    paint_stars(canvas, 88, 620)
    canvas.haze(rgb("4a5a86"), 50, 88, 0.5)
    canvas.ridge(86, 16, rgb("0a0f1c"), roughness=0.6)
    canvas.ridge(95, 7, rgb("05070d"))
    for x in spread(rng, 0, canvas.width, 5):
        pine(canvas, x, 99, rng.uniform(10, 22), rgb("060a10"))
    if rng.random() < 0.6:
        x = canvas.width * rng.uniform(0.3, 0.7)
        canvas.glow(x, 91, 16, rgb("ffb347"), 0.7)
        canvas.polygon([(x - 8, 97), (x, 87), (x + 8, 97)], rgb("ffcf70"), rgb("e8842c"))
        canvas.polygon([(x - 1.6, 97), (x, 89.5), (x + 1.6, 97)], rgb("8c431c"))


def flower_meadow(canvas: Canvas) -> None:
    """A meadow full of poppies and other wild flowers."""
    rng = canvas.rng
    paint_sky(canvas, DAY, 52)
    canvas.ridge(48, 9, mix(rgb("5f8f5a"), DAY.sky[-1], 0.45))
    for x in spread(rng, 0, canvas.width, 6):
        broad_tree(canvas, x, 50, rng.uniform(9, 18), rng.choice(GREENS))
    canvas.wash([rgb("a6bf63"), rgb("6f9a40"), rgb("3f6a2a")], 48, 100)
    grass(canvas, 50, 100, rgb("6f9a40"), 420)
    petals = [rgb("d8322c"), rgb("d8322c"), rgb("f0c234"), rgb("f4f1ea"), rgb("6f63c4")]
    for depth, x in sorted((rng.random() ** 0.75, rng.uniform(0, canvas.width)) for _ in range(330)):
        y, size = 52 + 50 * depth, 0.3 + 2.0 * depth
        tone = vary(rng, rng.choice(petals), 14)
        canvas.line([(x, y), (x, y + size * 2.6)], rgb("3d6a2c"), size * 0.18)
        canvas.ellipse(x, y, size, size * 0.75, tone, shade(tone, 0.75))
        canvas.ellipse(x, y - size * 0.1, size * 0.3, size * 0.22, shade(tone, 0.35))


SCENES = (
    Scene(
        "snowy mountains",
        ("mountains", "snow", "alps", "landscape"),
        ("snowy mountains with pine trees", "a mountain range covered in snow"),
        snowy_mountains,
    ),
    Scene(
        "green hills",
        ("hills", "countryside", "tuscany", "cypress"),
        ("rolling green hills with cypress trees", "a farmhouse in the hills"),
        green_hills,
    ),
    Scene(
        "forest",
        ("forest", "trees", "path"),
        ("a path through the forest", "sunlight between trees in a forest"),
        forest,
    ),
    Scene(
        "autumn park",
        ("autumn", "trees", "leaves", "park"),
        ("trees with autumn leaves in a park", "orange and yellow leaves on the grass"),
        autumn_park,
    ),
    Scene("desert", ("desert", "dunes", "sand"), ("sand dunes in the desert", "a wide desert"), desert),
    Scene(
        "waterfall",
        ("waterfall", "rocks", "water"),
        ("a waterfall between rocks", "water falling into a pool"),
        waterfall,
    ),
    Scene(
        "starry night",
        ("stars", "night", "milky way", "camping"),
        ("the milky way over dark hills", "a night sky full of stars"),
        starry_night,
    ),
    Scene(
        "flower meadow",
        ("meadow", "flowers", "poppies", "summer"),
        ("a meadow of red poppies and wild flowers", "wild flowers in the grass"),
        flower_meadow,
    ),
)
