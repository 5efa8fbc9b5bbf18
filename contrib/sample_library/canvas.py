"""A canvas in units of a hundredth of its height, with the strokes that the scenes are painted with.

Painted twice as large and reduced at the end, so that edges are smooth. Everything random comes from the canvas's
own generator: the same seed paints the same pixels.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from contrib.sample_library.colour import Colour, mix

OVERSAMPLING = 2
HEIGHT = 100.0
GRADIENT_FROM = 14  # pixels: below, nobody sees one
Point = tuple[float, float]


class Canvas:
    """A picture being painted. x runs from 0 to `width`, y from 0 (top) to 100.

    traits: what the painter chose, in words ("sunset", "red car"): true of this picture, not of its whole scene.
    """

    def __init__(self, rng: random.Random, size: tuple[int, int]) -> None:
        self.rng = rng
        self.traits: list[str] = []
        self.width = HEIGHT * size[0] / size[1]
        self._size = size
        self._scale = size[1] * OVERSAMPLING / HEIGHT
        self._noise = np.random.default_rng(rng.getrandbits(64))
        self._show(Image.new("RGB", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)))

    def _show(self, image: Image.Image) -> None:
        self._image = image
        self._pen = ImageDraw.Draw(image)

    def _pixels(self, *lengths: float) -> list[int]:
        return [round(length * self._scale) for length in lengths]

    def _points(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]

    # ---- areas ----

    def wash(self, colours: Sequence[Colour], y0: float = 0, y1: float = HEIGHT) -> None:
        """Fill the whole width from y0 to y1, through the colours from top to bottom."""
        top, bottom = self._pixels(y0, y1)
        if bottom > top:
            self._image.paste(_gradient(colours, (self._image.width, bottom - top)), (0, top))

    def polygon(self, points: Sequence[Point], *colours: Colour) -> None:
        """Fill a polygon; with several colours, through them from top to bottom."""
        self._shape(ImageDraw.ImageDraw.polygon, points, colours)

    def ellipse(self, x: float, y: float, rx: float, ry: float, *colours: Colour) -> None:
        """Fill an ellipse around (x, y)."""
        self._shape(ImageDraw.ImageDraw.ellipse, [(x - rx, y - ry), (x + rx, y + ry)], colours)

    def circle(self, x: float, y: float, radius: float, *colours: Colour) -> None:
        """Fill a circle around (x, y)."""
        self.ellipse(x, y, radius, radius, *colours)

    def box(self, x0: float, y0: float, x1: float, y1: float, *colours: Colour, radius: float = 0) -> None:
        """Fill a rectangle, its corners rounded by `radius`."""
        corners = [(min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))]
        self._shape(ImageDraw.ImageDraw.rounded_rectangle, corners, colours, radius=radius * self._scale)

    def _shape(
        self, stroke: Callable[..., None], points: Sequence[Point], colours: Sequence[Colour], **options: float
    ) -> None:
        at = self._points(points)
        left, top, right, bottom = _bounds(at)
        if len(colours) == 1 or bottom - top < GRADIENT_FROM:
            stroke(self._pen, at, fill=mix(colours[0], colours[-1], 0.4), **options)
            return
        mask = Image.new("L", (right - left, bottom - top))
        stroke(ImageDraw.Draw(mask), [(x - left, y - top) for x, y in at], fill=255, **options)
        self._image.paste(_gradient(colours, mask.size), (left, top), mask)

    # ---- strokes ----

    def line(self, points: Sequence[Point], colour: Colour, width: float = 0.5) -> None:
        """Draw through the points, with round joints and ends."""
        (pixels,) = self._pixels(width)
        at = self._points(points)
        self._pen.line(at, fill=colour, width=max(1, pixels), joint="curve")
        if pixels > OVERSAMPLING * 2:
            for x, y in (at[0], at[-1]):
                half = pixels / 2
                self._pen.ellipse((x - half, y - half, x + half, y + half), fill=colour)

    def curve(self, points: Sequence[Point], colour: Colour, width: float = 0.5) -> None:
        """Draw the Bezier curve that leaves the first point towards the second and ends in the last."""
        self.line(bezier(points), colour, width)

    def arc(
        self, x: float, y: float, rx: float, ry: float, *, start: float, end: float, colour: Colour, width: float
    ) -> None:
        """Draw a part of an ellipse, degrees clockwise from three o'clock."""
        turns = [math.radians(start + (end - start) * step / 24) for step in range(25)]
        self.line([(x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns], colour, width)

    def text(self, x: float, y: float, words: str, size: float, colour: Colour, *, anchor: str = "la") -> None:
        """Write words; `size` is their height in units, `anchor` as in Pillow."""
        font = ImageFont.load_default(size * self._scale)
        self._pen.text((x * self._scale, y * self._scale), words, fill=colour, font=font, anchor=anchor)

    # ---- light and surface ----

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 0.6) -> None:
        """Let a light shine: a soft disc that fades to nothing at `radius`."""
        self._soft(x, y, (radius, radius), colour, strength)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.6) -> None:
        """Cast the shadow of something that stands at (x, y)."""
        self._soft(x, y, (rx, ry), (16, 12, 14), strength)

    def _soft(self, x: float, y: float, radii: Point, colour: Colour, strength: float) -> None:
        wide, tall = (max(1, length) for length in self._pixels(2 * radii[0], 2 * radii[1]))
        left, top = self._pixels(x - radii[0], y - radii[1])
        seen = max(0, left), max(0, top), min(self._image.width, left + wide), min(self._image.height, top + tall)
        if seen[0] >= seen[2] or seen[1] >= seen[3]:
            return
        disc = ImageChops.invert(Image.radial_gradient("L")).point(lambda value: max(0, value - 75) * 1.41 * strength)
        part = [
            (edge - start) * 256 / length
            for edge, start, length in zip(seen, (left, top) * 2, (wide, tall) * 2, strict=True)
        ]
        size = seen[2] - seen[0], seen[3] - seen[1]
        mask = disc.resize(
            size, Image.Resampling.BILINEAR, box=(part[0], part[1], min(256, part[2]), min(256, part[3]))
        )
        self._image.paste(colour, seen, mask)

    def haze(self, colour: Colour, y0: float, y1: float, strength: float = 0.5) -> None:
        """Lay a mist over the width, from nothing at y0 to `strength` at y1."""
        top, bottom = self._pixels(y0, y1)
        mask = Image.linear_gradient("L").point(lambda value: value * strength)
        self._image.paste(colour, (0, top), mask.resize((self._image.width, max(1, bottom - top))))

    def clouds(self, colour: Colour, y0: float, y1: float, cover: float = 0.4) -> None:
        """Paint soft clouds between y0 and y1; `cover` is the share of the sky they take."""
        top, bottom = self._pixels(y0, y1)
        size = self._image.width, max(1, bottom - top)
        field = np.sum([self._field(2**octave) / 1.7**octave for octave in range(4)], axis=0)
        level = np.quantile(field, 1 - cover)
        fade = np.sin(np.linspace(0.15, np.pi, field.shape[0]))[:, None]
        alpha = np.clip((field - level) * 220, 0, 235) * fade
        mask = Image.fromarray(alpha.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        self._image.paste(colour, (0, top), mask)

    def _field(self, fineness: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        values = Image.fromarray(self._noise.random((3 * fineness, 4 * fineness), dtype=np.float32))
        return np.asarray(values.resize((128, 48), Image.Resampling.BICUBIC))

    def mottle(self, y0: float, y1: float, strength: float = 0.3, *, cell: Point = (1.0, 1.0)) -> None:
        """Roughen what is painted between y0 and y1 with blotches of about `cell` units."""
        top, bottom = self._pixels(max(0, y0), min(HEIGHT, y1))
        cells = max(2, round((y1 - y0) / cell[1])), max(2, round(self.width / cell[0]))
        values = 128 + (self._noise.random(cells, dtype=np.float32) - 0.5) * 255 * strength
        blotches = Image.fromarray(values.astype(np.uint8)).resize(
            (self._image.width, bottom - top), Image.Resampling.BICUBIC
        )
        area = (0, top, self._image.width, bottom)
        part = self._image.crop(area)
        self._image.paste(ImageChops.overlay(part, Image.merge("RGB", [blotches] * 3)), area)

    def ridge(self, y: float, height: float, *colours: Colour, roughness: float = 0.5) -> list[Point]:
        """Paint a range of hills whose crest wanders `height` above y, down to the bottom; return the crest."""
        phases = [(self.rng.uniform(0, math.tau), self.rng.uniform(0.7, 1.3)) for _ in range(7)]
        steps = 160

        def crest(x: float) -> float:
            waves = (
                roughness**octave * math.sin(phase + x * stretch * 2**octave * 0.045)
                for octave, (phase, stretch) in enumerate(phases)
            )
            return y - height * (0.5 + 0.5 * sum(waves) / 1.6)

        points = [(x, crest(x)) for x in (self.width * step / steps for step in range(steps + 1))]
        self.polygon([*points, (self.width, HEIGHT + 1), (0, HEIGHT + 1)], *colours)
        return points

    def blur(self, radius: float) -> None:
        """Put all that is painted so far out of focus."""
        self._show(self._image.filter(ImageFilter.BoxBlur(radius * self._scale)))

    def age(self) -> None:
        """Turn all that is painted so far into an old print: sepia, faded, with a white edge."""
        grey = ImageOps.grayscale(self._image)
        self._show(ImageOps.colorize(grey, (46, 32, 24), (246, 232, 204), mid=(158, 128, 96)))
        self.mottle(0, HEIGHT, 0.12, cell=(9, 7))
        for side in (0, self.width):
            self.box(side - 4, -1, side + 4, HEIGHT + 1, (236, 228, 208))
        for side in (0, HEIGHT):
            self.box(-1, side - 4, self.width + 1, side + 4, (236, 228, 208))
        for _ in range(5):
            x, y = self.rng.uniform(0, self.width), self.rng.uniform(0, HEIGHT)
            self.line([(x, y), (x + self.rng.uniform(-6, 6), y + self.rng.uniform(-14, 14))], (226, 214, 190), 0.15)

    # ---- the end ----

    def finish(self, *, grain: int = 10, vignette: float = 0.25) -> Image.Image:
        """Reduce to the size asked for and add what a lens and a sensor add."""
        image = self._image.reduce(OVERSAMPLING)
        if vignette:
            edge = Image.radial_gradient("L").point(lambda value: max(0, value - 120) * vignette * 1.6)
            image.paste((10, 8, 14), (0, 0), edge.resize(image.size, Image.Resampling.BILINEAR))
        return ImageChops.add(image, self._grain(grain), offset=-grain) if grain else image

    def _grain(self, amount: int) -> Image.Image:
        shape = (self._size[1], self._size[0])
        values = self._noise.integers(0, amount + 1, (2, *shape), dtype=np.uint8).sum(axis=0, dtype=np.uint8)
        return Image.merge("RGB", [Image.fromarray(values)] * 3)


def _gradient(colours: Sequence[Colour], size: tuple[int, int]) -> Image.Image:
    if len(colours) == 1:
        return Image.new("RGB", size, colours[0])
    stops = Image.new("RGB", (1, len(colours)))
    stops.putdata(colours)
    # From the centre of the first pixel to the centre of the last: nothing but the way between them.
    column = stops.resize((1, size[1]), Image.Resampling.BILINEAR, box=(0, 0.5, 1, len(colours) - 0.5))
    return column.resize(size, Image.Resampling.NEAREST)


def _bounds(points: Sequence[Point]) -> tuple[int, int, int, int]:
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)) + 1, math.ceil(max(ys)) + 1


def bezier(controls: Sequence[Point], steps: int = 20) -> list[Point]:
    """Points of the Bezier curve over the controls, first and last included."""
    return [_on_bezier(controls, step / steps) for step in range(steps + 1)]


def _on_bezier(points: Sequence[Point], share: float) -> Point:
    while len(points) > 1:
        points = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for (x0, y0), (x1, y1) in itertools.pairwise(points)]
    return points[0]


def spread(rng: random.Random, low: float, high: float, count: int) -> list[float]:
    """`count` places between low and high, evenly apart but for a jitter."""
    gap = (high - low) / count
    return [low + gap * (step + rng.uniform(0.2, 0.8)) for step in range(count)]
