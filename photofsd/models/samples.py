"""Pictures and texts to try a model with, where nobody has others."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

TEXTS: Final = (
    "a photo of the sea",
    "a photo of a cat",
    "beach sunset",
    "snowy mountains",
    "a red car in front of a house",
    "Kids playing football, in the rain!",
    "grandma's birthday cake",
    "don't",
    "Größe über Straße",
    "été à la plage",
    "日の出 海",
    "закат на море",
    "🎂 party",
    "42",
    "x",
    "a long line of words that says what can be seen in a picture " * 12,
)
_SIDE: Final = 320


def picture(number: int) -> Image.Image:
    """Bands and a disc; not the same for another number."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    bands = (np.sin(x / (9 + 20 * number)) * 100 + 120).astype(np.uint8)
    disc = np.where((x - 100) ** 2 + (y - 160) ** 2 < (40 + 60 * (number % 3)) ** 2, 240, 30).astype(np.uint8)
    shade = np.full_like(bands, (60 + 120 * number) % 256)
    return Image.fromarray(np.stack([bands, disc, shade], axis=-1))
