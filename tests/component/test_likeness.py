"""How like somebody a face is that users say is not theirs: measured on vectors as stage `faces` leaves them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from photofsd.daemon.likeness import Likeness
from photofsd.index.vectors import FACE_ROWS, VectorFile
from photofsd.records import Face
from photofsd.store import faces
from photofsd.store.transaction import WriteTransaction
from photofsd.types import FaceId, PersonId
from photofsd.vtree import people as tree
from tests.component.face_kit import LEFT, MODEL, together
from tests.component.librarian import Librarian, librarian
from tests.component.store_kit import add_photo, root
from tests.mount.walker import library

DIMENSION = 8
SAME, LIKE, OTHER = 0.0, 0.9, np.pi / 2
"""Angles to what Alice looks like."""


@dataclass(frozen=True)
class Album:
    """Alice is in photos 1 to 4, exactly so, and in photo 5, at LIKE; the face of photo 6 waits, at OTHER."""

    here: Librarian
    file: Path
    alice: PersonId
    found: Sequence[FaceId]

    def likeness(self, at: int) -> float | None:
        return Likeness(self.here.store, self.here.state / "vectors")(self.found[at - 1], self.alice)


def row(angle: float) -> list[float]:
    return [float(np.cos(angle)), float(np.sin(angle)), *[0.0] * (DIMENSION - 2)]


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    folder = tmp_path / "library"
    folder.mkdir()
    with librarian(folder, tmp_path / "state") as here:
        here.take_in()
        vectors = VectorFile.to_write(here.state / "vectors" / MODEL, DIMENSION, FACE_ROWS)
        angles = [SAME, SAME, SAME, SAME, LIKE, OTHER]

        def fill(txn: WriteTransaction) -> tuple[PersonId, list[FaceId]]:
            first = faces.reserve(txn, len(angles))
            found = [FaceId(first + i) for i in range(len(angles))]
            crcs = vectors.write(found, np.array([row(angle) for angle in angles], np.float32))
            for face, crc in zip(found, crcs, strict=True):
                photo = add_photo(txn, root(txn), b"%d.jpg" % face)
                faces.keep(txn, photo, MODEL, [Face(face, LEFT, 0.3, 0.2, 0.2, px=100, crc=crc)])
            return together(txn, found[:5], b"Alice")[0], found

        alice, found = here.writer.run(fill)
        vectors.close()
        yield Album(here, here.state / "vectors" / MODEL / FACE_ROWS, alice, found)


def test_a_face_is_compared_with_the_others_of_the_person(album: Album) -> None:
    assert album.likeness(5) == pytest.approx(np.cos(LIKE), abs=0.01)
    middle = np.sum([row(SAME)] * 4 + [row(LIKE)], axis=0)
    assert album.likeness(6) == pytest.approx(middle[1] / np.linalg.norm(middle), abs=0.01)


def test_what_is_torn_gone_or_not_there_is_not_known(album: Album) -> None:
    likeness = Likeness(album.here.store, album.here.state / "vectors")
    assert likeness(FaceId(999), album.alice) is None
    assert likeness(album.found[5], PersonId(999)) is None
    content = bytearray(album.file.read_bytes())
    at = album.found[5] * DIMENSION * 2
    content[at] ^= 0xFF
    album.file.write_bytes(content)
    assert album.likeness(6) is None
    assert album.likeness(5) is not None
    album.file.unlink()
    assert album.likeness(5) is None
    album.file.with_name("model.json").unlink()
    assert album.likeness(5) is None


def test_who_is_refused_is_refused_for_all_that_are_no_closer(album: Album) -> None:
    likeness = Likeness(album.here.store, album.here.state / "vectors")
    tells = dataclasses.replace(library(album.here), likeness=likeness)
    with album.here.store.read() as txn:
        at = faces.row(txn, album.found[4])
        assert at is not None
    tree.refuse(tells, at.asset, [album.found[4]], album.alice)
    with album.here.store.read() as txn:
        assert faces.refusals(txn, album.found[4]) == {album.alice: pytest.approx(np.cos(LIKE), abs=0.01)}
