"""Stage `faces`: which faces are in a photo, and of each a vector that can be compared with those of others.

A pack of models looks at the stored preview, and at the key frames of a video, in which everybody counts once.
"""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from photofsd.pipeline import sights
from photofsd.pipeline.sights import Picture
from photofsd.pipeline.stage import VECTORS, Home, ModelInUse, ModelStage, Work
from photofsd.records import Face, Faces
from photofsd.store import faces

if TYPE_CHECKING:
    from PIL.Image import Image

    from photofsd.models.faces import FaceModel, SeenFace
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.types import AssetId, FaceId

SAME_PERSON: Final = 0.4
"""The cosine from which on two faces in a video are one person's; never two of one frame."""


class FoundFace(msgspec.Struct, frozen=True):
    """A face, which has no id yet, and its vector: fp16, little-endian."""

    face: Face
    row: bytes


class Found(msgspec.Struct, frozen=True):
    """The faces in a photo or video."""

    faces: tuple[FoundFace, ...] = ()


class FindFaces(ModelStage[Picture, "list[Image]", Found, Faces]):
    """Look at the preview."""

    name = "faces"
    version = 1
    needs = frozenset({"look"})
    makes = frozenset({"faces"})
    cost_ms = 150.0
    purpose = "faces"
    query = Picture
    result = Found

    def wanted(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return self.question(txn, asset) is not None

    def question(self, txn: ReadTransaction, asset: AssetId) -> Picture | None:
        return sights.picture_of(txn, asset, self.name)

    def look(self, question: Picture, work: Work, model: FaceModel) -> list[Image]:
        from PIL import Image  # noqa: PLC0415 - the daemon never loads decoders

        frames = sights.frames(question, work)
        if frames:
            return frames
        with Image.open(io.BytesIO(sights.preview(question, work)), formats=("JPEG",)) as opened:
            return [opened.convert("RGB")]

    def run(self, seen: Sequence[list[Image]], model: FaceModel) -> Sequence[Found]:
        found = iter(model.of_pictures([picture for frames in seen for picture in frames]))
        videos = [list(itertools.islice(found, len(frames))) for frames in seen]
        return [Found(tuple(_packed(face) for face in _persons(frames))) for frames in videos]

    def land(self, found: Sequence[tuple[AssetId, Found]], model: ModelInUse, home: Home) -> Sequence[Faces]:
        rows = [face.row for _, one in found for face in one.faces]
        first = home.writer.run(functools.partial(faces.reserve, count=len(rows)))
        numbers = zip(itertools.count(first), _written(home.state / VECTORS / model.id, first, rows), strict=False)
        return [Faces(model.id, tuple(_numbered(face.face, *next(numbers)) for face in one.faces)) for _, one in found]

    def commit(self, txn: WriteTransaction, asset: AssetId, result: Faces | None) -> bool:
        return result is not None and faces.keep(txn, asset, result.model, result.faces)


def _persons(frames: Sequence[Sequence[SeenFace]]) -> Iterator[SeenFace]:
    """The faces of a photo; of a video everybody's best, large and sure: two of one frame are never one person's."""
    if len(frames) == 1:
        yield from frames[0]
        return
    by_quality = [(face, number) for number, found in enumerate(frames) for face in found]
    by_quality.sort(key=lambda one: -one[0].face.px * one[0].face.score)
    persons: list[tuple[SeenFace, set[int]]] = []
    for face, frame in by_quality:
        for known, there in persons:
            if frame not in there and face.vector @ known.vector >= SAME_PERSON:
                there.add(frame)
                break
        else:
            persons.append((face, {frame}))
            yield face


def _packed(seen: SeenFace) -> FoundFace:
    return FoundFace(seen.face, seen.vector.astype("<f2").tobytes())


def _written(folder: Path, first: FaceId, rows: Sequence[bytes]) -> Sequence[int]:
    """Bring the vectors of faces to the disk, from the id `first` on; their CRCs. Raises StoreFull, StoreError."""
    from photofsd.index import vectors  # noqa: PLC0415 - readers import this module, and need no numpy

    return vectors.land(folder, range(first, first + len(rows)), rows, vectors.FACE_ROWS) if rows else []


def _numbered(face: Face, number: int, crc: int) -> Face:
    return msgspec.structs.replace(face, id=number, crc=crc)


STAGE = FindFaces()
