"""People: portraits, groups, weddings, a child with balloons, hikers, skiers."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.people import CLOTHES, FAMILY, Person, bust, somebody, standing
from contrib.sample_library.plants import AUTUMN, GREENS, blossom, broad_tree, grass, pine
from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import DAY, MORNING, SUNSET, foam, paint_sky, paint_water


def _garden(canvas: Canvas) -> None:
    rng = canvas.rng
    paint_sky(canvas, rng.choice((DAY, MORNING)), 68)
    for x in spread(rng, -4, canvas.width + 4, 5):
        broad_tree(canvas, x, 70, rng.uniform(46, 70), rng.choice(GREENS + AUTUMN[:2]))
    canvas.wash([rgb("8fae58"), rgb("567f38")], 66, 100)


def _coast(canvas: Canvas) -> None:
    light = canvas.rng.choice((DAY, SUNSET))
    paint_sky(canvas, light, 52)
    paint_water(canvas, light, 51, 76)
    canvas.wash([rgb("e3cb9a"), rgb("c2a06a")] if light is DAY else [rgb("8a6152"), rgb("5a3c3c")], 74, 100)
    foam(canvas, 75)


def _wall(canvas: Canvas) -> None:
    rng = canvas.rng
    tone = vary(rng, rng.choice((rgb("8f9aa3"), rgb("b5a48c"), rgb("6f7f6f"), rgb("a88a80"))), 12)
    canvas.wash([shade(tone, 1.15), tone, shade(tone, 0.75)])
    canvas.glow(canvas.width * 0.3, 25, 80, WHITE, 0.25)


def portrait(canvas: Canvas) -> None:
    """Somebody's head and shoulders, the place behind out of focus."""
    rng = canvas.rng
    rng.choice((_garden, _coast, _wall))(canvas)
    canvas.blur(1.6)
    person, clothes = somebody(rng)
    bust(
        canvas,
        person,
        canvas.width * rng.uniform(0.42, 0.58),
        rng.uniform(42, 47),
        rng.uniform(22, 26),
        clothes=clothes,
    )


def friends(canvas: Canvas) -> None:
    """Two or three faces close together."""
    rng = canvas.rng
    rng.choice((_garden, _coast))(canvas)
    canvas.blur(1.3)
    people = rng.sample(FAMILY, rng.choice((2, 3)))
    gap = canvas.width / (len(people) + 0.4)
    for number, person in enumerate(people):
        x = gap * (number + 0.7) + rng.uniform(-2, 2)
        y = 46 + (1 - person.tall) * 30 + rng.uniform(-3, 3)
        bust(canvas, person, x, y, rng.uniform(16, 18), clothes=vary(rng, rng.choice(CLOTHES), 12))


def group(canvas: Canvas) -> None:
    """The family in a row, from head to foot."""
    rng = canvas.rng
    rng.choice((_garden, _coast))(canvas)
    canvas.blur(0.6)
    people = rng.sample(FAMILY, rng.randint(4, 6))
    middle = canvas.width / 2
    for x, person in zip(spread(rng, middle - 44, middle + 44, len(people)), people, strict=True):
        canvas.shadow(x, 94, 13, 4)
        standing(canvas, person, x, 94, height=rng.uniform(62, 70), clothes=vary(rng, rng.choice(CLOTHES), 12))


def wedding(canvas: Canvas) -> None:
    """A bride and a groom under an arch of flowers."""
    rng = canvas.rng
    _garden(canvas)
    canvas.blur(1.2)
    x, foot = canvas.width / 2, 95
    for step in range(38):
        turn = math.pi * (1 + step / 37)
        at = (x + math.cos(turn) * 35 + rng.uniform(-2, 2), 50 + math.sin(turn) * 43 + rng.uniform(-2, 2))
        canvas.circle(*at, rng.uniform(2.5, 4.5), vary(rng, rgb("4f7f45"), 20))
    for side in (-1, 1):
        for y in spread(rng, 48, 96, 12):
            canvas.circle(x + side * 35 + rng.uniform(-2, 2), y, rng.uniform(2.5, 4.5), vary(rng, rgb("4f7f45"), 20))
    for step in range(22):
        turn = math.pi * (1 + step / 21)
        petal = vary(rng, rng.choice((rgb("f4d9df"), rgb("f7f2ea"), rgb("e8a3b4"))), 8)
        blossom(
            canvas, (x + math.cos(turn) * 35, 50 + math.sin(turn) * 43), rng.uniform(2.4, 4), 7, (petal, rgb("f0d070"))
        )
    bride, groom = rng.sample([person for person in FAMILY if person.tall > 0.9 and not person.has_glasses], 2)
    bride = Person(bride.name, bride.skin, bride.hair, is_long_haired=True)
    standing(canvas, groom, x + 11, foot, height=68, clothes=rgb("2b303a"))
    canvas.polygon([(x + 8.6, 41), (x + 13.4, 41), (x + 11, 56)], WHITE)
    canvas.polygon([(x + 9, 42.4), (x + 13, 44.6), (x + 13, 42.4), (x + 9, 44.6)], BLACK)
    standing(canvas, bride, x - 11, foot, height=64, clothes=rgb("f6f2ec"))
    canvas.polygon([(x - 17, 64), (x - 5, 64), (x + 5, 97), (x - 27, 97)], rgb("fbf8f3"), rgb("d9d3ca"))
    for fold in (-18, -12, -6):
        canvas.line([(x - 11 + (fold + 11) * 0.4, 67), (x + fold * 1.15 + 2, 96)], rgb("d8d2c8"), 0.5)
    for _ in range(7):
        blossom(
            canvas,
            (x - 10 + rng.uniform(-3, 3), 61 + rng.uniform(-3, 3)),
            2.4,
            7,
            (vary(rng, rgb("e8839a"), 20), rgb("f6dc7a")),
        )


def child_with_balloons(canvas: Canvas) -> None:
    """A child who holds a bunch of balloons."""
    rng = canvas.rng
    paint_sky(canvas, DAY, 80)
    canvas.ridge(78, 7, rgb("8fb06a"), rgb("6f9a4c"))
    grass(canvas, 80, 104, rgb("5f8f3f"), 320)
    x, foot = canvas.width * rng.uniform(0.35, 0.6), 94
    hand = (x + 6.5, foot - 18)
    for _ in range(rng.randint(5, 9)):
        at_x, at_y = x + rng.uniform(-6, 34), rng.uniform(12, 42)
        tone = vary(rng, rng.choice((rgb("e8443a"), rgb("f2c12e"), rgb("3f8fd6"), rgb("5fb45a"), rgb("c85ab0"))), 12)
        canvas.line([hand, (at_x, at_y + 9)], rgb("7a7a78"), 0.25)
        canvas.polygon([(at_x - 1.2, at_y + 10.4), (at_x + 1.2, at_y + 10.4), (at_x, at_y + 8)], shade(tone, 0.7))
        canvas.ellipse(at_x, at_y, 7.4, 9, shade(tone, 1.1), shade(tone, 0.72))
        canvas.glow(at_x - 2.6, at_y - 3.4, 3.6, WHITE, 0.7)
    child = rng.choice([person for person in FAMILY if person.tall < 0.8])
    standing(canvas, child, x, foot, height=62, clothes=vary(rng, rng.choice(CLOTHES), 12))


def hiking(canvas: Canvas) -> None:
    """Hikers with rucksacks on a ridge, mountains behind."""
    rng = canvas.rng
    light = rng.choice((DAY, MORNING))
    paint_sky(canvas, light, 84)
    for layer in range(3):
        tone = mix(rgb("4f6a78"), light.sky[-1], 0.68 - 0.2 * layer)
        canvas.ridge(58 + layer * 9, 30 - layer * 6, tone, shade(tone, 0.85), roughness=0.62)
    crest = canvas.ridge(90, 12, rgb("7d9a52"), rgb("4f6f34"), roughness=0.4)
    grass(canvas, 92, 104, rgb("5f7f3c"), 420)
    start = rng.randint(45, 75)
    for number in range(rng.randint(1, 3)):
        x, y = crest[start + number * 22]
        person, clothes = somebody(rng)
        sack = vary(rng, rng.choice(CLOTHES), 14)
        size = 38 * person.tall
        canvas.box(x - size * 0.17, y - size * 0.78, x + size * 0.17, y - size * 0.4, sack, shade(sack, 0.7), radius=1)
        standing(canvas, person, x, y + 1, height=38, clothes=clothes)
        canvas.line([(x + size * 0.26, y - size * 0.4), (x + size * 0.34, y + 1)], rgb("4a3a2c"), 0.5)


def skiing(canvas: Canvas) -> None:
    """Skiers on a white slope between pines."""
    rng = canvas.rng
    paint_sky(canvas, DAY, 60)
    canvas.ridge(50, 26, mix(rgb("dfe8f2"), DAY.sky[-1], 0.3), rgb("a9bdd3"), roughness=0.6)
    slope = rng.choice((-1, 1)) * rng.uniform(10, 22)
    canvas.polygon(
        [(-1, 62 + slope), (canvas.width + 1, 62 - slope), (canvas.width + 1, 101), (-1, 101)],
        rgb("f7fafd"),
        rgb("cfdcea"),
    )
    canvas.mottle(64, 100, 0.1, cell=(4, 1))
    for x in spread(rng, 0, canvas.width, 7):
        foot = 64 + slope * (1 - 2 * x / canvas.width) + rng.uniform(0, 6)
        pine(canvas, x, foot, rng.uniform(14, 26), rgb("2a5640"), snow=True)
    for _ in range(rng.randint(1, 3)):
        x, foot = rng.uniform(18, canvas.width - 18), rng.uniform(80, 94)
        person, clothes = somebody(rng)
        size = (foot - 60) * 1.0
        for track in (-0.1, 0.1):
            canvas.line(
                [
                    (x + track * size, foot),
                    (x + size * 0.9 * math.copysign(1, slope) + track * size, foot - size * 0.5),
                ],
                rgb("c3d2e2"),
                0.5,
            )
        _skier(canvas, person, x, foot, size=size, clothes=clothes)


def _skier(canvas: Canvas, person: Person, x: float, foot: float, *, size: float, clothes: Colour) -> None:
    standing(canvas, person, x, foot, height=size, clothes=clothes)
    tall = size * person.tall
    for side in (-1, 1):
        canvas.line(
            [(x + side * tall * 0.09 - tall * 0.22, foot + 0.8), (x + side * tall * 0.09 + tall * 0.28, foot - 0.2)],
            vary(canvas.rng, rgb("d23a3a"), 40),
            tall * 0.035,
        )
        canvas.line(
            [(x + side * tall * 0.24, foot - tall * 0.45), (x + side * tall * 0.36, foot)], rgb("55585c"), tall * 0.02
        )
    canvas.ellipse(x, foot - tall * 0.955, tall * 0.085, tall * 0.06, clothes)


SCENES = (
    Scene("portrait", ("portrait", "person", "face"), ("a portrait of a smiling person", "a person's face"), portrait),
    Scene("friends", ("people", "friends", "faces"), ("friends close together", "smiling people"), friends),
    Scene("family", ("family", "group", "people"), ("a family standing in a row", "a group of people"), group),
    Scene(
        "wedding",
        ("wedding", "bride", "groom", "people"),
        ("a bride and a groom under flowers", "a wedding couple"),
        wedding,
    ),
    Scene(
        "child with balloons",
        ("child", "balloons", "party"),
        ("a child with balloons", "a child holding colourful balloons"),
        child_with_balloons,
    ),
    Scene(
        "hiking",
        ("hiking", "mountains", "people"),
        ("hikers on a ridge", "people with rucksacks in the mountains"),
        hiking,
    ),
    Scene(
        "skiing",
        ("skiing", "snow", "winter", "people"),
        ("skiers on a snowy slope", "people skiing in the mountains"),
        skiing,
    ),
)
