"""What a scene is: a name, words for it, and a function that paints it differently for every seed."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

from PIL import Image

from contrib.sample_library.canvas import Canvas

Paint = Callable[[Canvas], None]


@dataclasses.dataclass(frozen=True)
class Scene:
    """One kind of picture.

    words:    keywords as a person would tag it, most telling first.
    captions: sentences that are true of every picture of the scene.
    grain:    noise in levels; 0 for what no camera took. vignette: darkening of the corners, 0..1.
    """

    name: str
    words: tuple[str, ...]
    captions: tuple[str, ...]
    paint: Paint
    grain: int = 8
    vignette: float = 0.22

    def draw(self, rng: random.Random, size: tuple[int, int]) -> Image.Image:
        """Paint the scene as an RGB picture of that size; the same generator state paints the same pixels."""
        return self.draw_with_traits(rng, size)[0]

    def draw_with_traits(self, rng: random.Random, size: tuple[int, int]) -> tuple[Image.Image, tuple[str, ...]]:
        """Paint the scene; the picture, and what is true of it beyond the scene's words."""
        canvas = Canvas(rng, size)
        self.paint(canvas)
        return canvas.finish(grain=self.grain, vignette=self.vignette), tuple(dict.fromkeys(canvas.traits))
