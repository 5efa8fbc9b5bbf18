"""On the way: cars, balloons, trains."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import WHITE, mix, rgb, shade, vary
from contrib.sample_library.plants import GREENS, broad_tree, grass
from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import DAY, MORNING, OVERCAST, SUNSET, paint_sky
from contrib.sample_library.vehicles import PAINT_NAMES, PAINTS, car_in_profile


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
    x, size, paint = canvas.width * rng.uniform(0.35, 0.65), rng.uniform(46, 62), rng.choice(PAINTS)
    canvas.traits.append(f"{PAINT_NAMES[paint]} car")
    car_in_profile(canvas, x, 84, size, colour=vary(rng, paint, 8))


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
    Scene("car", ("car", "road"), ("a car on a country road", "a parked car"), car),
    Scene(
        "hot-air balloons",
        ("balloons", "morning", "sky"),
        ("hot-air balloons over a valley", "colourful balloons in the sky"),
        balloons,
    ),
    Scene("train", ("train", "viaduct", "mountains"), ("a train on a viaduct", "a red train in a green valley"), train),
)
