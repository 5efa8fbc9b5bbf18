"""Faces that nobody has found and that are there all the same, as the user says: somewhere in the picture.

Their box is the whole picture. What is said of a face is kept under its place, so of several in one photo each has a
place of its own: a hair less high than the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from photofsd.errors import NotPermitted
from photofsd.records import Face
from photofsd.store import face_said, people
from photofsd.store.overlap import Box
from photofsd.types import NOBODY, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

WHOLE: Final = Box(0, 0, 1, 1)
_HAIR: Final = 1 / 65535
_AT_MOST: Final = 500
_LEAST_HEIGHT: Final = 1 - _AT_MOST * _HAIR


def is_somewhere(face: Face) -> bool:
    """Claim: nobody has found that face, and nobody knows where in the picture it is."""
    return face.is_missed and (face.left, face.top, face.width) == WHOLE[:3] and face.height > _LEAST_HEIGHT


def place_for(txn: ReadTransaction, content: bytes, person: PersonId) -> Box:
    """The place under which that person is somewhere in a photo, with nobody else there. Raises NotPermitted."""
    for number in range(_AT_MOST):
        place = face_said.place(WHOLE._replace(height=1 - number * _HAIR))
        if people.resolve(txn, face_said.at(txn, content, place).person) in {NOBODY, person}:
            return place
    raise NotPermitted(f"{_AT_MOST} people are somewhere in that photo already: there is no room for more")
