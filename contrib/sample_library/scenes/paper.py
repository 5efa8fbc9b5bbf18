"""Paper: letters, receipts, a recipe, a child's drawing, old prints."""

from __future__ import annotations

import math

from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import BLACK, WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.people import CLOTHES, FAMILY, standing
from contrib.sample_library.plants import GREENS, broad_tree
from contrib.sample_library.scene import Scene
from contrib.sample_library.scenes.seaside import harbour, lighthouse
from contrib.sample_library.scenes.town import street
from contrib.sample_library.scenes.travel import train
from contrib.sample_library.skies import OVERCAST, paint_sky

INK = rgb("2a2c33")
LETTERS = (
    (
        "Rental agreement",
        (
            "between Anna Berger and the housing",
            "association Lindenhof. The rent is due",
            "on the third working day of the month.",
            "Keys: two for the front door, one for",
            "the cellar, one for the letter box.",
        ),
    ),
    (
        "Insurance certificate",
        (
            "Policy number 4711-0815-22. Insured are",
            "household goods against fire, water,",
            "storm and theft up to the sum named",
            "overleaf. Please keep this certificate",
            "with your documents.",
        ),
    ),
    (
        "Invoice 2023-118",
        (
            "Repair of one bicycle: new chain, brake",
            "pads, rear wheel trued. Labour 2 hours.",
            "Payable within 14 days without",
            "deduction. Thank you for your order,",
            "Kramer Bicycle Workshop",
        ),
    ),
    (
        "School report",
        (
            "Mia takes part in class with joy. She",
            "reads fluently and writes long stories.",
            "In arithmetic she is sure up to 100.",
            "She helps others and keeps her things",
            "in good order.",
        ),
    ),
)
CLOSING = (
    "Should you have any questions, please call",
    "us on weekdays between nine and noon. We",
    "are glad to help.",
    "",
    "With kind regards",
)
ITEMS = (
    "bread",
    "butter",
    "apples",
    "tomatoes",
    "olive oil",
    "pasta",
    "cheese",
    "coffee",
    "chocolate",
    "lemons",
    "eggs",
    "milk",
)
RECIPES = (
    (
        "Apple pie",
        ("250 g flour", "125 g butter", "80 g sugar, 1 egg", "1 kg apples", "cinnamon, lemon", "45 minutes at 180"),
    ),
    (
        "Lentil soup",
        (
            "300 g lentils",
            "2 carrots, 1 leek",
            "1 onion, garlic",
            "1 bay leaf",
            "vinegar, pepper",
            "simmer for an hour",
        ),
    ),
)


def letter(canvas: Canvas) -> None:
    """A typed letter from the scanner: heading, lines, a signature, a stamp."""
    rng = canvas.rng
    paper = vary(rng, rgb("f6f3ea"), 5)
    canvas.wash([paper, shade(paper, 0.97)])
    heading, lines = rng.choice(LETTERS)
    left, right = canvas.width * 0.12, canvas.width * 0.88
    size = (right - left) / 19
    canvas.text(left, 8, heading, size * 1.45, INK)
    canvas.line([(left, 8 + size * 2), (right, 8 + size * 2)], INK, 0.25)
    y = 12 + size * 2.4
    canvas.text(
        left,
        y,
        f"{rng.randint(1, 28)} {rng.choice(('March', 'June', 'October'))} {rng.randint(2015, 2023)}",
        size,
        mix(INK, paper, 0.2),
    )
    for line in (*lines, "", *CLOSING):
        y += size * 1.75
        if y > 84 - size * 5:
            break
        canvas.text(left, y, line, size, mix(INK, paper, 0.1))
    _signature(canvas, left, y + size * 4, size * 7)
    stamp = rgb("b3403a")
    canvas.arc(right - size * 3, 88, size * 2.4, size * 2.4, start=0, end=360, colour=stamp, width=0.5)
    canvas.text(right - size * 3, 88, "RECEIVED", size * 0.75, stamp, anchor="mm")
    canvas.mottle(0, 100, 0.03, cell=(6, 6))


def _signature(canvas: Canvas, x: float, y: float, length: float) -> None:
    rng = canvas.rng
    steps = 60
    points = [
        (x + length * step / steps, y + math.sin(step * 0.55) * length * 0.07 * rng.uniform(0.3, 1.5))
        for step in range(steps)
    ]
    canvas.line(points, rgb("24408a"), 0.4)


def receipt(canvas: Canvas) -> None:
    """A till receipt on a table."""
    rng = canvas.rng
    wood = vary(rng, rgb("7a5a42"), 12)
    canvas.wash([shade(wood, 1.1), shade(wood, 0.8)])
    canvas.mottle(0, 100, 0.4, cell=(14, 0.8))
    middle, half = canvas.width / 2, 24
    canvas.shadow(middle + 1, 52, half * 1.5, 66, 0.9)
    canvas.box(middle - half, 3, middle + half, 98, rgb("fbfaf6"), rgb("e9e6dd"))
    shop = rng.choice(("CORNER SHOP", "MARKET HALL", "FARM STORE"))
    canvas.text(middle, 9, shop, 4.6, INK, anchor="mm")
    canvas.text(middle, 14.5, "Thank you for your visit", 2.6, INK, anchor="mm")
    y, total = 21.0, 0
    for item in rng.sample(ITEMS, 8):
        cents = rng.randint(79, 899)
        total += cents
        canvas.text(middle - half + 4, y, item, 3.4, INK)
        canvas.text(middle + half - 4, y, f"{cents / 100:.2f}", 3.4, INK, anchor="ra")
        y += 5.4
    canvas.line([(middle - half + 4, y + 1), (middle + half - 4, y + 1)], INK, 0.3)
    canvas.text(middle - half + 4, y + 3, "TOTAL", 4.4, INK)
    canvas.text(middle + half - 4, y + 3, f"{total / 100:.2f}", 4.4, INK, anchor="ra")
    x = middle - half + 6
    while x < middle + half - 6:
        wide = rng.choice((0.3, 0.6, 0.9))
        canvas.box(x, 80, x + wide, 92, BLACK)
        x += wide + rng.choice((0.4, 0.8))


def recipe(canvas: Canvas) -> None:
    """A recipe written on a squared card."""
    rng = canvas.rng
    canvas.wash([vary(rng, rgb("b7a58a"), 12), rgb("94816a")])
    canvas.shadow(canvas.width / 2 + 2, 53, canvas.width * 0.55, 58, 0.8)
    left, right = canvas.width * 0.08, canvas.width * 0.92
    paper = vary(rng, rgb("fbf6e6"), 5)
    canvas.box(left, 6, right, 94, paper, shade(paper, 0.94))
    for step in range(24):
        canvas.line([(left, 8 + step * 3.7), (right, 8 + step * 3.7)], rgb("c9d8e6"), 0.15)
    title, lines = rng.choice(RECIPES)
    ink = rng.choice((rgb("24408a"), rgb("3a2a26")))
    canvas.text(left + 6, 11, title, 9, rgb("a8322c"))
    canvas.line([(left + 6, 23), (left + 60, 22.4)], rgb("a8322c"), 0.5)
    for row, line in enumerate(lines):
        canvas.text(left + 8 + rng.uniform(-0.6, 0.6), 28 + row * 10.4, f"- {line}", 6.4, ink)
    for _ in range(3):
        canvas.glow(rng.uniform(left, right), rng.uniform(10, 90), rng.uniform(3, 7), rgb("b08a4c"), 0.25)


def childs_drawing(canvas: Canvas) -> None:
    """A house, the sun and the family in crayon."""
    rng = canvas.rng
    canvas.wash([rgb("fdfcf7"), rgb("f4f1e8")])
    crayons = [rgb("e23b32"), rgb("2f7fd6"), rgb("3da34a"), rgb("f2b92c"), rgb("8a4fb5"), rgb("8a5a34")]

    def scribble(points: list[tuple[float, float]], colour: Colour, width: float = 0.9) -> None:
        for _ in range(2):
            canvas.line(
                [(x + rng.uniform(-0.6, 0.6), y + rng.uniform(-0.6, 0.6)) for x, y in points],
                vary(rng, colour, 14),
                width,
            )

    for blade in range(0, round(canvas.width), 2):
        scribble([(blade, 88 + rng.uniform(-2, 2)), (blade + 1, 97)], crayons[2], 1.1)
    sun = (canvas.width * 0.85, 17.0)
    for ray in range(14):
        turn = math.tau * ray / 14
        scribble(
            [
                (sun[0] + math.cos(turn) * 10, sun[1] + math.sin(turn) * 10),
                (sun[0] + math.cos(turn) * 15, sun[1] + math.sin(turn) * 15),
            ],
            crayons[3],
        )
    for ring in range(8):
        canvas.arc(*sun, 8 - ring, 8 - ring, start=0, end=360, colour=crayons[3], width=0.9)
    x = canvas.width * rng.uniform(0.06, 0.14)
    wall = rng.choice(crayons)
    scribble([(x, 88), (x, 52), (x + 34, 52), (x + 34, 88), (x, 88)], wall, 1.2)
    scribble([(x - 3, 52), (x + 17, 32), (x + 37, 52), (x - 3, 52)], crayons[0], 1.2)
    for step in range(9):
        scribble([(x + 2 + step * 2, 50 - step * 1.8), (x + 32 - step * 2, 50 - step * 1.8)], crayons[0], 0.8)
    scribble([(x + 14, 88), (x + 14, 70), (x + 22, 70), (x + 22, 88)], crayons[5], 1.1)
    for window in (x + 4, x + 25):
        scribble([(window, 58), (window + 6, 58), (window + 6, 65), (window, 65), (window, 58)], crayons[1])
    for number, at in enumerate(spread(rng, x + 46, canvas.width - 6, 3)):
        tall = (34, 30, 18)[number]
        scribble([(at, 88 - tall * 0.72), (at, 88 - tall * 0.32), (at - 3, 90)], rng.choice(crayons), 1.1)
        scribble([(at, 88 - tall * 0.32), (at + 3, 90)], crayons[1], 1.1)
        scribble(
            [(at - 6, 88 - tall * 0.48), (at, 88 - tall * 0.62), (at + 6, 88 - tall * 0.48)], rng.choice(crayons), 1.1
        )
        canvas.arc(at, 88 - tall * 0.86, tall * 0.13, tall * 0.13, start=0, end=360, colour=crayons[5], width=1)
        canvas.arc(at, 88 - tall * 0.86, tall * 0.07, tall * 0.06, start=20, end=160, colour=crayons[0], width=0.6)
    canvas.text(
        canvas.width * 0.5,
        4,
        rng.choice(("MY FAMILY", "FOR GRANDMA", "OUR HOUSE")),
        7,
        rng.choice(crayons),
        anchor="ma",
    )


def old_print(canvas: Canvas) -> None:
    """A yellowed print of long ago: the family, a street, a train, the sea."""
    canvas.rng.choice((_family_of_old, street, train, harbour, lighthouse))(canvas)
    canvas.age()


def _family_of_old(canvas: Canvas) -> None:
    rng = canvas.rng
    paint_sky(canvas, OVERCAST, 66)
    for x in spread(rng, 0, canvas.width, 4):
        broad_tree(canvas, x, 70, rng.uniform(40, 60), rng.choice(GREENS))
    canvas.wash([rgb("98a878"), rgb("5f6f48")], 66, 100)
    people = rng.sample(FAMILY, 5)
    for x, person in zip(spread(rng, canvas.width * 0.14, canvas.width * 0.86, 5), people, strict=True):
        standing(canvas, person, x, 90, height=60, clothes=shade(rng.choice(CLOTHES), 0.7))


def whiteboard(canvas: Canvas) -> None:
    """A whiteboard after a meeting: boxes, arrows, a curve."""
    rng = canvas.rng
    canvas.wash([rgb("9aa0a4"), rgb("7d8286")])
    canvas.box(5, 6, canvas.width - 5, 94, rgb("b9bdc0"))
    canvas.box(7, 8, canvas.width - 7, 92, rgb("fdfdfc"), rgb("e9ebec"))
    canvas.glow(canvas.width * 0.7, 24, 30, WHITE, 0.8)
    pens = [rgb("1f3f9a"), rgb("b3261e"), rgb("1f7a3a"), rgb("26262a")]
    canvas.text(14, 13, rng.choice(("PLAN FOR JUNE", "WORKSHOP", "IDEAS")), 8, pens[3])
    words = rng.sample(("collect", "sort", "test", "build", "ask", "measure", "show"), 4)
    step = (canvas.width - 30) / 4
    for number, word in enumerate(words):
        x, y = 15 + step * number, 34 + (number % 2) * 10
        canvas.arc(x + step * 0.38, y + 6, step * 0.4, 7.5, start=0, end=360, colour=pens[number % 3], width=0.7)
        canvas.text(x + step * 0.38, y + 6, word, min(5.5, step * 0.17), pens[3], anchor="mm")
        if number < 3:
            canvas.line([(x + step * 0.8, y + 6), (x + step * 0.96, y + 8)], pens[3], 0.7)
    canvas.line([(18, 86), (18, 60)], pens[3], 0.7)
    canvas.line([(18, 86), (70, 86)], pens[3], 0.7)
    canvas.curve([(18, 84), (36, 84), (40, 62), (68, 60)], pens[1], 0.9)
    for row in range(4):
        canvas.text(
            80,
            61 + row * 7,
            f"{row + 1}. {rng.choice(words)} it {rng.choice(('first', 'again', 'later'))}",
            4.6,
            pens[0],
        )


SCENES = (
    Scene(
        "letter",
        ("document", "letter", "scan"),
        ("a scanned document with text", "a typed letter"),
        letter,
        grain=0,
        vignette=0,
    ),
    Scene("receipt", ("receipt", "document", "shopping"), ("a till receipt on a table", "a shopping receipt"), receipt),
    Scene("recipe", ("recipe", "kitchen", "document"), ("a recipe on a card", "a written recipe"), recipe),
    Scene(
        "child's drawing",
        ("drawing", "child", "crayon"),
        ("a child's drawing of a house and the sun", "a drawing in crayon"),
        childs_drawing,
        grain=3,
        vignette=0,
    ),
    Scene(
        "old print", ("old", "family", "sepia"), ("an old sepia photograph", "a yellowed print"), old_print, grain=14
    ),
    Scene(
        "whiteboard",
        ("whiteboard", "work", "notes"),
        ("a whiteboard with boxes and arrows", "notes on a whiteboard"),
        whiteboard,
    ),
)
