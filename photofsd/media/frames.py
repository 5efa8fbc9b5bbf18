"""Key frames of a video as one picture, a strip: all of one size, one below the other, first to last.

A frame is upright, in sRGB, and whole. Its short edge has FRAMES_PX, unless the long one would have more than
PREVIEW_PX then; no frame is larger than its video. The strip is as wide as a frame, and `count` times as high. For
children: the daemon does without Pillow.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image

from photofsd.media.thumbnails import FRAMES_PX, PREVIEW_PX

FRAMES_MOST: Final = 8


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size of a frame in a strip, of a video that is so large."""
    scale = min(1.0, FRAMES_PX / min(width, height), PREVIEW_PX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def strip(frames: Sequence[Image.Image]) -> Image.Image:
    """The strip of some frames, at least one, that are of one size."""
    width, height = frames[0].size
    joined = Image.new("RGB", (width, height * len(frames)))
    for number, frame in enumerate(frames):
        joined.paste(frame, (0, height * number))
    return joined


def cut(jpeg: bytes, count: int) -> list[Image.Image]:
    """The frames, mode RGB, in a strip that is stored as a JPEG.

    jpeg: what Thumbnails.read(content, FRAMES_PX, size=look.frames_bytes) gives. count: look.frames.
    A video with `look.frames == 0` has no strip, as photos have none: its preview is all there is to see.
    """
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
        whole = opened.convert("RGB")
    height = whole.height // count
    return [whole.crop((0, height * number, whole.width, height * (number + 1))) for number in range(count)]
