"""How many pixels are decoded at most: decided by what a header claims, before any memory is taken for it."""

from __future__ import annotations

from typing import Final

from photofsd.errors import FileUndecodable

MOST_PIXELS: Final = 178_956_970
"""Half a gigabyte of RGB; also what Pillow refuses as a decompression bomb. It counts what is decoded, so that a JPEG
of a gigapixel that is decoded at an eighth passes."""


def check_pixels(width: int, height: int) -> None:
    """Raise FileUndecodable where so many pixels are more than we decode."""
    if width * height > MOST_PIXELS:
        raise FileUndecodable(f"{width} x {height} pixels are more than the {MOST_PIXELS // 10**6} million that fit")
