"""What models are shown of a photo: its stored preview, or the key frames of a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from photofsd.errors import FileUnreadable
from photofsd.media.thumbnails import FRAMES_PX, PREVIEW_PX, Thumbnails
from photofsd.store import assets, model_roles

if TYPE_CHECKING:
    from PIL.Image import Image

    from photofsd.pipeline.stage import Work
    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import AssetId


class Picture(msgspec.Struct, frozen=True):
    """What to look at, and with which model. content: blake3 digest; size, frames_size: bytes of the two files."""

    model: str
    content: bytes
    size: int
    frames: int
    frames_size: int


def picture_of(txn: ReadTransaction, asset: AssetId, stage: str) -> Picture | None:
    """What the stage is to look at of an asset; None where there is nothing (yet)."""
    record, look = assets.asset(txn, asset), assets.look(txn, asset)
    if record is None or look is None:
        return None
    model = model_roles.chosen(txn, stage)
    return Picture(model, record.content, look.preview_bytes, look.frames, look.frames_bytes)


def preview(question: Picture, work: Work) -> bytes:
    """The stored preview, a JPEG. Raises FileUnreadable."""
    return _read(question, work, PREVIEW_PX, question.size)


def frames(question: Picture, work: Work) -> list[Image]:
    """The key frames of a video, mode RGB; [] where there are none: then its preview is all. Raises FileUnreadable."""
    if not question.frames:
        return []
    from photofsd.media.frames import cut  # noqa: PLC0415 - the daemon never loads decoders

    return cut(_read(question, work, FRAMES_PX, question.frames_size), question.frames)


def _read(question: Picture, work: Work, px: int, size: int) -> bytes:
    jpeg = Thumbnails(Path(work.thumbnails)).read(question.content, px, size=size)
    if jpeg is None:
        raise FileUnreadable(f"the preview of {question.content.hex()} is missing or torn")
    return jpeg
