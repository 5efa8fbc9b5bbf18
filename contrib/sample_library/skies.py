"""Skies and waters in the light of an hour."""

from __future__ import annotations

import dataclasses

from contrib.sample_library.canvas import Canvas
from contrib.sample_library.colour import WHITE, Colour, mix, rgb, shade, vary


@dataclasses.dataclass(frozen=True)
class Light:
    """The colours of an hour of the day. `dim` is what is left of a colour on the ground."""

    name: str
    sky: tuple[Colour, ...]
    cloud: Colour
    sun: Colour
    water: tuple[Colour, Colour]
    dim: float = 1.0


DAY = Light(
    "day",
    (rgb("2f7fd1"), rgb("79b8ec"), rgb("cfe8f7")),
    rgb("ffffff"),
    rgb("fffbe0"),
    (rgb("5fb3d4"), rgb("1c6ea8")),
)
MORNING = Light(
    "morning",
    (rgb("6f9fd0"), rgb("f2cfb2"), rgb("fbe6c4")),
    rgb("fff3e4"),
    rgb("fff2c0"),
    (rgb("e0cdb8"), rgb("5d86a8")),
    0.92,
)
SUNSET = Light(
    "sunset",
    (rgb("2b2a5e"), rgb("8d3f7a"), rgb("ee6f4b"), rgb("fdbb57")),
    rgb("f08a70"),
    rgb("fff0a8"),
    (rgb("f0995a"), rgb("3a2f63")),
    0.55,
)
DUSK = Light(
    "dusk",
    (rgb("141b45"), rgb("3d4a86"), rgb("c07f8e"), rgb("f2b184")),
    rgb("7a6f9a"),
    rgb("ffd9a0"),
    (rgb("a88498"), rgb("1d2450")),
    0.42,
)
NIGHT = Light(
    "night",
    (rgb("050818"), rgb("0d1738"), rgb("22305c")),
    rgb("2b3a63"),
    rgb("f4f1da"),
    (rgb("1c2a52"), rgb("070b1c")),
    0.25,
)
OVERCAST = Light(
    "overcast",
    (rgb("8f9ba8"), rgb("b8c2ca"), rgb("d5dade")),
    rgb("eef1f3"),
    rgb("e8ebec"),
    (rgb("a9b6bf"), rgb("667784")),
    0.8,
)


def paint_sky(canvas: Canvas, light: Light, horizon: float, *, cover: float | None = None) -> None:
    """Paint the sky down to the horizon, with clouds over `cover` of it (by chance when None)."""
    rng = canvas.rng
    canvas.traits.append(light.name)
    canvas.wash([vary(rng, colour, 8) for colour in light.sky], 0, horizon + 0.5)
    share = rng.choice([0, 0.15, 0.3, 0.45]) if cover is None else cover
    if share:
        canvas.clouds(light.cloud, 0, horizon, share)


def paint_sun(canvas: Canvas, light: Light, x: float, y: float, radius: float = 5) -> None:
    """Paint the sun or the moon, with its glow."""
    canvas.glow(x, y, radius * 7, light.sun, 0.5)
    canvas.glow(x, y, radius * 2.5, light.sun, 0.7)
    canvas.circle(x, y, radius, light.sun)


def paint_stars(canvas: Canvas, horizon: float, count: int) -> None:
    """Scatter stars, most of them faint."""
    rng = canvas.rng
    for _ in range(count):
        brightness = rng.random() ** 2
        colour = mix(rgb("3c4a78"), vary(rng, rgb("fdf8ea"), 6), 0.3 + 0.7 * brightness)
        canvas.circle(rng.uniform(0, canvas.width), rng.uniform(0, horizon), 0.1 + 0.25 * brightness, colour)


def paint_water(canvas: Canvas, light: Light, y0: float, y1: float = 100, *, shine_x: float | None = None) -> None:
    """Paint water from y0 down to y1, with ripples, and under `shine_x` the path of the sun."""
    rng = canvas.rng
    far, near = (vary(rng, colour, 10) for colour in light.water)
    canvas.wash([far, mix(far, near, 0.6), near], y0, y1)
    for _ in range(170):
        depth = rng.random() ** 1.6
        y = y0 + (y1 - y0) * depth
        length = 1 + 11 * depth * rng.random()
        x = rng.uniform(-5, canvas.width)
        colour = mix(mix(far, near, depth), shade(far, 1.25) if rng.random() < 0.55 else shade(near, 0.75), 0.45)
        canvas.line([(x, y), (x + length, y)], colour, 0.15 + 0.5 * depth)
    if shine_x is not None:
        _paint_path_of_light(canvas, light, shine_x, y0, y1)


def _paint_path_of_light(canvas: Canvas, light: Light, x: float, y0: float, y1: float) -> None:
    rng = canvas.rng
    for step in range(90):
        depth = (step / 90) ** 1.3
        y = y0 + (y1 - y0) * depth
        reach = 2.5 + 9 * depth
        middle = x + rng.gauss(0, reach * 0.45)
        length = rng.uniform(0.4, 1) * reach * 0.5
        colour = mix(light.sun, light.water[0], rng.uniform(0.1, 0.65))
        canvas.line([(middle - length, y), (middle + length, y)], colour, 0.25 + 0.55 * depth)


def foam(canvas: Canvas, y: float, *, sway: float = 1.5) -> None:
    """Paint the edge of a wave that runs up a beach at y."""
    rng = canvas.rng
    heights = [y + rng.uniform(-sway, sway) for _ in range(9)]
    points = [(canvas.width * step / 8, height) for step, height in enumerate(heights)]
    canvas.line(points, mix(WHITE, rgb("bfe3ea"), 0.35), 2.2)
    canvas.line([(x, at + 0.9) for x, at in points], WHITE, 1.0)
