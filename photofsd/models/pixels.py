"""Pictures as an image model wants them: its size, its crop, its numbers; all from its own configuration."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from photofsd.errors import ModelUnusable

_RESAMPLING: Final = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
_WAYS: Final = ("shortest", "longest", "squash")
_HIGHEST: Final = 255
_LARGEST_SIDE: Final = 2048


@dataclasses.dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes the input of a model (open_clip's preprocess_cfg).

    size: width, height. way: "shortest" side to size, then the middle; "longest" side to size, then filled up with
    `fill`; "squash" both. mean, std: of red, green and blue, 0..1.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    way: Literal["shortest", "longest", "squash"] = "shortest"
    resampling: Image.Resampling = Image.Resampling.BICUBIC
    fill: int = 0

    @classmethod
    def load(cls, file: Path) -> Preprocessing:
        """Read it. Raises ModelUnusable."""
        try:
            said = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ModelUnusable(f"{file} does not say how pictures are prepared: {error!r}") from error
        return cls.of(said, str(file))

    @classmethod
    def of(cls, said: Mapping[str, Any], where: str) -> Preprocessing:
        """Understand what is said at `where`. Raises ModelUnusable."""
        try:
            size = said["size"]
            width, height = (size, size) if isinstance(size, int) else (int(size[1]), int(size[0]))
            way = said.get("resize_mode", "shortest")
            found = cls(
                (width, height),
                _three(said["mean"]),
                _three(said["std"]),
                way,
                _RESAMPLING[said.get("interpolation", "bicubic")],
                int(said.get("fill_color", 0)),
            )
        except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            raise ModelUnusable(f"{where} does not say how pictures are prepared: {error!r}") from error
        fits = 0 < min(width, height) <= max(width, height) <= _LARGEST_SIDE and 0 <= found.fill <= _HIGHEST
        if way not in _WAYS or not fits or 0 in found.std:
            raise ModelUnusable(f"{where} asks for pictures that cannot be made: {found}")
        return found

    def tensor(self, picture: Image.Image) -> npt.NDArray[np.float32]:
        """float32[3, height, width]."""
        parts = np.asarray(self.fitted(picture.convert("RGB")), np.float32)
        parts /= _HIGHEST
        parts -= np.array(self.mean, np.float32)
        parts /= np.array(self.std, np.float32)
        return parts.transpose(2, 0, 1)

    def fitted(self, picture: Image.Image) -> Image.Image:
        """The picture in the model's size; one that is so already stays as it is."""
        if picture.size == self.size:
            return picture
        width, height = self.size
        if self.way == "squash":
            return picture.resize(self.size, self.resampling)
        ratios = (width / picture.width, height / picture.height)
        scale = max(ratios) if self.way == "shortest" else min(ratios)
        whole = int if self.way == "shortest" and width == height else round
        scaled = _scaled(picture.width, scale, width, whole), _scaled(picture.height, scale, height, whole)
        resized = picture.resize(scaled, self.resampling)
        if scaled == self.size:
            return resized
        paper = Image.new("RGB", self.size, (self.fill,) * 3)
        paper.paste(resized, (_offset(width - scaled[0]), _offset(height - scaled[1])))
        return paper


def _scaled(side: int, scale: float, wanted: int, whole: Callable[[float], int]) -> int:
    """The side after scaling, made whole as open_clip makes it; what fits, fits exactly."""
    exact = side * scale
    return wanted if abs(exact - wanted) < 1 / max(2, side) else max(1, whole(exact))


def _offset(room: int) -> int:
    """Where the middle begins: of the paper around a picture, or, negative, of a picture that is larger."""
    return room // 2 if room >= 0 else -round(-room / 2)


def _three(numbers: list[float] | float) -> tuple[float, float, float]:
    values = [float(numbers)] * 3 if isinstance(numbers, int | float) else [float(number) for number in numbers]
    red, green, blue = values
    return red, green, blue
