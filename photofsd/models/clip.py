"""What an image-text model does, whatever runs it: pictures and words as vectors that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from photofsd.errors import ModelUnusable
from photofsd.models.pixels import Preprocessing

Vectors = npt.NDArray[np.float32]
"""float32[n, dimension], each of length 1: their product is the cosine."""


class ClipModel(Protocol):
    """An image-text model that is loaded."""

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        ...

    @property
    def pixels(self) -> Preprocessing:
        """How its pictures are prepared: `of_pictures` does so with those that are not."""
        ...

    @property
    def runs_on(self) -> str:
        """What really computes its vectors, for people. Raises ModelUnusable."""
        ...

    def of_pictures(self, pictures: Sequence[Image.Image]) -> Vectors:
        """The vectors of pictures, upright, sRGB. Raises ModelUnusable, OutOfModelMemory."""
        ...

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """The vectors of what people type. Raises ModelUnusable, OutOfModelMemory."""
        ...


def checked(found: npt.NDArray[np.floating], promised: tuple[int, int], folder: Path) -> Vectors:
    """What a model has given, of length 1. Raises ModelUnusable where it is not what was promised: rows, dimension."""
    if found.shape != promised:
        raise ModelUnusable(f"{folder} gives {found.shape} where {promised} was promised")
    if not np.isfinite(found).all():
        raise ModelUnusable(f"{folder} gives numbers that are none")
    return normalised(found)


def normalised(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Vectors of length 1; one of length 0 stays."""
    found = np.array(vectors, np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", found, found, dtype=np.float64))
    lengths[lengths == 0] = 1
    found /= lengths[:, None]
    return found
