"""Pixels of 8 bits in sRGB: by the ICC profile, by what the file's numbers say, transparent parts on white."""

from __future__ import annotations

import functools
import io
from typing import Final

import numpy as np
from PIL import Image, ImageCms

from photofsd.media.decoders.colour_space import SRGB, ColourSpace
from photofsd.media.decoders.tones import as_srgb

_PAPER: Final = "white"
_SRGB_PROFILE: Final = ImageCms.createProfile("sRGB")
_NEEDS_NOTHING: Final = "sRGB"
_MODE_OF_PROFILE: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_LARGEST_PROFILE: Final = 8 << 20
_KEPT_TRANSFORMS: Final = 8


def to_srgb(image: Image.Image, space: ColourSpace, problems: list[str]) -> Image.Image:
    """The picture in sRGB, mode RGB. A profile that is of no use becomes a problem.

    image: of a mode that depth.py gives. space: what its colours mean if it has no profile; HDR overrules a profile.
    """
    profile = image.info.get("icc_profile")
    if image.mode in {"LA", "RGBA"}:
        image = _on_paper(image)
    if profile and not space.is_hdr:
        try:
            return _by_profile(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            problems.append(f"its colour profile is of no use: {error}")
    image = image if image.mode == "RGB" else image.convert("RGB")
    return image if space == SRGB else Image.fromarray(as_srgb(np.asarray(image), space))


def _on_paper(image: Image.Image) -> Image.Image:
    mode = "RGB" if image.mode == "RGBA" else "L"
    paper = Image.new(mode, image.size, _PAPER)
    paper.paste(image.convert(mode), mask=image.getchannel("A"))
    return paper


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Raises PyCMSError, OSError, ValueError."""
    if len(profile) > _LARGEST_PROFILE:
        raise ValueError(f"it is {len(profile)} bytes long")
    mode, transform = _transform(profile)
    if "CMYK" in {mode, image.mode} and mode != image.mode:
        raise ValueError(f"it is for {mode} and the picture is {image.mode}")
    if mode != image.mode:
        image = image.convert(mode)  # a grey picture with a profile for colours, or the other way round
    if transform is not None:
        converted = transform.apply(image)
        converted.info.pop("icc_profile", None)
        return converted
    return image


@functools.lru_cache(maxsize=_KEPT_TRANSFORMS)
def _transform(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The mode that a profile is for, and the transform from it to sRGB; None if it is sRGB."""
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = _MODE_OF_PROFILE.get(opened.profile.xcolor_space.strip())
    if mode is None:
        raise ValueError(f"it is for colours of the kind {opened.profile.xcolor_space.strip()}")
    if mode == "RGB" and _description(opened).startswith(_NEEDS_NOTHING):
        return mode, None
    return mode, ImageCms.buildTransform(
        opened,
        _SRGB_PROFILE,
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _description(profile: ImageCms.ImageCmsProfile) -> str:
    """What a profile is called; "" where that is broken, which is no harm to its colours."""
    try:
        return profile.profile.profile_description or ""
    except ValueError:
        return ""
