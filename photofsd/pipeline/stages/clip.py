"""Stage `clip`: what a photo shows, as a vector that can be compared with those of other photos and of words.

An image-text model looks at the stored preview, and at the key frames of a video, whose vector is their mean.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from photofsd.pipeline import sights
from photofsd.pipeline.sights import Picture
from photofsd.pipeline.stage import VECTORS, Home, ModelInUse, ModelStage, Work
from photofsd.store import embeddings

if TYPE_CHECKING:
    from PIL.Image import Image

    from photofsd.models.clip import ClipModel
    from photofsd.models.pixels import Preprocessing
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.types import AssetId


class Vector(msgspec.Struct, frozen=True):
    """row: fp16, little-endian."""

    row: bytes


class Row(msgspec.Struct, frozen=True):
    """A vector that is on the disk. crc: CRC-32 of its fp16 row."""

    model: str
    crc: int


class Embed(ModelStage[Picture, "list[Image]", Vector, Row]):
    """Look at the preview."""

    name = embeddings.STAGE
    version = 1
    needs = frozenset({"look"})
    makes = frozenset({"vector"})
    cost_ms = 100.0
    purpose = "clip"
    query = Picture
    result = Vector

    def wanted(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return self.question(txn, asset) is not None

    def question(self, txn: ReadTransaction, asset: AssetId) -> Picture | None:
        return sights.picture_of(txn, asset, self.name)

    def look(self, question: Picture, work: Work, model: ClipModel) -> list[Image]:
        seen = sights.frames(question, work) or [_decoded(sights.preview(question, work), model.pixels)]
        return [model.pixels.fitted(picture) for picture in seen]

    def run(self, sights: Sequence[list[Image]], model: ClipModel) -> Sequence[Vector]:
        import numpy as np  # noqa: PLC0415 - readers import this module, and need it not

        from photofsd.models.clip import normalised  # noqa: PLC0415 - as above

        vectors = model.of_pictures([picture for pictures in sights for picture in pictures])
        starts = np.cumsum([0, *(len(pictures) for pictures in sights[:-1])])
        rows = normalised(np.add.reduceat(vectors, starts)).astype("<f2")
        return [Vector(row.tobytes()) for row in rows]

    def land(self, found: Sequence[tuple[AssetId, Vector]], model: ModelInUse, home: Home) -> Sequence[Row]:
        from photofsd.index import vectors  # noqa: PLC0415 - as above

        rows = [vector.row for _, vector in found]
        crcs = vectors.land(home.state / VECTORS / model.id, (asset for asset, _ in found), rows)
        return [Row(model.id, crc) for crc in crcs]

    def commit(self, txn: WriteTransaction, asset: AssetId, result: Row | None) -> bool:
        if result is None:
            return False
        if not embeddings.answering(txn):
            embeddings.set_answering(txn, result.model)
        return embeddings.count(txn, asset, result.model, result.crc)


def _decoded(jpeg: bytes, pixels: Preprocessing) -> Image:
    """The picture, no larger than it needs be for the model to see it all."""
    from PIL import Image  # noqa: PLC0415 - as above

    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
        scale = max(pixels.size) / min(opened.size)
        opened.draft("RGB", (round(opened.width * scale), round(opened.height * scale)))
        return opened.convert("RGB")


STAGE = Embed()
