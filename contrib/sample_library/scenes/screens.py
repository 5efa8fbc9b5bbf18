"""What a screen shows: a chat, a map, the weather, a train ticket, a desktop."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.people import FAMILY, face
from contrib.sample_library.scene import Scene

ACCENTS = tuple(map(rgb, ("1f8a70", "3a6ee8", "d2603a", "7a4fc0")))
TALK = (
    "Are you coming on Sunday?",
    "Yes, we take the 10:14 train",
    "Shall I bring a cake?",
    "Chocolate please!",
    "The photos are wonderful",
    "Did you see the lake?",
    "I am at the station",
    "See you in ten minutes",
    "Grandma says hello",
    "What a sunset!",
)


def _status_bar(canvas: Canvas, colour: Colour, ink: Colour) -> None:
    rng = canvas.rng
    canvas.box(0, 0, canvas.width, 4, colour)
    canvas.text(2, 2, f"{rng.randint(7, 22)}:{rng.randint(0, 59):02}", 2.1, ink, anchor="lm")
    canvas.box(canvas.width - 6, 1.3, canvas.width - 2.4, 2.8, ink, radius=0.4)
    for bar in range(4):
        canvas.box(canvas.width - 11 + bar, 2.8 - bar * 0.4, canvas.width - 10.5 + bar, 2.9, ink)


def chat(canvas: Canvas) -> None:
    """A conversation on a telephone."""
    rng = canvas.rng
    accent = rng.choice(ACCENTS)
    is_dark = rng.random() < 0.4
    ground, ink, bubble = (
        (rgb("15191e"), rgb("eceff1"), rgb("2a3138")) if is_dark else (rgb("ece7de"), rgb("22262a"), WHITE)
    )
    canvas.wash([ground])
    canvas.box(0, 0, canvas.width, 13, accent)
    _status_bar(canvas, shade(accent, 0.85), WHITE)
    friend = rng.choice(FAMILY)
    canvas.circle(8, 8.5, 3.2, rgb("dfe6ea"))
    face(canvas, friend, 8, 8.5, 2)
    canvas.text(14, 8.5, friend.name, 3.2, WHITE, anchor="lm")
    y = 17.0
    size = min(2.7, canvas.width / 21)
    for number, words in enumerate(rng.sample(TALK, 7)):
        wide = min(canvas.width * 0.8, len(words) * size * 0.56 + 5)
        is_mine = (number + rng.randint(0, 1)) % 2 == 0
        x = canvas.width - wide - 3 if is_mine else 3
        canvas.box(x, y, x + wide, y + size * 2.9, mix(accent, ground, 0.62) if is_mine else bubble, radius=1.4)
        canvas.text(x + 2.2, y + size * 1.45, words, size, ink, anchor="lm")
        y += size * 2.9 + rng.uniform(1.4, 3)
    canvas.box(2, 92, canvas.width - 10, 98, bubble, radius=3)
    canvas.text(6, 95, "Message", 2.4, mix(ink, bubble, 0.5), anchor="lm")
    canvas.circle(canvas.width - 5, 95, 3, accent)


def street_map(canvas: Canvas) -> None:
    """A map with a route, streets, a park and a river."""
    rng = canvas.rng
    canvas.wash([rgb("f1ede4")])
    for _ in range(4):
        x, y = rng.uniform(0, canvas.width), rng.uniform(10, 90)
        canvas.box(x, y, x + rng.uniform(10, 30), y + rng.uniform(8, 22), rgb("c9e2b6"), radius=2)
    river = [
        (-5, rng.uniform(20, 80)),
        (canvas.width * 0.4, rng.uniform(10, 90)),
        (canvas.width * 0.6, rng.uniform(10, 90)),
        (canvas.width + 5, rng.uniform(20, 80)),
    ]
    canvas.curve(river, rgb("a8d1e8"), 7)
    for width, tone in ((2.4, rgb("d8d2c4")), (1.9, WHITE)):
        state = rng.getstate()
        for x in spread(rng, 0, canvas.width, 7):
            canvas.line([(x, -2), (x + rng.uniform(-9, 9), 102)], tone, width)
        for y in spread(rng, 0, 100, 9):
            canvas.line([(-2, y), (canvas.width + 2, y + rng.uniform(-8, 8))], tone, width)
        if tone != WHITE:
            rng.setstate(state)
    route = [(canvas.width * share, 84 - 62 * share + rng.uniform(-7, 7)) for share in (0.15, 0.3, 0.45, 0.62, 0.8)]
    canvas.line(route, rgb("2f6fe0"), 2.2)
    canvas.circle(*route[0], 2.4, WHITE)
    canvas.circle(*route[0], 1.6, rgb("2f6fe0"))
    x, y = route[-1]
    canvas.polygon([(x - 3, y - 6), (x + 3, y - 6), (x, y)], rgb("d8362c"))
    canvas.circle(x, y - 7.4, 3.4, rgb("d8362c"))
    canvas.circle(x, y - 7.4, 1.3, WHITE)
    canvas.box(3, 6, canvas.width - 3, 13, WHITE, radius=3)
    canvas.text(
        7,
        9.5,
        rng.choice(("Station Square", "Museum Island", "Old Bridge", "Botanical Garden")),
        3,
        rgb("33363a"),
        anchor="lm",
    )
    canvas.box(0, 90, canvas.width, 100, WHITE)
    canvas.text(4, 95, f"{rng.randint(6, 48)} min   {rng.uniform(1, 9):.1f} km", 3.4, rgb("2f6fe0"), anchor="lm")


def weather(canvas: Canvas) -> None:
    """A weather report with a curve of temperatures."""
    rng = canvas.rng
    top, bottom = rng.choice(
        ((rgb("2f6fc0"), rgb("9accf2")), (rgb("3a4560"), rgb("8a93a8")), (rgb("e0813c"), rgb("f6cf8a")))
    )
    canvas.wash([top, bottom])
    _status_bar(canvas, shade(top, 0.9), WHITE)
    middle = canvas.width / 2
    canvas.text(middle, 11, rng.choice(("Utrecht", "Kyoto", "Firenze", "El Chalten")), 5, WHITE, anchor="mm")
    degrees = rng.randint(-4, 31)
    canvas.text(middle, 25, f"{degrees}°", 15, WHITE, anchor="mm")
    canvas.text(middle, 36, rng.choice(("Sunny", "Light rain", "Cloudy", "Snow")), 3.6, WHITE, anchor="mm")
    steps = 24
    curve = [
        (
            canvas.width * (0.06 + 0.88 * step / steps),
            56 - 6 * math.sin(step / steps * math.pi + rng.uniform(-0.12, 0.12)),
        )
        for step in range(steps + 1)
    ]
    canvas.line(curve, rgb("ffe08a"), 0.7)
    for row, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri")):
        y = 66 + row * 6.6
        low = degrees - rng.randint(2, 7)
        canvas.text(canvas.width * 0.08, y, day, 3, WHITE, anchor="lm")
        canvas.circle(canvas.width * 0.36, y, 1.4, rgb("ffdf70") if rng.random() < 0.6 else rgb("dfe6ee"))
        canvas.box(canvas.width * 0.48, y - 0.4, canvas.width * 0.74, y + 0.4, shade(top, 0.8), radius=0.4)
        canvas.box(
            canvas.width * rng.uniform(0.49, 0.56),
            y - 0.4,
            canvas.width * rng.uniform(0.62, 0.73),
            y + 0.4,
            rgb("ffd070"),
            radius=0.4,
        )
        canvas.text(canvas.width * 0.92, y, f"{low}° {degrees + rng.randint(0, 3)}°", 2.6, WHITE, anchor="rm")


def ticket(canvas: Canvas) -> None:
    """A train ticket with a square code."""
    rng = canvas.rng
    accent = rng.choice(ACCENTS)
    canvas.wash([mix(accent, WHITE, 0.8)])
    _status_bar(canvas, accent, WHITE)
    canvas.box(4, 9, canvas.width - 4, 93, WHITE, radius=3)
    canvas.box(4, 9, canvas.width - 4, 20, accent, radius=3)
    canvas.text(canvas.width / 2, 14.5, "TICKET", 4.4, WHITE, anchor="mm")
    start, end = rng.sample(("Utrecht", "Koln", "Basel", "Milano", "Wien", "Praha"), 2)
    canvas.text(8, 26, start, 4, BLACK)
    canvas.text(canvas.width - 8, 26, end, 4, BLACK, anchor="ra")
    canvas.line([(8, 34), (canvas.width - 8, 34)], rgb("c9ccd0"), 0.3)
    canvas.text(8, 37, f"Coach {rng.randint(1, 14)}  Seat {rng.randint(11, 98)}", 3, rgb("55585c"))
    cell = min(canvas.width * 0.6, 40) / 21
    left, top = canvas.width / 2 - cell * 10.5, 46
    for row in range(21):
        for column in range(21):
            if rng.random() < 0.48:
                canvas.box(
                    left + column * cell, top + row * cell, left + (column + 1) * cell, top + (row + 1) * cell, BLACK
                )
    for row, column in ((0, 0), (0, 14), (14, 0)):
        x, y = left + column * cell, top + row * cell
        for inset, tone in ((0, BLACK), (1, WHITE), (2, BLACK)):
            canvas.box(x + inset * cell, y + inset * cell, x + (7 - inset) * cell, y + (7 - inset) * cell, tone)


def desktop(canvas: Canvas) -> None:
    """A desktop with an editor and a terminal."""
    rng = canvas.rng
    canvas.wash([vary(rng, rgb("274a78"), 30), vary(rng, rgb("7a4f86"), 30)])
    canvas.box(0, 0, canvas.width, 4, rgb("1d1f24"))
    canvas.text(2, 2, "Files  Edit  View", 2, rgb("d8dade"), anchor="lm")
    left = canvas.width * 0.05
    canvas.box(left, 9, canvas.width * 0.68, 86, rgb("1e2229"), radius=1)
    canvas.box(left, 9, canvas.width * 0.68, 13, rgb("31363f"), radius=1)
    for button, tone in enumerate(map(rgb, ("e85a4a", "f2be3a", "5ac05a"))):
        canvas.circle(left + 2.4 + button * 2.4, 11, 0.8, tone)
    inks = [rgb("8fc7ff"), rgb("c3e88d"), rgb("f0b87a"), rgb("c8ccd4"), rgb("d79aff")]
    for row in range(26):
        canvas.text(left + 1.4, 16 + row * 2.6, f"{row + 1:2}", 1.7, rgb("5a606a"))
        x = left + 6 + 3 * rng.choice((0, 1, 1, 2))
        for _ in range(rng.randint(0, 5)):
            wide = rng.uniform(2, 10)
            canvas.box(x, 16.5 + row * 2.6, x + wide, 17.8 + row * 2.6, rng.choice(inks), radius=0.5)
            x += wide + 1.2
    canvas.box(canvas.width * 0.5, 50, canvas.width * 0.96, 95, rgb("101214"), radius=1)
    canvas.box(canvas.width * 0.5, 50, canvas.width * 0.96, 54, rgb("3a3f47"), radius=1)
    for row, words in enumerate(
        (
            "$ make test",
            "collected 300 items",
            "....................",
            "300 passed",
            "$ ls photos",
            "by-date  folders  recent",
        )
    ):
        canvas.text(
            canvas.width * 0.52, 57 + row * 5.6, words, 2.7, rgb("9aff9a") if words.startswith("$") else rgb("dfe3e8")
        )


SCENES = (
    Scene(
        "chat",
        ("screenshot", "chat", "message"),
        ("a screenshot of a chat", "messages on a telephone"),
        chat,
        grain=0,
        vignette=0,
    ),
    Scene(
        "map",
        ("screenshot", "map", "route"),
        ("a screenshot of a map with a route", "a street map"),
        street_map,
        grain=0,
        vignette=0,
    ),
    Scene(
        "weather report",
        ("screenshot", "weather"),
        ("a screenshot of a weather report", "temperatures of the week"),
        weather,
        grain=0,
        vignette=0,
    ),
    Scene(
        "ticket",
        ("screenshot", "ticket", "train"),
        ("a screenshot of a train ticket", "a ticket with a square code"),
        ticket,
        grain=0,
        vignette=0,
    ),
    Scene(
        "desktop",
        ("screenshot", "desktop", "computer"),
        ("a screenshot of a desktop with an editor", "a computer screen"),
        desktop,
        grain=0,
        vignette=0,
    ),
)
