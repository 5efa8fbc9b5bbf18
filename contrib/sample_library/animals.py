"""Animals: cats, dogs, birds."""

from __future__ import annotations

from contrib.sample_library.canvas import Canvas, Point
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade

COATS = {
    "black": rgb("2b2a2e"),
    "grey": rgb("8a8a90"),
    "ginger": rgb("d88a3d"),
    "white": rgb("f1ece2"),
    "brown": rgb("8a5a34"),
    "golden": rgb("d9aa5c"),
}


def cat(canvas: Canvas, x: float, foot: float, height: float, coat: Colour) -> None:
    """Paint a cat that sits and looks at us."""
    h, dark, light = height, shade(coat, 0.72), mix(coat, WHITE, 0.45)
    side = canvas.rng.choice((-1, 1))
    tail = [
        (x + side * h * 0.22, foot - h * 0.04),
        (x + side * h * 0.5, foot - h * 0.06),
        (x + side * h * 0.56, foot - h * 0.28),
        (x + side * h * 0.46, foot - h * 0.4),
    ]
    canvas.curve(tail, dark, h * 0.085)
    canvas.ellipse(x, foot - h * 0.27, h * 0.28, h * 0.3, coat, dark)
    canvas.ellipse(x, foot - h * 0.3, h * 0.13, h * 0.2, light)
    for paw in (-1, 1):
        canvas.box(
            x + paw * h * 0.1 - h * 0.06,
            foot - h * 0.3,
            x + paw * h * 0.1 + h * 0.06,
            foot - h * 0.02,
            shade(coat, 0.92),
            radius=h * 0.05,
        )
        canvas.ellipse(x + paw * h * 0.11, foot - h * 0.02, h * 0.085, h * 0.045, light)
    _cat_head(canvas, x, foot - h * 0.7, h * 0.24, coat)


def _cat_head(canvas: Canvas, x: float, y: float, r: float, coat: Colour) -> None:
    dark, light = shade(coat, 0.72), mix(coat, WHITE, 0.45)
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * r * 0.95, y - r * 0.2),
                (x + side * r * 0.85, y - r * 1.35),
                (x + side * r * 0.2, y - r * 0.75),
            ],
            coat,
            dark,
        )
        canvas.polygon(
            [
                (x + side * r * 0.8, y - r * 0.4),
                (x + side * r * 0.77, y - r * 1.05),
                (x + side * r * 0.36, y - r * 0.7),
            ],
            rgb("e3a7a0"),
        )
    canvas.ellipse(x, y, r * 1.08, r * 0.9, coat, shade(coat, 0.88))
    for offset in (-0.3, 0, 0.3):
        canvas.line([(x + offset * r, y - r * 0.8), (x + offset * r * 0.7, y - r * 0.45)], dark, r * 0.09)
    iris = canvas.rng.choice((rgb("9ab83a"), rgb("d9a52e"), rgb("5aa6c4")))
    for side in (-1, 1):
        canvas.ellipse(x + side * r * 0.42, y - r * 0.05, r * 0.24, r * 0.2, iris)
        canvas.ellipse(x + side * r * 0.42, y - r * 0.05, r * 0.08, r * 0.18, BLACK)
        canvas.circle(x + side * r * 0.42 + r * 0.06, y - r * 0.12, r * 0.05, WHITE)
        canvas.ellipse(x + side * r * 0.2, y + r * 0.44, r * 0.26, r * 0.2, light)
    canvas.polygon([(x - r * 0.13, y + r * 0.22), (x + r * 0.13, y + r * 0.22), (x, y + r * 0.38)], rgb("d98a88"))
    for side in (-1, 1):
        for droop in (-0.08, 0.06, 0.2):
            canvas.line(
                [(x + side * r * 0.4, y + r * 0.42), (x + side * r * 1.45, y + r * (0.34 + droop * 1.6))],
                mix(light, WHITE, 0.5),
                r * 0.035,
            )


def dog(canvas: Canvas, x: float, foot: float, height: float, coat: Colour) -> None:
    """Paint a dog that stands in profile and turns its head to us, tongue out."""
    h, dark, light = height, shade(coat, 0.72), mix(coat, WHITE, 0.4)
    side = canvas.rng.choice((-1, 1))

    def at(dx: float, dy: float) -> Point:
        return x + side * dx * h, foot - dy * h

    canvas.curve([at(-0.5, 0.62), at(-0.66, 0.78), at(-0.68, 0.95)], coat, h * 0.08)
    for dx, tone in ((-0.4, dark), (0.3, dark), (-0.3, coat), (0.2, coat)):
        canvas.line([at(dx, 0.42), at(dx - 0.02, 0.04)], tone, h * 0.13)
        canvas.ellipse(*at(dx + 0.02, 0.02), h * 0.09, h * 0.045, light)
    canvas.ellipse(*at(-0.07, 0.52), h * 0.5, h * 0.22, coat, dark)
    canvas.line([at(0.28, 0.56), at(0.42, 0.82)], coat, h * 0.27)
    canvas.line([at(0.27, 0.7), at(0.5, 0.62)], rgb("c0392b"), h * 0.06)
    _dog_head(canvas, at(0.45, 0.92), h * 0.22, coat)


def _dog_head(canvas: Canvas, at: Point, r: float, coat: Colour) -> None:
    x, y = at
    dark, light = shade(coat, 0.6), mix(coat, WHITE, 0.4)
    canvas.ellipse(x, y, r * 0.95, r * 1.0, coat, shade(coat, 0.9))
    canvas.ellipse(x, y + r * 0.5, r * 0.6, r * 0.5, light)
    canvas.ellipse(x + r * 0.05, y + r * 0.98, r * 0.2, r * 0.34, rgb("e2737c"))
    canvas.ellipse(x, y + r * 0.72, r * 0.4, r * 0.16, mix(light, WHITE, 0.2))
    canvas.ellipse(x, y + r * 0.32, r * 0.24, r * 0.17, BLACK)
    for side in (-1, 1):
        canvas.ellipse(x + side * r * 0.98, y + r * 0.1, r * 0.3, r * 0.78, dark)
        canvas.circle(x + side * r * 0.38, y - r * 0.18, r * 0.15, rgb("2a1a10"))
        canvas.circle(x + side * r * 0.38 + r * 0.05, y - r * 0.23, r * 0.05, WHITE)


def gull(canvas: Canvas, x: float, y: float, span: float, colour: Colour) -> None:
    """Paint a bird in flight, far away."""
    canvas.arc(
        x - span * 0.25, y + span * 0.16, span * 0.27, span * 0.2, start=200, end=330, colour=colour, width=span * 0.06
    )
    canvas.arc(
        x + span * 0.25, y + span * 0.16, span * 0.27, span * 0.2, start=210, end=340, colour=colour, width=span * 0.06
    )


def bird(canvas: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    """Paint a small bird in profile on its branch."""
    h, pale = height, mix(colour, WHITE, 0.65)
    side = canvas.rng.choice((-1, 1))

    def at(dx: float, dy: float) -> Point:
        return x + side * dx * h, foot - dy * h

    canvas.polygon([at(-0.3, 0.3), at(-0.75, 0.02), at(-0.66, -0.06), at(-0.2, 0.16)], shade(colour, 0.55))
    canvas.ellipse(*at(0, 0.36), h * 0.36, h * 0.32, colour, shade(colour, 0.8))
    canvas.ellipse(*at(0.12, 0.28), h * 0.24, h * 0.24, pale)
    canvas.circle(*at(0.2, 0.72), h * 0.22, shade(colour, 1.1), colour)
    canvas.ellipse(*at(0.26, 0.65), h * 0.12, h * 0.11, pale)
    canvas.polygon([at(0.4, 0.76), at(0.58, 0.7), at(0.4, 0.66)], rgb("e0a030"))
    canvas.circle(*at(0.28, 0.77), h * 0.042, BLACK)
    canvas.circle(*at(0.295, 0.785), h * 0.014, WHITE)
    for feather in range(3):
        canvas.polygon(
            [at(0.06, 0.5 - feather * 0.06), at(-0.42, 0.22 - feather * 0.05), at(-0.08, 0.26 - feather * 0.05)],
            shade(colour, 0.72 - 0.1 * feather),
        )
    for leg in (0.0, 0.1):
        canvas.line([at(leg, 0.08), at(leg + 0.02, -0.03)], rgb("6b4a34"), h * 0.03)
