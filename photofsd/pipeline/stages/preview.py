"""Stage `preview`: what a photo looks like: two smaller pictures, a perceptual hash, colours. One decode for all.

Of a video also some key frames, so that what it shows later can be found as well.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from photofsd.media.thumbnails import FRAMES_PX, PREVIEW_PX, THUMB_PX
from photofsd.pipeline.stage import FileStage, WithThumbnails, Work
from photofsd.records import Look
from photofsd.store.schema import Tables
from photofsd.types import Kind

if TYPE_CHECKING:
    from PIL.Image import Image

    from photofsd.media.source import Source

QUALITY: Final = 80


class MakePreview(FileStage[Look]):
    """Decode the picture to its preview's size and make everything else from those pixels.

    So what the thumbnail shows, what the hash compares and what models see is one and the same.
    """

    name = "preview"
    version = 2
    needs = frozenset({"content"})
    makes = frozenset({"look"})
    cost_ms = 60.0
    is_of_content = True
    result = Look
    table = Tables.LOOKS

    def run(self, source: Source, work: Work) -> WithThumbnails[Look]:
        from photofsd.media.decode import decode  # noqa: PLC0415 - the daemon never loads decoders
        from photofsd.media.frames import strip  # noqa: PLC0415 - the same
        from photofsd.media.look import colours, contrast, phash  # noqa: PLC0415 - the same

        picture = decode(source, fit_px=PREVIEW_PX)
        small = _fitted(picture.image, THUMB_PX)
        jpegs = {PREVIEW_PX: _jpeg(picture.image), THUMB_PX: _jpeg(small)}
        frames = _key_frames(source) if picture.kind is Kind.VIDEO else []
        if frames:
            jpegs[FRAMES_PX] = _jpeg(strip(frames))
        look = Look(
            width=picture.width,
            height=picture.height,
            phash=phash(picture.image),
            contrast=round(contrast(picture.image), 2),
            colours=colours(small),
            preview_bytes=len(jpegs[PREVIEW_PX]),
            thumb_bytes=len(jpegs[THUMB_PX]),
            frames=len(frames),
            frames_bytes=len(jpegs.get(FRAMES_PX, b"")),
            problems=picture.problems,
        )
        return WithThumbnails(look, jpegs)


def _key_frames(source: Source) -> list[Image]:
    """Key frames of a video; none where there is only one, which the preview shows already."""
    from photofsd.media.decode import decode_frames  # noqa: PLC0415 - as above
    from photofsd.media.frames import FRAMES_MOST, fitted  # noqa: PLC0415 - the same

    frames = decode_frames(source, FRAMES_MOST, fitted)
    return frames if len(frames) > 1 else []


def _fitted(image: Image, px: int) -> Image:
    """`image` so that its long edge is `px` at most."""
    from PIL.Image import Resampling  # noqa: PLC0415 - as above

    longest = max(image.size)
    if longest <= px:
        return image
    size = (max(1, round(image.width * px / longest)), max(1, round(image.height * px / longest)))
    return image.resize(size, Resampling.LANCZOS, reducing_gap=2.0)


def _jpeg(image: Image) -> bytes:
    """The picture as a JPEG without any metadata: upright, sRGB."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


STAGE = MakePreview()
