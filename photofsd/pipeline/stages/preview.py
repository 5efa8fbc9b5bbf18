"""Stage `preview`: what a photo looks like: two smaller pictures, a perceptual hash, colours. One decode for all."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from photofsd.media.thumbnails import PREVIEW_PX, THUMB_PX
from photofsd.pipeline.stage import FileStage, WithThumbnails, Work
from photofsd.records import Look
from photofsd.store.schema import Tables

if TYPE_CHECKING:
    from PIL.Image import Image

    from photofsd.media.source import Source

QUALITY: Final = 80


class MakePreview(FileStage[Look]):
    """Decode the picture to its preview's size and make everything else from those pixels.

    So what the thumbnail shows, what the hash compares and what models see is one and the same.
    """

    name = "preview"
    version = 1
    needs = frozenset({"content"})
    makes = frozenset({"look"})
    cost_ms = 60.0
    is_of_content = True
    result = Look
    table = Tables.LOOKS

    def run(self, source: Source, work: Work) -> WithThumbnails[Look]:
        from photofsd.media.decode import decode  # noqa: PLC0415 - the daemon never loads decoders
        from photofsd.media.look import colours, contrast, phash  # noqa: PLC0415 - the same

        picture = decode(source, fit_px=PREVIEW_PX)
        small = _fitted(picture.image, THUMB_PX)
        preview, thumb = _jpeg(picture.image), _jpeg(small)
        look = Look(
            width=picture.width,
            height=picture.height,
            phash=phash(picture.image),
            contrast=round(contrast(picture.image), 2),
            colours=colours(small),
            preview_bytes=len(preview),
            thumb_bytes=len(thumb),
            problems=picture.problems,
        )
        return WithThumbnails(look, {PREVIEW_PX: preview, THUMB_PX: thumb})


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
