"""What the tests of faces and people begin with: faces at places of a photo, people with clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from photofsd.records import Face
from photofsd.store import face_rows, faces, people
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId, ClusterId, FaceId, PersonId

MODEL = "mobileface-00"
LEFT, MIDDLE, RIGHT = 0.1, 0.4, 0.7
"""Where a face may be: three that do not touch each other."""


def face_at(face: FaceId, left: float, *, shift: float = 0.0) -> Face:
    """A face of a fifth of the picture; shift: how much further to the right a detector sees it."""
    return Face(face, left + shift, 0.3, 0.2, 0.2, score=0.9, px=100, crc=int(face))


def find(
    txn: WriteTransaction, asset: AssetId, places: Sequence[float], *, model: str = MODEL, shift: float = 0.0
) -> list[FaceId]:
    """Keep faces that a model finds at these places; their ids."""
    first = faces.reserve(txn, len(places))
    found = [face_at(FaceId(first + i), left, shift=shift) for i, left in enumerate(places)]
    faces.keep(txn, asset, model, found)
    return [face.id for face in found]


def together(txn: WriteTransaction, found: Iterable[FaceId], name: bytes = b"") -> tuple[PersonId, ClusterId]:
    """Somebody with one cluster of these faces."""
    person = people.new_person(txn, name)
    cluster = people.new_cluster(txn, person)
    for face in found:
        assert faces.place(txn, face, cluster)
    return person, cluster


def cluster_of(txn: ReadTransaction, face: FaceId) -> ClusterId | None:
    """In which cluster a face is; None where there is no such face."""
    row = face_rows.row(txn, face)
    return None if row is None else row.cluster
