"""What stands on a table: meals, fruit, cakes, coffee."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas
from contrib.sample_library.colour import WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.plants import leaf
from contrib.sample_library.scene import Scene

WOODS = tuple(map(rgb, ("8a5a38", "b98a58", "5a3a28", "c9a57c")))
CLOTHS = tuple(map(rgb, ("e8e0d0", "b8c9cf", "d9b8a6", "8fa08a")))


def _table(canvas: Canvas) -> None:
    """A table seen from above: boards, or a cloth with checks."""
    rng = canvas.rng
    if rng.random() < 0.65:
        wood = vary(rng, rng.choice(WOODS), 10)
        canvas.wash([shade(wood, 1.08), wood, shade(wood, 0.85)])
        canvas.mottle(0, 100, 0.35, cell=(14, 0.7))
        for y in range(round(rng.uniform(5, 20)), 100, 22):
            canvas.line([(0, y), (canvas.width, y)], shade(wood, 0.55), 0.5)
    else:
        cloth = vary(rng, rng.choice(CLOTHS), 8)
        canvas.wash([cloth, shade(cloth, 0.9)])
        for x in range(0, round(canvas.width) + 10, 10):
            canvas.box(x, 0, x + 4, 100, mix(cloth, WHITE, 0.4))
        for y in range(0, 100, 10):
            canvas.line([(0, y + 2), (canvas.width, y + 2)], shade(cloth, 0.88), 2.5)
        canvas.mottle(0, 100, 0.1, cell=(0.5, 0.5))


def _shadow(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.shadow(x + radius * 0.08, y + radius * 0.1, radius * 1.45, radius * 1.45, 1.4)


def _plate(canvas: Canvas, x: float, y: float, radius: float, colour: Colour = (244, 242, 236)) -> None:
    _shadow(canvas, x, y, radius)
    canvas.circle(x, y, radius, shade(colour, 1.0), shade(colour, 0.84))
    canvas.circle(x, y, radius * 0.95, shade(colour, 0.93), colour)
    canvas.circle(x, y, radius * 0.72, shade(colour, 0.82), shade(colour, 0.97))
    canvas.circle(x, y, radius * 0.69, shade(colour, 0.94))


def _cutlery(canvas: Canvas, x: float, y: float, size: float) -> None:
    steel = rgb("c9ccd0")
    canvas.line([(x, y - size * 0.1), (x, y + size)], shade(steel, 0.75), 1.5)
    for prong in (-1.4, -0.5, 0.4, 1.3):
        canvas.line([(x + prong, y - size * 0.5), (x + prong, y - size * 0.2)], steel, 0.5)
    canvas.ellipse(x, y - size * 0.12, 1.9, size * 0.14, steel, shade(steel, 0.75))


def pizza(canvas: Canvas) -> None:
    """A pizza with tomatoes, olives, basil on a board."""
    rng = canvas.rng
    _table(canvas)
    x, y, r = canvas.width / 2 + rng.uniform(-6, 6), 50 + rng.uniform(-4, 4), rng.uniform(36, 42)
    _shadow(canvas, x, y, r * 1.05)
    canvas.circle(x, y, r * 1.06, rgb("a8794c"), rgb("7d5633"))
    crust = vary(rng, rgb("d9a55c"), 8)
    canvas.circle(x, y, r, shade(crust, 1.1), shade(crust, 0.85))
    for _ in range(40):
        turn = rng.uniform(0, math.tau)
        canvas.circle(
            x + math.cos(turn) * r * 0.94,
            y + math.sin(turn) * r * 0.94,
            rng.uniform(0.6, 2.2),
            shade(crust, rng.uniform(0.6, 1.1)),
        )
    canvas.circle(x, y, r * 0.87, rgb("c9402a"), rgb("b03420"))
    for _ in range(100):
        turn, reach = rng.uniform(0, math.tau), r * 0.84 * rng.random() ** 0.5
        canvas.ellipse(
            x + math.cos(turn) * reach,
            y + math.sin(turn) * reach,
            rng.uniform(1.5, 4),
            rng.uniform(1.5, 3.5),
            vary(rng, rgb("f2d588"), 12),
        )
    toppings = rng.sample((_tomato, _olive, _salami, _basil), 3)
    for number in range(30):
        turn, reach = rng.uniform(0, math.tau), r * 0.78 * rng.random() ** 0.5
        toppings[number % 3](canvas, x + math.cos(turn) * reach, y + math.sin(turn) * reach)
    for cut in range(4):
        turn = cut * math.pi / 4 + rng.uniform(-0.03, 0.03)
        canvas.line(
            [(x - math.cos(turn) * r, y - math.sin(turn) * r), (x + math.cos(turn) * r, y + math.sin(turn) * r)],
            rgb("8f4a26"),
            0.4,
        )


def _tomato(canvas: Canvas, x: float, y: float) -> None:
    canvas.circle(x, y, 3.2, rgb("d8402c"), rgb("b02a1c"))
    canvas.circle(x, y, 2.5, rgb("e8694a"))
    for turn in (0, 2.1, 4.2):
        canvas.ellipse(x + math.cos(turn) * 1.3, y + math.sin(turn) * 1.3, 0.8, 0.6, rgb("f5c98a"))


def _olive(canvas: Canvas, x: float, y: float) -> None:
    canvas.circle(x, y, 1.7, rgb("4a4a3a"), rgb("24241c"))
    canvas.circle(x, y, 0.7, rgb("a8522c"))


def _salami(canvas: Canvas, x: float, y: float) -> None:
    canvas.circle(x, y, 4.0, rgb("a8382c"), rgb("8a2a22"))
    for _ in range(9):
        canvas.circle(x + canvas.rng.uniform(-2.6, 2.6), y + canvas.rng.uniform(-2.6, 2.6), 0.45, rgb("dba08a"))


def _basil(canvas: Canvas, x: float, y: float) -> None:
    for _ in range(2):
        leaf(canvas, (x, y), canvas.rng.uniform(0, math.tau), 5.5, half=1.7, colour=vary(canvas.rng, rgb("3f8a3a"), 14))


def pasta(canvas: Canvas) -> None:
    """A plate of spaghetti with tomato sauce and basil."""
    rng = canvas.rng
    _table(canvas)
    x, y, r = canvas.width / 2, 51, rng.uniform(36, 41)
    _plate(canvas, x, y, r, vary(rng, rng.choice((rgb("f1efe9"), rgb("cfdbe0"), rgb("3f4a58"))), 5))
    for layer in range(130):
        turn, reach = rng.uniform(0, math.tau), r * 0.5 * rng.random() ** 0.6
        at_x, at_y, size = x + math.cos(turn) * reach, y + math.sin(turn) * reach, rng.uniform(5, 12)
        start = rng.uniform(0, 360)
        tone = shade(vary(rng, rgb("eec76a"), 10), 0.75 + 0.3 * layer / 130)
        canvas.arc(at_x, at_y, size, size * 0.8, start=start, end=start + rng.uniform(90, 210), colour=tone, width=0.95)
    for _ in range(60):
        turn, reach = rng.uniform(0, math.tau), 12 * rng.random() ** 0.6
        canvas.circle(
            x + math.cos(turn) * reach, y + math.sin(turn) * reach, rng.uniform(1, 2.8), vary(rng, rgb("c23a22"), 14)
        )
    for _ in range(3):
        _basil(canvas, x + rng.uniform(-5, 5), y + rng.uniform(-5, 5))
    _cutlery(canvas, x - r - 9, y, 24)


def sushi(canvas: Canvas) -> None:
    """Sushi in two rows on a slate, chopsticks beside it."""
    rng = canvas.rng
    _table(canvas)
    middle = canvas.width / 2
    canvas.box(middle - 50, 24, middle + 50, 82, (24, 18, 14), radius=3)
    canvas.box(middle - 51, 22, middle + 49, 80, rgb("3c4147"), rgb("2b2f34"), radius=3)
    for row in range(2):
        for column in range(5):
            x, y = middle - 38 + column * 18.5 + rng.uniform(-0.6, 0.6), 38 + row * 26
            if (row + column) % 3 == 2:
                _maki(canvas, x, y)
            else:
                _nigiri(canvas, x, y)
    for tilt in (0, 3):
        canvas.line([(middle - 55, 92 - tilt), (middle + 45, 87 + tilt * 0.3)], vary(rng, rgb("a23a2c"), 8), 1.5)


def _nigiri(canvas: Canvas, x: float, y: float) -> None:
    rng = canvas.rng
    canvas.ellipse(x, y + 3.4, 8, 6, rgb("f3efe6"), rgb("d3cdc0"))
    fish = rng.choice((rgb("ef7f4f"), rgb("d8483f"), rgb("f3c9ae")))
    canvas.ellipse(x, y, 8.6, 5, shade(fish, 1.1), shade(fish, 0.88))
    for stripe in range(-2, 3):
        canvas.line([(x + stripe * 3 - 1, y - 3.4), (x + stripe * 3 + 1.4, y + 3.4)], mix(fish, WHITE, 0.45), 0.5)


def _maki(canvas: Canvas, x: float, y: float) -> None:
    canvas.circle(x, y + 1, 7.6, rgb("1f2a22"), rgb("121812"))
    canvas.circle(x, y, 6.4, rgb("f4f0e8"))
    canvas.circle(x, y, 2.8, canvas.rng.choice((rgb("ef7f4f"), rgb("6fae4a"), rgb("e8c84a"))))


def fruit(canvas: Canvas) -> None:
    """A bowl of oranges, apples, grapes and a banana."""
    rng = canvas.rng
    _table(canvas)
    x, y, r = canvas.width / 2, 52, 40
    bowl = vary(rng, rng.choice((rgb("e9e4d8"), rgb("4f7f9a"), rgb("9a5a3f"))), 8)
    _plate(canvas, x, y, r, bowl)
    kinds = [rgb("f08c2a"), rgb("c8322c"), rgb("8fb63a"), rgb("e8b53a")]
    for number in range(9):
        turn, reach = number * 2.4, 5 + 2.4 * number
        _round_fruit(
            canvas,
            x + math.cos(turn) * reach * 0.95,
            y + math.sin(turn) * reach * 0.8,
            rng.uniform(8, 10.5),
            vary(rng, rng.choice(kinds), 10),
        )
    for _ in range(22):
        _round_fruit(canvas, x + rng.gauss(9, 5), y + rng.gauss(9, 4), 2.6, vary(rng, rgb("5c3a72"), 10))
    canvas.arc(x - 3, y - 26, 25, 33, start=30, end=150, colour=rgb("8a6a1c"), width=7.6)
    canvas.arc(x - 3, y - 26.5, 25, 33, start=31, end=149, colour=rgb("f2cf3f"), width=6.4)


def _round_fruit(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    canvas.circle(x + radius * 0.06, y + radius * 0.08, radius * 1.03, shade(colour, 0.4))
    canvas.circle(x, y, radius, shade(colour, 1.1), shade(colour, 0.62))
    canvas.glow(x - radius * 0.3, y - radius * 0.35, radius * 0.6, WHITE, 0.55)
    canvas.circle(x + radius * 0.1, y - radius * 0.2, radius * 0.09, shade(colour, 0.4))


def breakfast(canvas: Canvas) -> None:
    """A cup of coffee with a leaf drawn in the milk, and a croissant."""
    rng = canvas.rng
    _table(canvas)
    x, y, r = canvas.width * 0.3, 50, rng.uniform(20, 23)
    _plate(canvas, x, y, r * 1.3)
    canvas.ellipse(x + r * 1.05, y - r * 0.1, r * 0.3, r * 0.26, rgb("f4f2ec"), rgb("cfcbc2"))
    canvas.circle(x, y, r * 0.92, rgb("fbfaf7"), rgb("cbc7bd"))
    canvas.circle(x, y, r * 0.8, rgb("7a4a26"), rgb("5a3318"))
    canvas.circle(x, y, r * 0.74, rgb("a8703c"), rgb("8f5a2c"))
    cream = rgb("f0dcb8")
    for step in range(5):
        half = r * (0.5 - step * 0.08)
        top = y + r * 0.42 - step * r * 0.24
        canvas.arc(x, top - half * 0.7, half, half * 0.7, start=15, end=165, colour=cream, width=r * 0.1)
    canvas.line([(x, y + r * 0.5), (x, y - r * 0.55)], cream, r * 0.07)
    _croissant(canvas, canvas.width * 0.75, 52, rng.uniform(18, 21))
    canvas.line([(x + r * 1.4, y + 24), (x + r * 1.9, y + 36)], rgb("c9ccd0"), 1.6)


def _croissant(canvas: Canvas, x: float, y: float, size: float) -> None:
    rng = canvas.rng
    _plate(canvas, x, y, size * 1.2)
    dough = vary(rng, rgb("d38f3f"), 8)
    for step in range(-5, 6):
        turn = math.radians(270 + step * 21)
        half = size * 0.34 * math.cos(step / 5 * 1.3)
        at_x, at_y = x + math.cos(turn) * size * 0.62, y + size * 0.3 + math.sin(turn) * size * 0.62
        canvas.circle(at_x, at_y, half + 1.2, shade(dough, 0.55))
        canvas.circle(at_x, at_y, half + 0.5, shade(dough, 1.18), shade(dough, 0.72))


def birthday_cake(canvas: Canvas) -> None:
    """A birthday cake with burning candles in a dim room."""
    rng = canvas.rng
    dark = vary(rng, rgb("3a2433"), 10)
    canvas.wash([shade(dark, 0.7), dark, rgb("6b4a3a")], 0, 76)
    for _ in range(16):
        canvas.glow(
            rng.uniform(0, canvas.width), rng.uniform(3, 55), rng.uniform(3, 9), vary(rng, rgb("f0a860"), 50), 0.28
        )
    canvas.wash([rgb("8a6148"), rgb("54382c")], 74, 100)
    x, half = canvas.width / 2, rng.uniform(30, 36)
    icing = vary(rng, rng.choice((rgb("f3c6d3"), rgb("fbf3e2"), rgb("b7dbe8"), rgb("6b3f2a"))), 6)
    canvas.ellipse(x, 90, half * 1.35, 7, rgb("e9e5dc"), rgb("b9b2a6"))
    canvas.box(x - half, 56, x + half, 86, shade(icing, 1.05), shade(icing, 0.72), radius=2)
    canvas.ellipse(x, 86, half, 5.5, shade(icing, 0.72))
    canvas.ellipse(x, 56, half, 7, shade(icing, 1.15))
    trim = rng.choice((rgb("c8324a"), rgb("f0c23a"), WHITE, rgb("7a4fa0")))
    for step in range(13):
        along = x - half + half * step / 6
        sag = 7 * math.sqrt(max(0.0, 1 - ((along - x) / half) ** 2))
        canvas.ellipse(along, 57 + sag * 0.8 + rng.uniform(0, 3), half / 12, 4.6, trim, shade(trim, 0.8))
        canvas.circle(along, 84 + sag * 0.5, 2.2, trim, shade(trim, 0.7))
    for number in range(rng.randint(3, 9)):
        turn = math.tau * number / 9 + rng.uniform(-0.2, 0.2)
        _candle(canvas, x + math.cos(turn) * half * 0.66, 55 + math.sin(turn) * 4)


def _candle(canvas: Canvas, x: float, foot: float) -> None:
    wax = canvas.rng.choice((rgb("e8524a"), rgb("4a8fd0"), rgb("f2d04a"), rgb("6fbf6a"), WHITE))
    canvas.box(x - 1, foot - 15, x + 1, foot, shade(wax, 1.1), shade(wax, 0.75))
    canvas.glow(x, foot - 19, 15, rgb("ffb347"), 0.7)
    canvas.polygon(
        [(x - 1.4, foot - 17.5), (x, foot - 23), (x + 1.4, foot - 17.5), (x, foot - 15.6)], rgb("ffd75a"), rgb("ff8c2a")
    )
    canvas.ellipse(x, foot - 17.6, 0.6, 1.5, rgb("fff6cf"))


SCENES = (
    Scene(
        "pizza", ("food", "pizza", "dinner"), ("a pizza with tomatoes and cheese", "a pizza on a wooden board"), pizza
    ),
    Scene("pasta", ("food", "pasta", "dinner"), ("a plate of spaghetti with tomato sauce", "pasta on a plate"), pasta),
    Scene(
        "sushi",
        ("food", "sushi", "japanese"),
        ("sushi on a slate with chopsticks", "pieces of sushi in two rows"),
        sushi,
    ),
    Scene("fruit", ("food", "fruit", "bowl"), ("a bowl of fruit on a table", "oranges, apples and a banana"), fruit),
    Scene(
        "breakfast",
        ("food", "coffee", "breakfast", "croissant"),
        ("a cup of coffee and a croissant", "breakfast on a table"),
        breakfast,
    ),
    Scene(
        "birthday cake",
        ("cake", "birthday", "candles", "party"),
        ("a birthday cake with burning candles", "a cake in a dim room"),
        birthday_cake,
    ),
)
