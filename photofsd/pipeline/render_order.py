"""What the renderer and its children say to each other."""

from __future__ import annotations

from typing import Final

import msgspec

from photofsd.media.rendition import RenderSettings
from photofsd.pipeline.stage import Trouble
from photofsd.records import Metadata

FRAME_BYTES: Final = 1 << 20


class Order(msgspec.Struct, frozen=True):
    """A photo to render.

    path, size, mtime_ns: of the file that must still be the one that is known. metadata: what of it is to be shown.
    room: bytes that the JPEG may have.
    """

    path: bytes
    size: int
    mtime_ns: int
    metadata: Metadata
    settings: RenderSettings
    room: int


class Outcome(msgspec.Struct, frozen=True):
    """How many bytes of JPEG follow, in frames of FRAME_BYTES but for the last; or why there is none."""

    size: int = 0
    trouble: Trouble | None = None
