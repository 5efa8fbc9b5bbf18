"""Colours as three numbers from 0 to 255, and the few things that a painter does with them."""

from __future__ import annotations

import random

Colour = tuple[int, int, int]

WHITE: Colour = (250, 250, 248)
BLACK: Colour = (18, 18, 22)


def rgb(code: str) -> Colour:
    """The colour of a code like "e8c39e"."""
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` (0..1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """The colour darker (factor < 1) or lighter (factor > 1)."""
    return mix(BLACK, colour, factor) if factor <= 1 else mix(colour, WHITE, min(1.0, factor - 1))


def vary(rng: random.Random, colour: Colour, amount: int = 14) -> Colour:
    """A neighbour of the colour, each part at most `amount` away."""
    red, green, blue = (max(0, min(255, part + rng.randint(-amount, amount))) for part in colour)
    return red, green, blue
