"""Faces: what was found in each photo, and in which cluster each face is.

What users have said of a face (face_said.py) comes before what anybody else makes of it: it is applied whenever the
faces of a photo change, so it survives another model, `stages reset faces`, and a store that is made anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from photofsd.records import AssetRecord, Face, Faces
from photofsd.store import assets, face_rows, face_said, people, spoken
from photofsd.store.face_rows import FaceRow, row, rows
from photofsd.store.overlap import Box, box, pairs
from photofsd.store.schema import U32, Tables
from photofsd.store.spoken import Placed
from photofsd.types import WAITING, AssetId, ClusterId, FaceId, Hold, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

__all__ = [
    "FaceRow",
    "faces",
    "keep",
    "of_person",
    "place",
    "place_of",
    "placed",
    "refusals",
    "refusals_in",
    "reserve",
    "row",
    "rows",
    "settle",
    "suggested_for",
]


def faces(txn: ReadTransaction, asset: AssetId) -> Faces | None:
    """The faces of a photo; None where nobody has looked for any."""
    return txn.record(Tables.FACES, U32.pack(asset), Faces)


def placed(txn: ReadTransaction, asset: AssetId) -> list[Placed]:
    """The faces of a photo, and where each is."""
    found = faces(txn, asset)
    return [(face, row(txn, face.id) or FaceRow(asset)) for face in (found.faces if found is not None else ())]


def of_person(txn: ReadTransaction, asset: AssetId, person: PersonId) -> list[FaceId]:
    """The faces of a photo that are that person's."""
    return [face.id for face, at in placed(txn, asset) if people.of_cluster(txn, at.cluster) == person]


def suggested_for(txn: ReadTransaction, asset: AssetId, person: PersonId) -> list[FaceId]:
    """The faces of a photo that look like that person and are nobody's."""
    return [face.id for face, at in placed(txn, asset) if people.of_cluster(txn, at.suggested) == person]


def next_id(txn: ReadTransaction) -> FaceId:
    """The id that no face has been given yet, nor any after it; they begin at 1."""
    return FaceId(txn.number(Tables.META, b"next_face") or 1)


def reserve(txn: WriteTransaction, count: int) -> FaceId:
    """The first of `count` ids that follow each other, given to nobody before and after."""
    return FaceId(txn.next_ids(b"next_face", count))


def keep(txn: WriteTransaction, asset: AssetId, model: str, found: Sequence[Face]) -> bool:
    """Keep what `model` has found in a photo, in place of what was there; True where that is news.

    found: with ids of `reserve`. A face that overlaps one that was there takes over its place. What the user says to
    be there is there: a face that was not found again, or never, stands among the others as missed.
    """
    if assets.asset(txn, asset) is None:
        return False
    old = placed(txn, asset)
    again = pairs([box(face) for face in found], [box(face) for face, _ in old])
    now = [(face, old[again[i]][1] if i in again else FaceRow(asset)) for i, face in enumerate(found)]
    missed = (one for i, one in enumerate(old) if i not in again.values() and one[1].hold is Hold.HAND)
    now += [(msgspec.structs.replace(face, crc=None, is_missed=True), at) for face, at in missed]
    return _write(txn, asset, model, now, {face.id for i, face in enumerate(found) if i not in again})


def settle(txn: WriteTransaction, asset: AssetId) -> None:
    """Put the faces of a photo where the user says; call it when that has changed."""
    found = faces(txn, asset)
    _write(txn, asset, found.model if found is not None else "", placed(txn, asset))


def _write(
    txn: WriteTransaction,
    asset: AssetId,
    model: str,
    now: Sequence[Placed],
    fresh: Collection[FaceId] = (),
) -> bool:
    txn.touch(asset)
    before = {face.id for face, _ in placed(txn, asset)}
    record = assets.asset(txn, asset)
    after = spoken.obeyed(txn, asset, record.content, now, fresh) if record is not None else now
    for face_id in before - {face.id for face, _ in after}:
        face_rows.put(txn, face_id, None)
    for face, at in after:
        face_rows.put(txn, face.id, at)
    is_news = model or after
    return assets.keep(txn, Tables.FACES, asset, Faces(model, tuple(face for face, _ in after)) if is_news else None)


def place(
    txn: WriteTransaction, face: FaceId, cluster: ClusterId, *, hold: Hold = Hold.NONE, suggested: ClusterId = WAITING
) -> bool:
    """Put a face into a cluster, for the machine or for its file; WAITING = into none. False where that may not be.

    It may not: what the user has set; where the user has refused it; what the file names, but for the file; a face
    into a cluster that is not there, or whose person has another face in the photo (of those that nobody holds, the
    file's word is that they go). A suggestion that may not be is left out.
    """
    at = row(txn, face)
    if at is None or at.hold is Hold.HAND or at.hold > hold:
        return False
    person, likely = people.of_cluster(txn, cluster), people.of_cluster(txn, suggested)
    others = [(one.id, there) for one, there in placed(txn, at.asset) if one.id != face]
    in_the_way = [(one, there) for one, there in others if person and people.of_cluster(txn, there.cluster) == person]
    may_go = hold is Hold.FILE and all(there.hold is Hold.NONE for _, there in in_the_way)
    refused = refusals(txn, face).keys()
    if cluster and (not person or person in refused or (in_the_way and not may_go)):
        return False
    txn.touch(at.asset)
    for one, there in others:
        face_rows.put(txn, one, _without(txn, there, person))
    elsewhere = {one for _, there in others for one in (there.cluster, there.suggested)}
    taken = {person, *refused, *(people.of_cluster(txn, one) for one in elsewhere)}
    likely_cluster = suggested if likely and likely not in taken else WAITING
    face_rows.put(txn, face, FaceRow(at.asset, cluster, likely_cluster, hold if cluster else Hold.NONE))
    return True


def _without(txn: ReadTransaction, at: FaceRow, person: PersonId) -> FaceRow:
    """Where a face is to be that is not that person, nor suggested to be."""
    cluster, suggested = (
        WAITING if people.of_cluster(txn, one) == person else one for one in (at.cluster, at.suggested)
    )
    return at._replace(cluster=cluster, suggested=suggested)


def refusals(txn: ReadTransaction, face: FaceId) -> Mapping[PersonId, float]:
    """Who a face is not, as the user says, each with how like that person it was (cosine; 0 = not known)."""
    at = row(txn, face)
    return refusals_in(txn, at.asset).get(face, {}) if at is not None else {}


def refusals_in(txn: ReadTransaction, asset: AssetId) -> Mapping[FaceId, Mapping[PersonId, float]]:
    """The same of all faces of a photo for which the user has refused somebody."""
    record = assets.asset(txn, asset)
    if record is None or not face_said.said(txn, record.content):
        return {}
    about = _spoken(txn, asset, record)
    return {one.face.id: spoken.refused(txn, one.said) for one in about if one.said.refused}


def place_of(txn: ReadTransaction, face: FaceId) -> tuple[AssetRecord, Box] | None:
    """The photo of a face, and under which place in it the user's word is kept; None where there is no such face."""
    at = row(txn, face)
    record = assets.asset(txn, at.asset) if at is not None else None
    if at is None or record is None:
        return None
    return next(((record, one.place) for one in _spoken(txn, at.asset, record) if one.face.id == face), None)


def _spoken(txn: ReadTransaction, asset: AssetId, record: AssetRecord) -> list[spoken.Spoken]:
    about, _ = spoken.of(txn, record.content, [one for one, _ in placed(txn, asset)])
    return about
