"""What the words of the user make of the faces of one photo, wherever the machine or the file has put them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from photofsd.records import Face, FaceSaid
from photofsd.store import face_said, people
from photofsd.store.face_rows import FaceRow
from photofsd.store.overlap import Box, box, pairs
from photofsd.types import NOBODY, WAITING, AssetId, FaceId, Hold, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

Placed = tuple[Face, FaceRow]
"""A face and where it is."""


class Spoken(NamedTuple):
    """A face, and what the user says of it. place: under which the user's word is kept, or would be."""

    face: Face
    place: Box
    said: FaceSaid


def of(txn: ReadTransaction, content: bytes, faces: Sequence[Face]) -> tuple[list[Spoken], list[tuple[Box, FaceSaid]]]:
    """What is said of each of these faces of a photo, in their order; and what is said of others that are not there."""
    facts = face_said.said(txn, content)
    paired = pairs([place for place, _ in facts], [box(face) for face in faces]) if facts else {}
    fact_of = {j: facts[i] for i, j in paired.items()}
    spoken = [
        Spoken(face, *(fact_of.get(j) or (face_said.place(box(face)), face_said.SILENCE)))
        for j, face in enumerate(faces)
    ]
    return spoken, [fact for i, fact in enumerate(facts) if i not in paired]


def refused(txn: ReadTransaction, said: FaceSaid) -> dict[PersonId, float]:
    """Who a face is not, each with how like that person it was (cosine; 0 = not known)."""
    return {people.resolve(txn, person): cosine for person, cosine in said.refused.items()}


def obeyed(
    txn: WriteTransaction, asset: AssetId, content: bytes, placed: Sequence[Placed], fresh: Collection[FaceId] = ()
) -> list[Placed]:
    """The faces of a photo, and where each is to be: one that the user has set is where they say, or is added.

    Nobody else in the photo is the same person then. fresh: faces that were never there before. Those, and the ones
    of which the user does not say any more who they are, are whose example they are, or wait.
    """
    spoken, of_none = of(txn, content, [face for face, _ in placed])
    rows = {face.id: at for face, at in placed}
    for place, said in of_none:
        if people.resolve(txn, said.person):
            face = Face(FaceId(txn.next_id(b"next_face")), *place, is_missed=True)
            spoken.append(Spoken(face, place, said))
            rows[face.id] = FaceRow(asset)
    let_go = {face.id for face, _, _ in spoken if rows[face.id].hold is Hold.HAND}
    for face, _, said in spoken:
        rows[face.id] = _heard(txn, rows[face.id], said)
    spoken = [one for one in spoken if not one.face.is_missed or rows[one.face.id].hold is Hold.HAND]
    set_by_hand = {people.of_cluster(txn, at.cluster) for at in rows.values() if at.hold is Hold.HAND}
    for face, _, said in spoken:
        rows[face.id] = at = _apart(txn, rows[face.id], set_by_hand)
        is_loose = not at.cluster and (face.id in fresh or face.id in let_go)
        person = people.resolve(txn, said.example) if is_loose else NOBODY
        there = {people.of_cluster(txn, rows[one.face.id].cluster) for one in spoken}
        if person and person not in there and person not in refused(txn, said):
            rows[face.id] = at._replace(cluster=people.home(txn, person))
    return [(one.face, rows[one.face.id]) for one in spoken]


def _heard(txn: WriteTransaction, at: FaceRow, said: FaceSaid) -> FaceRow:
    """Where a face is to be for what is said of itself."""
    person = people.resolve(txn, said.person)
    if person:
        is_there = people.of_cluster(txn, at.cluster) == person
        return FaceRow(at.asset, at.cluster if is_there else people.home(txn, person), hold=Hold.HAND)
    if at.hold is Hold.HAND:  # once
        return FaceRow(at.asset)
    return _apart(txn, at, refused(txn, said)) if said.refused else at


def _apart(txn: ReadTransaction, at: FaceRow, people_apart: Collection[PersonId]) -> FaceRow:
    """Where a face is to be that is none of these people, but for those that the user has set."""
    if at.hold is Hold.HAND:
        return at
    if at.cluster and people.of_cluster(txn, at.cluster) in people_apart:
        at = at._replace(cluster=WAITING, hold=Hold.NONE)
    if at.suggested and people.of_cluster(txn, at.suggested) in people_apart:
        at = at._replace(suggested=WAITING)
    return at
