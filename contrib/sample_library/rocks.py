"""Rocks."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas
from contrib.sample_library.colour import Colour, shade


def boulder(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A rock with a lit top and a dark flank."""
    rng = canvas.rng
    turns = sorted(rng.uniform(0, math.tau) for _ in range(9))
    outline = [(x + math.cos(turn) * size * rng.uniform(0.85, 1.15), y + math.sin(turn) * size * 0.7) for turn in turns]
    canvas.polygon(outline, shade(colour, 1.12), shade(colour, 0.55))
    canvas.polygon(
        [(x + (px - x) * 0.75 - size * 0.1, y + (py - y) * 0.5 - size * 0.22) for px, py in outline],
        shade(colour, 1.2),
        shade(colour, 0.95),
    )
