"""Animals and flowers, near enough to touch."""

from __future__ import annotations

import math

from contrib.sample_library.animals import COATS, bird, cat, dog
from contrib.sample_library.canvas import Canvas, spread
from contrib.sample_library.colour import WHITE, Colour, mix, rgb, shade, vary
from contrib.sample_library.plants import GREENS, blossom, broad_tree, grass, leaf
from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import DAY, MORNING, OVERCAST, SUNSET, foam, paint_sky, paint_water

PETALS = (
    (rgb("e84a6f"), rgb("f5c542")),
    (rgb("f7f3ee"), rgb("f0b429")),
    (rgb("8d5fc9"), rgb("f6d55c")),
    (rgb("f2923c"), rgb("7a3b1c")),
    (rgb("f3b7cf"), rgb("c24a6a")),
    (rgb("5a86d6"), rgb("fdf1b8")),
)


def _bokeh(canvas: Canvas, colours: tuple[Colour, ...], count: int = 40) -> None:
    """A background far out of focus."""
    rng = canvas.rng
    canvas.wash([vary(rng, rng.choice(colours), 15), shade(rng.choice(colours), 0.7)])
    for _ in range(count):
        tone = vary(rng, rng.choice(colours), 22)
        canvas.glow(
            rng.uniform(0, canvas.width),
            rng.uniform(0, 100),
            rng.uniform(5, 22),
            shade(tone, rng.uniform(0.6, 1.4)),
            0.5,
        )


def _room(canvas: Canvas) -> None:
    """A room with a window and a rug."""
    rng = canvas.rng
    wall = vary(rng, rng.choice((rgb("d8cdb8"), rgb("a9bfc4"), rgb("c9a99a"), rgb("8f9f88"))), 10)
    canvas.wash([wall, shade(wall, 0.86)], 0, 66)
    x = canvas.width * rng.uniform(0.1, 0.6)
    canvas.box(x - 2, 4, x + 36, 48, shade(WHITE, 0.96))
    canvas.box(x, 6, x + 34, 46, rgb("8fc3ea"), rgb("d8ecf6"))
    canvas.ellipse(x + 9, 47, 12, 10, rgb("7da35a"))
    canvas.box(x, 46, x + 34, 49, shade(WHITE, 0.9))
    canvas.line([(x + 17, 6), (x + 17, 46)], WHITE, 1.4)
    canvas.blur(0.7)
    floor = vary(rng, rgb("9a6b44"), 12)
    canvas.wash([shade(floor, 1.1), shade(floor, 0.75)], 66, 100)
    canvas.mottle(66, 100, 0.3, cell=(12, 1))
    rug = vary(rng, rng.choice((rgb("a8423c"), rgb("3f5f8a"), rgb("d9c7a3"), rgb("5d7a5f"))), 12)
    canvas.ellipse(canvas.width / 2, 93, canvas.width * 0.47, 16, rug, shade(rug, 0.8))
    canvas.ellipse(canvas.width / 2, 93, canvas.width * 0.41, 13.4, shade(rug, 1.15), shade(rug, 0.9))


def _lawn(canvas: Canvas) -> None:
    rng = canvas.rng
    paint_sky(canvas, rng.choice((DAY, MORNING)), 62)
    canvas.ridge(56, 8, rgb("7fa06a"), roughness=0.7)
    for x in spread(rng, 0, canvas.width, 4):
        broad_tree(canvas, x, 62, rng.uniform(24, 40), rng.choice(GREENS))
    canvas.blur(0.9)
    canvas.wash([rgb("93b45a"), rgb("4f7f34")], 60, 100)
    grass(canvas, 60, 103, rgb("5f8f3c"), 380)


def _seaside(canvas: Canvas) -> None:
    paint_sky(canvas, DAY, 40)
    paint_water(canvas, DAY, 39, 60)
    canvas.wash([rgb("ecd6a6"), rgb("cfae74")], 58, 100)
    foam(canvas, 59)
    canvas.mottle(60, 100, 0.25, cell=(0.9, 0.5))


def cat_picture(canvas: Canvas) -> None:
    """A cat that sits on a rug or in a garden."""
    rng = canvas.rng
    rng.choice((_room, _room, _lawn))(canvas)
    coat = rng.choice(("black", "grey", "ginger", "white", "ginger"))
    canvas.traits.append(f"{coat} cat")
    x = canvas.width * rng.uniform(0.35, 0.65)
    foot = rng.uniform(90, 96)
    height = rng.uniform(52, 72)
    canvas.shadow(x, foot, height * 0.6, height * 0.13, 0.8)
    cat(canvas, x, foot, height, vary(rng, COATS[coat], 8))


def dog_picture(canvas: Canvas) -> None:
    """A dog on a lawn or on a beach."""
    rng = canvas.rng
    rng.choice((_lawn, _seaside))(canvas)
    coat = rng.choice(("black", "brown", "golden", "white"))
    canvas.traits.append(f"{coat} dog")
    x = canvas.width * rng.uniform(0.42, 0.58)
    height = rng.uniform(42, 54)
    canvas.shadow(x, 92, height * 0.85, height * 0.12, 0.8)
    dog(canvas, x, 92, height, vary(rng, COATS[coat], 8))


def bird_picture(canvas: Canvas) -> None:
    """A small bird on a branch."""
    rng = canvas.rng
    _bokeh(canvas, (rgb("7fa35a"), rgb("a9c98a"), rgb("5f8a5a"), rgb("d3dca8")))
    slope = rng.uniform(-8, 8)
    canvas.line([(-2, 74 + slope), (canvas.width * 0.5, 72), (canvas.width + 2, 74 - slope)], rgb("5a4334"), 4.5)
    canvas.line([(-2, 73 + slope), (canvas.width * 0.5, 71), (canvas.width + 2, 73 - slope)], rgb("8a6a50"), 1.6)
    for x in spread(rng, 0, canvas.width, 7):
        for turn in (-1.9, -1.1, 1.2):
            leaf(
                canvas,
                (x, 73),
                turn + rng.uniform(-0.4, 0.4),
                rng.uniform(7, 13),
                half=2.4,
                colour=vary(rng, rng.choice(GREENS), 16),
            )
    body = vary(rng, rng.choice((rgb("d8623a"), rgb("4a86c0"), rgb("e0b53a"), rgb("8a6f5a"))), 10)
    bird(canvas, canvas.width * rng.uniform(0.42, 0.58), 71, rng.uniform(36, 46), body)


def flower(canvas: Canvas) -> None:
    """One or two large flowers before a blurred garden."""
    rng = canvas.rng
    _bokeh(canvas, (rgb("4f7f45"), rgb("6f9f55"), rgb("2f5a3a"), rgb("a3bf6a")))
    colours = rng.choice(PETALS)
    blooms = [(canvas.width * rng.uniform(0.4, 0.6), rng.uniform(40, 52), rng.uniform(26, 33))]
    if rng.random() < 0.5:
        blooms.insert(0, (canvas.width * rng.choice((0.16, 0.84)), rng.uniform(56, 70), rng.uniform(14, 18)))
    for x, y, radius in blooms:
        stem = [(x, y), (x + rng.uniform(-4, 4), 78), (x + rng.uniform(-10, 10), 104)]
        canvas.line(stem, rgb("3f6f2f"), radius * 0.1)
        for turn in (-0.5, -2.6):
            leaf(
                canvas,
                stem[1],
                turn + rng.uniform(-0.3, 0.3),
                radius * 0.95,
                half=radius * 0.2,
                colour=vary(rng, rgb("4a8a3a"), 12),
            )
        petal, heart = colours
        blossom(canvas, (x, y), radius, rng.choice((8, 11, 14, 17)), (vary(rng, petal, 10), heart))


def sunflowers(canvas: Canvas) -> None:
    """A field of sunflowers to the horizon."""
    rng = canvas.rng
    light = rng.choice((DAY, SUNSET, OVERCAST))
    paint_sky(canvas, light, 46)
    canvas.ridge(46, 8, mix(rgb("6f8f5a"), light.sky[-1], 0.5))
    dim = light.dim + 0.15
    canvas.wash([shade(rgb("c9b23c"), dim), shade(rgb("5d7a2c"), dim), shade(rgb("3d5a22"), dim)], 46, 100)
    petal, heart = shade(rgb("f4bd22"), dim), shade(rgb("5a3418"), dim)
    for depth in sorted(rng.random() ** 0.65 for _ in range(150)):
        y, radius = 47 + 52 * depth, 0.6 + 9 * depth**2.2
        x = rng.uniform(-4, canvas.width + 4)
        canvas.line([(x, y), (x, y + radius * 2.4)], shade(rgb("4f7a2c"), dim), radius * 0.2)
        if radius < 2.2:
            canvas.ellipse(x, y, radius, radius * 0.8, petal)
            canvas.circle(x, y, radius * 0.4, heart)
        else:
            leaf(
                canvas,
                (x, y + radius * 1.6),
                rng.choice((0.4, 2.7)),
                radius * 1.3,
                half=radius * 0.4,
                colour=shade(rgb("5a8a34"), dim),
            )
            blossom(canvas, (x, y), radius, 15, (vary(rng, petal, 8), heart))
            canvas.circle(x, y, radius * 0.4, shade(heart, 0.8), heart)


def tulips(canvas: Canvas) -> None:
    """Rows of tulips, a windmill at the horizon."""
    rng = canvas.rng
    paint_sky(canvas, DAY, 44)
    canvas.wash([rgb("7fa05a"), rgb("4c7a3a")], 43, 100)
    x = canvas.width * rng.uniform(0.2, 0.8)
    _windmill(canvas, x, 45, rng.uniform(24, 32))
    tones = [vary(rng, tone, 8) for tone in map(rgb, ("d8322f", "f2c233", "e8749a", "f4f0ea", "7a4aa8", "ef7f3a"))]
    rng.shuffle(tones)
    for row in range(19):
        depth = (row / 18) ** 1.5
        y, size = 46 + 57 * depth, 0.8 + 5.4 * depth
        tone = tones[row // 4 % len(tones)]
        for at in range(int(canvas.width / size / 1.15) + 3):
            _tulip(
                canvas,
                at * size * 1.15 + rng.uniform(-0.3, 0.3) * size,
                y + rng.uniform(-0.2, 0.2) * size,
                size,
                vary(rng, tone, 10),
            )


def _tulip(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    canvas.line([(x, y), (x, y + size * 2)], rgb("4a7f3a"), size * 0.16)
    if size > 2.4:
        leaf(canvas, (x, y + size * 2), -1.9, size * 1.7, half=size * 0.2, colour=rgb("5a9446"))
    canvas.ellipse(x, y, size * 0.46, size * 0.62, shade(colour, 0.9), shade(colour, 0.7))
    for side in (-1, 1):
        canvas.ellipse(
            x + side * size * 0.2, y + size * 0.05, size * 0.28, size * 0.6, shade(colour, 1.12), shade(colour, 0.8)
        )


def _windmill(canvas: Canvas, x: float, foot: float, height: float) -> None:
    wood = rgb("6b4f3f")
    canvas.polygon(
        [
            (x - height * 0.13, foot - height * 0.75),
            (x + height * 0.13, foot - height * 0.75),
            (x + height * 0.22, foot),
            (x - height * 0.22, foot),
        ],
        wood,
        shade(wood, 0.75),
    )
    canvas.ellipse(x, foot - height * 0.76, height * 0.15, height * 0.12, rgb("8a3b2c"))
    turn = canvas.rng.uniform(0, math.pi / 2)
    for sail in range(4):
        angle = turn + sail * math.pi / 2
        end = (x + math.cos(angle) * height * 0.5, foot - height * 0.78 + math.sin(angle) * height * 0.5)
        canvas.line([(x, foot - height * 0.78), end], rgb("efe9dc"), height * 0.05)


SCENES = (
    Scene("cat", ("cat", "pet", "animal"), ("a cat that sits and looks at the camera", "a pet cat"), cat_picture),
    Scene("dog", ("dog", "pet", "animal"), ("a dog with its tongue out", "a dog outdoors"), dog_picture),
    Scene("bird", ("bird", "branch", "animal"), ("a small bird on a branch", "a bird in a tree"), bird_picture),
    Scene("flower", ("flower", "garden", "macro"), ("a close-up of a flower", "a flower in a garden"), flower),
    Scene(
        "sunflowers",
        ("sunflowers", "field", "flowers", "summer"),
        ("a field of sunflowers", "yellow sunflowers under the sky"),
        sunflowers,
    ),
    Scene(
        "tulips",
        ("tulips", "flowers", "windmill", "spring"),
        ("rows of tulips with a windmill", "a field of colourful tulips"),
        tulips,
    ),
)
