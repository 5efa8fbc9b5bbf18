"""Trees, bushes, grass and flowers."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, Point
from contrib.sample_library.colour import Colour, mix, rgb, shade, vary

GREENS = (rgb("3f7d3a"), rgb("4f8f3f"), rgb("2f6b3c"), rgb("6a9a3e"))
AUTUMN = (rgb("d9742b"), rgb("e0a032"), rgb("b8442a"), rgb("c98a2c"), rgb("8f3b25"))
TRUNK = rgb("5b4030")


def broad_tree(canvas: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    """Paint a tree with a round crown: a trunk with branches, then leaves from dark to light."""
    rng = canvas.rng
    trunk = vary(rng, TRUNK, 10)
    wide = height * 0.05
    fork = foot - height * 0.45
    canvas.polygon([(x - wide, foot), (x - wide * 0.5, fork), (x + wide * 0.5, fork), (x + wide * 1.1, foot)], trunk)
    for lean in (-0.22, 0.2, 0.02):
        canvas.line([(x, fork + height * 0.05), (x + lean * height, foot - height * 0.72)], trunk, wide * 0.7)
    for layer in range(3):
        tone = shade(colour, 0.62 + 0.22 * layer)
        for _ in range(16):
            turn, reach = rng.uniform(0, math.tau), rng.random() ** 0.6
            at_x = x + math.cos(turn) * reach * height * 0.3 - layer * height * 0.015
            at_y = foot - height * 0.7 + math.sin(turn) * reach * height * 0.24 - layer * height * 0.025
            canvas.circle(at_x, at_y, height * rng.uniform(0.05, 0.1), vary(rng, tone, 9))


def pine(
    canvas: Canvas, x: float, foot: float, height: float, colour: Colour, *, snow: bool = False, slim: float = 0.2
) -> None:
    """Paint a conifer of overlapping skirts, with snow on them if asked; `slim` is half its width."""
    rng = canvas.rng
    canvas.box(x - height * 0.02, foot - height * 0.12, x + height * 0.02, foot, shade(TRUNK, 0.8))
    tiers = 6
    for tier in range(tiers):
        low = foot - height * (0.08 + 0.14 * tier)
        high = low - height * 0.27
        half = height * slim * (1 - tier / (tiers + 0.6)) * rng.uniform(0.92, 1.08)
        tone = shade(vary(rng, colour, 6), 0.75 + 0.07 * tier)
        canvas.polygon([(x - half, low), (x, high), (x + half, low), (x, low - height * 0.03)], tone, shade(tone, 0.7))
        if snow:
            drift = [(x - half * 0.8, low - height * 0.03), (x, high), (x + half * 0.7, low - height * 0.04)]
            canvas.polygon(
                [*drift, (x + half * 0.2, low - height * 0.09), (x - half * 0.3, low - height * 0.07)], rgb("f4f8fc")
            )


def cypress(canvas: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    """Paint a slim cypress: a flame with a lit side."""
    half = height * 0.09
    sides: list[Point] = []
    for step in range(13):
        share = step / 12
        sides.append((math.sin(math.pi * share**0.75) * half, foot - height * share))
    outline = [(x - w, y) for w, y in sides] + [(x + w, y) for w, y in reversed(sides)]
    canvas.polygon(outline, colour, shade(colour, 0.55))
    canvas.polygon([(x, y) for _, y in sides] + [(x + w * 0.9, y) for w, y in reversed(sides)], shade(colour, 0.62))


def palm(canvas: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    """Paint a palm that leans, with drooping leaves."""
    rng = canvas.rng
    lean = rng.uniform(-0.25, 0.25) * height
    trunk = [(x + lean * (step / 8) ** 1.8, foot - height * step / 8) for step in range(9)]
    canvas.line(trunk, shade(rgb("7d5b3c"), 0.9), height * 0.045)
    top_x, top_y = trunk[-1]
    for turn in range(-205, 40, 22):
        angle = math.radians(turn + rng.uniform(-8, 8))
        reach = height * rng.uniform(0.3, 0.42)
        tip = (top_x + math.cos(angle) * reach, top_y + math.sin(angle) * reach * 0.4 + height * 0.16)
        bend = (top_x + math.cos(angle) * reach * 0.6, top_y + math.sin(angle) * reach * 0.8 - height * 0.1)
        tone = vary(rng, colour, 12)
        for width, way in ((0.02, 0.0), (0.016, 0.03), (0.012, 0.06)):
            canvas.curve(
                [(top_x, top_y), bend, (tip[0], tip[1] + way * height)], shade(tone, 1 - way * 3), height * width
            )


def grass(canvas: Canvas, y0: float, y1: float, colour: Colour, count: int = 260) -> None:
    """Scatter blades over a lawn that is painted already, longer towards the front."""
    rng = canvas.rng
    for depth, x in sorted((rng.random(), rng.uniform(0, canvas.width)) for _ in range(count)):
        y = y0 + (y1 - y0) * depth
        tall = 0.6 + 3.2 * depth
        tone = shade(vary(rng, colour, 16), rng.uniform(0.75, 1.15))
        canvas.line([(x, y), (x + rng.uniform(-0.5, 0.5) * tall, y - tall)], tone, 0.15 + 0.3 * depth)


def blossom(canvas: Canvas, at: Point, radius: float, petals: int, colours: tuple[Colour, Colour]) -> None:
    """Paint one flower seen from the front: two rings of petals and a heart."""
    x, y = at
    petal, heart = colours
    turn = canvas.rng.uniform(0, math.tau)
    for ring, (reach, tone) in enumerate(((1.0, shade(petal, 0.82)), (0.78, shade(petal, 1.08)))):
        for number in range(petals):
            angle = turn + math.tau * (number + ring / 2) / petals
            leaf(canvas, at, angle, radius * reach, half=radius * 1.9 / petals, colour=tone)
    canvas.circle(x, y, radius * 0.26, shade(heart, 0.8))
    canvas.circle(x - radius * 0.03, y - radius * 0.03, radius * 0.2, heart)
    for _ in range(26):
        angle, reach = canvas.rng.uniform(0, math.tau), radius * 0.23 * canvas.rng.random() ** 0.5
        canvas.circle(x + math.cos(angle) * reach, y + math.sin(angle) * reach, radius * 0.02, shade(heart, 0.65))


def leaf(canvas: Canvas, foot: Point, angle: float, length: float, *, half: float, colour: Colour) -> None:
    """Paint a leaf or petal from its foot outwards, with a lighter vein."""
    cos, sin = math.cos(angle), math.sin(angle)
    points = []
    for side in (1, -1):
        steps = range(9) if side == 1 else range(8, -1, -1)
        for step in steps:
            along = length * step / 8
            across = side * half * math.sin(math.pi * (step / 8) ** 0.8)
            points.append((foot[0] + cos * along - sin * across, foot[1] + sin * along + cos * across))
    canvas.polygon(points, colour)
    tip = (foot[0] + cos * length * 0.85, foot[1] + sin * length * 0.85)
    canvas.line([foot, tip], mix(colour, (255, 255, 255), 0.18), half * 0.12)
