"""How like somebody a face is, for the journal: who says that it is not them, says so of everybody who is no closer."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from photofsd.clustering.joining import Middles, closest
from photofsd.errors import StoreError
from photofsd.index.vectors import FACE_ROWS, VectorFile, crcs, dimension_of
from photofsd.store import faces, people
from photofsd.types import AssetId, FaceId, PersonId

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction

LOOKED_AT: Final = 200
"""Photos of the person, from all over them: what they look like is known well enough by so many."""


class Likeness:
    """Compares a face with a person. vectors: the folder of all models' vectors. Thread-safe; waits for the disk."""

    def __init__(self, store: Store, vectors: Path) -> None:
        self._store = store
        self._vectors = vectors

    def __call__(self, face: FaceId, person: PersonId) -> float | None:
        """The cosine of the face with what is closest to it of what the person looks like, without the face itself.

        returns: None where it is not known: there is no vector of the face, or none of the person's.
        """
        with self._store.read() as txn:
            row = faces.row(txn, face)
            model, own = ("", {}) if row is None else _sound(txn, row.asset)
            of_person = {} if face not in own else _of_person(txn, person, model)
        others = {other: crc for other, crc in of_person.items() if other != face}
        if face not in own or not others:
            return None
        try:
            return self._compare(model, face, own[face], others)
        except StoreError:
            return None  # what the disk does not say now is not worth refusing what the user says

    def _compare(self, model: str, face: FaceId, crc: int, others: dict[FaceId, int]) -> float | None:
        folder = self._vectors / model
        with contextlib.closing(VectorFile(folder, dimension_of(folder), FACE_ROWS)) as file:
            rows = file.read([face, *others])
        is_sound = np.array(crcs(rows)) == np.array([crc, *others.values()])
        if not is_sound[0] or not is_sound[1:].any():
            return None
        known = rows[1:][is_sound[1:]]
        looks = Middles.of(known, np.ones(len(known), np.int64))
        return float(closest(rows[:1], looks).cosines[0])


def _of_person(txn: ReadTransaction, person: PersonId, model: str) -> dict[FaceId, int]:
    """Faces of the person, found by that model, with the CRCs of their rows."""
    photos = people.photos(txn, person)
    every = max(1, len(photos) // LOOKED_AT)
    found: dict[FaceId, int] = {}
    for at in range(0, len(photos), every):
        asset = AssetId(photos[at])
        its_model, sound = _sound(txn, asset)
        if its_model == model:
            found |= {one: sound[one] for one in faces.of_person(txn, asset, person) if one in sound}
    return found


def _sound(txn: ReadTransaction, asset: AssetId) -> tuple[str, dict[FaceId, int]]:
    """The model that has found the faces of a photo, and those that have a vector, with its CRC."""
    found = faces.faces(txn, asset)
    if found is None:
        return "", {}
    return found.model, {face.id: face.crc for face in found.faces if face.crc is not None}
