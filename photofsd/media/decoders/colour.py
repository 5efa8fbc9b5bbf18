"""Every kind of pixel as 8 bit sRGB."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageCms

_WHITE: Final = (255, 255, 255)
_WITH_ALPHA: Final = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_SRGB: Final = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image, problems: list[str]) -> Image.Image:
    """The picture in sRGB, mode RGB, transparent parts white. What is wrong with its profile becomes a problem."""
    profile = image.info.get("icc_profile")
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        image = _on_white(image)
    elif image.mode not in {"RGB", "L", "CMYK"}:
        image = image.convert("RGB")
    if profile:
        image = _by_profile(image, profile, problems)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    paper = Image.new("RGB", image.size, _WHITE)
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _by_profile(image: Image.Image, profile: bytes, problems: list[str]) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(image, io.BytesIO(profile), _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        problems.append(f"its colour profile is of no use: {error}")
        return image
    return converted if converted is not None else image
