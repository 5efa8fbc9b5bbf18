"""Vehicles."""

from __future__ import annotations

from contrib.sample_library.canvas import Canvas
from contrib.sample_library.colour import BLACK, Colour, rgb, shade

PAINT_NAMES = {
    rgb("c23b2e"): "red",
    rgb("2d62a8"): "blue",
    rgb("e3b62f"): "yellow",
    rgb("f0ede4"): "white",
    rgb("3c7f5c"): "green",
    rgb("2f3338"): "black",
    rgb("8fb7cf"): "light blue",
}
PAINTS = tuple(PAINT_NAMES)


def car_in_profile(canvas: Canvas, x: float, foot: float, size: float, *, colour: Colour) -> None:
    """Paint a car in profile, `size` units long."""
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
