"""Every kind of pixel as one of 8 bits that can be averaged: L, LA, RGB, RGBA or CMYK."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

_AS_THEY_ARE: Final = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
_HIGHEST_16_BIT: Final = 65535
_HIGHEST_8_BIT: Final = 255


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture in one of the modes above; its info (the ICC profile) stays.

    16 bits are scaled by their full range; whole numbers of 32 bits as 8 or 16 bits where they are no larger, floats
    by 0..1 where they are in it; both by their own range otherwise.
    """
    mode = image.mode
    if mode in _AS_THEY_ARE and "transparency" not in image.info:
        return image
    if mode.startswith("I;16"):
        return _grey(np.asarray(image), 0, _HIGHEST_16_BIT, image)
    if mode in {"I", "F"}:
        return _scaled(image)
    if mode == "LAB":
        return _from_lab(image)
    if mode in {"LA", "La"}:
        return image.convert("LA")
    has_alpha = "transparency" in image.info or "A" in mode or "a" in mode
    return image.convert("L" if mode == "1" else "RGBA" if has_alpha else "RGB")


def _scaled(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image), posinf=0, neginf=0)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    highest: tuple[float, ...] = (1.0,) if image.mode == "F" else (_HIGHEST_8_BIT, _HIGHEST_16_BIT)
    enough = next((limit for limit in highest if low >= 0 and high <= limit), None)
    return _grey(values, low, high, image) if enough is None else _grey(values, 0, enough, image)


def _grey(values: npt.NDArray[Any], low: float, high: float, image: Image.Image) -> Image.Image:
    factor = np.float32(_HIGHEST_8_BIT / (high - low)) if high > low else np.float32(0)
    scaled = np.clip((values.astype(np.float32) - np.float32(low)) * factor + np.float32(0.5), 0, _HIGHEST_8_BIT)
    grey = Image.fromarray(scaled.astype(np.uint8))
    grey.info = image.info
    return grey


def _from_lab(image: Image.Image) -> Image.Image:
    """CIELAB in sRGB. Its profile would say no more than that it is CIELAB."""
    srgb = ImageCms.profileToProfile(
        image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if srgb is None:  # only where the picture is changed in place
        raise ValueError("CIELAB was not converted")
    srgb.info.pop("icc_profile", None)
    return srgb
