"""Whom files name: regions of their metadata around a face, and people that sidecars list.

As soon as a region's face is found and put somewhere by the file's word or the user's, that is where it is; until then,
and where a file names people without saying where they are, the photo is theirs by the name alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from photofsd.records import Face, Faces, Metadata, Region
from photofsd.store import face_rows, face_said, facets
from photofsd.store.overlap import SAME_REGION, box, pairs
from photofsd.store.somewhere import is_somewhere
from photofsd.types import Hold

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class NamedFace(NamedTuple):
    """A face that its file names. name: as a value of Facet.NAMED."""

    face: Face
    name: bytes


def named_faces(metadata: Metadata, faces: Sequence[Face]) -> list[NamedFace]:
    """The faces under the regions that have a name."""
    named = (
        NamedFace(face, _value(region.name)) for region, face in _under(_named(metadata), faces) if face is not None
    )
    return [one for one in named if one.name]


def names(txn: ReadTransaction, content: bytes, metadata: Metadata | None, faces: Faces | None) -> frozenset[bytes]:
    """The values of Facet.NAMED of a photo: who is in it by the file's word alone, and the user has not denied it."""
    if metadata is None or not (metadata.people or metadata.regions):
        return frozenset()
    found = faces.faces if faces is not None else ()
    under = _under(_named(metadata), found)
    alone = (region.name for region, face in under if face is None or not _is_held(txn, face))
    said = {_value(name) for name in (*metadata.people, *alone)} - {b""}
    return frozenset(said - face_said.names_refused(txn, content)) if said else frozenset()


def _under(regions: Sequence[Region], faces: Sequence[Face]) -> list[tuple[Region, Face | None]]:
    """Which face is under each region: of those of which anybody knows where they are."""
    known = [face for face in faces if not is_somewhere(face)]
    under = pairs([box(region) for region in regions], [box(face) for face in known], SAME_REGION)
    return [(region, known[under[i]] if i in under else None) for i, region in enumerate(regions)]


def _named(metadata: Metadata) -> list[Region]:
    return [region for region in metadata.regions if region.name is not None]


def _is_held(txn: ReadTransaction, face: Face) -> bool:
    at = face_rows.row(txn, face.id)
    return at is not None and at.hold is not Hold.NONE


def _value(name: str | None) -> bytes:
    return facets.value_of(name or "")
