"""What was so of people and faces before an entry of the journal, and how it is made so again.

Names, who is hidden, who was merged, what was said of faces: exactly as before. Where the machine has put a face or a
cluster meanwhile is left where what was before would contradict it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import msgspec

from photofsd.records import FaceSaid, Person, Record
from photofsd.store import assets, face_rows, face_said, faces, people, spoken
from photofsd.store.face_rows import FaceRow
from photofsd.store.overlap import Box, box, pairs
from photofsd.store.spoken import Placed
from photofsd.types import NOBODY, WAITING, AssetId, ClusterId, FaceId, Hold, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


class FaceBefore(Record, frozen=True):
    """Where a face was: its place in the photo, its cluster and whose that was.

    is_double: by a merge, another face of the photo was that person's, too, or theirs for whom this one was suggested.
    """

    place: Box
    person: PersonId
    cluster: ClusterId
    suggested: ClusterId
    hold: Hold
    is_double: bool = False


class PhotoBefore(Record, frozen=True):
    """What was so of a photo. said: of faces in these places. names: values of Facet.NAMED, refused or not.

    content: as it is now; where the photo is edited, `undo.carry` puts the new one here.
    """

    content: bytes
    said: tuple[tuple[Box, FaceSaid], ...] = ()
    names: tuple[tuple[bytes, bool], ...] = ()
    faces: tuple[FaceBefore, ...] = ()


class Before(Record, frozen=True):
    """What was so before an entry.

    people:   None = there was no such person. clusters: whose they were.
    examples: of a merge of somebody without clusters: faces that the journal knows them by, and that were the other's.
    """

    people: tuple[tuple[PersonId, Person | None], ...] = ()
    clusters: tuple[tuple[ClusterId, PersonId], ...] = ()
    photo: PhotoBefore | None = None
    examples: tuple[FaceId, ...] = ()


def of_people(txn: ReadTransaction, *those: PersonId) -> tuple[tuple[PersonId, Person | None], ...]:
    """What is so of these people."""
    return tuple((one, people.person(txn, one)) for one in dict.fromkeys(those))


def clusters_of(txn: ReadTransaction, person_id: PersonId) -> tuple[tuple[ClusterId, PersonId], ...]:
    """What clusters are that person's."""
    return tuple((cluster, person_id) for cluster in (people.person(txn, person_id) or Person()).clusters)


def of_photo(txn: ReadTransaction, content: bytes, places: tuple[Box, ...], names: tuple[bytes, ...]) -> PhotoBefore:
    """What is so of a photo: of what was said of these places and names, and of where its faces are."""
    refused = face_said.names_refused(txn, content)
    return PhotoBefore(
        content,
        tuple((place, face_said.at(txn, content, place)) for place in places),
        tuple((name, name in refused) for name in names),
        _faces(txn, content),
    )


def changed(txn: ReadTransaction, before: PhotoBefore) -> PhotoBefore:
    """The same, without the faces that are where they were, and that the user's word leaves there."""
    still = {(face.place, face.cluster, face.suggested, face.hold) for face in _faces(txn, before.content)}
    moved = (
        face
        for face in before.faces
        if face.is_double or (face.place, face.cluster, face.suggested, face.hold) not in still
    )
    return msgspec.structs.replace(before, faces=tuple(moved))


def _faces(txn: ReadTransaction, content: bytes) -> tuple[FaceBefore, ...]:
    placed = _placed(txn, content)
    owners = [people.of_cluster(txn, at.cluster) for _, at in placed]
    nearly = [people.of_cluster(txn, at.suggested) for _, at in placed]
    return tuple(
        FaceBefore(
            box(face), owner, *at[1:], is_double=owners.count(owner) > 1 or (other != NOBODY and other in owners)
        )
        for owner, other, (face, at) in zip(owners, nearly, placed, strict=True)
    )


def _placed(txn: ReadTransaction, content: bytes) -> list[Placed]:
    asset = assets.with_content(txn, content)
    return faces.placed(txn, asset) if asset is not None else []


def about(txn: ReadTransaction, stored: bytes) -> set[object]:
    """The people and the photo of whom something is made so again: ids, and the photo's content."""
    before = txn.decode(stored, Before)
    photo = set() if before.photo is None else {before.photo.content}
    return {*(person_id for person_id, _ in before.people), *photo}


def take_back(txn: WriteTransaction, stored: bytes) -> None:
    """Make what was so before so again."""
    before = txn.decode(stored, Before)
    apart = [
        (one, now.merged_into)
        for one, record in before.people
        if record is not None and (now := people.person(txn, one)) is not None and now.merged_into != record.merged_into
    ]
    for person_id, record in before.people:
        if record is not None and people.person(txn, person_id) is not None:
            _restore(txn, person_id, record)
    for cluster, person_id in before.clusters:
        owner = people.of_cluster(txn, cluster)
        if owner and owner != person_id and people.resolve(txn, person_id) == person_id:
            people.give(txn, cluster, person_id)
    for person_id, into in apart:
        _claim(txn, person_id, NOBODY if before.clusters else into, before.examples)
    if before.photo is not None:
        _restore_photo(txn, before.photo)
    for person_id, record in before.people:
        if record is None:
            _unmake(txn, person_id)


def _claim(txn: WriteTransaction, person_id: PersonId, into: PersonId, but: Collection[FaceId]) -> None:
    """What was found while they were one is that person's, where the user says so, and examples that `into` has.

    into: NOBODY where the person has got clusters back, and in them the examples. but: examples that `into` had before.
    """
    for asset, face, at, said in _said_of(txn, person_id):
        owner = people.of_cluster(txn, at.cluster)
        if people.resolve(txn, said.person) == person_id != owner:
            faces.settle(txn, asset)
        elif into and owner == into and face not in but and _is_example(txn, at, said, person_id):
            faces.place(txn, face, people.home(txn, person_id))


def examples_of(txn: ReadTransaction, person_id: PersonId, into: PersonId) -> tuple[FaceId, ...]:
    """Faces that the journal knows the person by, and that are `into`'s now. Reads all that was said of faces."""
    return tuple(
        face
        for _, face, at, said in _said_of(txn, person_id)
        if people.of_cluster(txn, at.cluster) == into and _is_example(txn, at, said, person_id)
    )


def _is_example(txn: ReadTransaction, at: FaceRow, said: FaceSaid, person_id: PersonId) -> bool:
    return at.hold is Hold.NONE and people.resolve(txn, said.example) == person_id


def _said_of(txn: ReadTransaction, person_id: PersonId) -> Iterator[tuple[AssetId, FaceId, FaceRow, FaceSaid]]:
    """The faces of photos in which some are said to be that person's, or an example of them; and what is said."""
    contents = {
        content
        for content, said in face_said.everything(txn)
        if person_id in {people.resolve(txn, said.person), people.resolve(txn, said.example)}
    }
    for content in contents:
        asset = assets.with_content(txn, content)
        if asset is not None:
            placed = faces.placed(txn, asset)
            about, _ = spoken.of(txn, content, [face for face, _ in placed])
            yield from ((asset, face.id, at, one.said) for (face, at), one in zip(placed, about, strict=True))


def _restore(txn: WriteTransaction, person_id: PersonId, record: Person) -> None:
    """All but the clusters, which are given back one by one, and what the journal knows."""
    now = people.person(txn, person_id) or Person()
    people.put(txn, person_id, msgspec.structs.replace(record, clusters=now.clusters, is_said=now.is_said))


def _unmake(txn: WriteTransaction, person_id: PersonId) -> None:
    """There was nobody; of what the machine has made theirs meanwhile, somebody without a name is left."""
    now = people.person(txn, person_id)
    if now is not None:
        people.put(txn, person_id, Person(clusters=now.clusters))
        for cluster in now.clusters:
            people.drop_if_empty(txn, cluster)
        if not now.clusters:
            people.put(txn, person_id, None)


def _restore_photo(txn: WriteTransaction, before: PhotoBefore) -> None:
    content = before.content
    asset = assets.with_content(txn, content)
    if asset is not None:
        txn.touch(asset)
    for place, said in before.said:
        face_said.say(txn, content, place, said)
    for name, is_refused in before.names:
        face_said.refuse_name(txn, content, name, is_refused=is_refused)
    if asset is not None:
        faces.settle(txn, asset)
        _restore_places(txn, asset, before.faces)


def _restore_places(txn: WriteTransaction, asset: AssetId, before: tuple[FaceBefore, ...]) -> None:
    """Put these faces where they were, as far as they are still there and nobody contradicts."""
    now = faces.placed(txn, asset)
    paired = pairs([was.place for was in before], [box(face) for face, _ in now])
    moved = {now[j][0].id: (before[i], now[j][1]) for i, j in paired.items() if _is_same_word(before[i], now[j][1])}
    for face, (_, at) in moved.items():
        face_rows.put(txn, face, at._replace(cluster=WAITING, suggested=WAITING))
    for face, (was, at) in moved.items():
        others = [there.cluster for one, there in faces.placed(txn, asset) if one.id != face and there.cluster]
        apart = {people.of_cluster(txn, one) for one in others if not was.is_double}
        places = (_cluster(txn, was), at.cluster)
        free = (one for one in places if one not in others and people.of_cluster(txn, one) not in apart)
        cluster = places[0] if was.hold is Hold.HAND else next(free, WAITING)
        face_rows.put(txn, face, FaceRow(asset, cluster, was.suggested, was.hold if cluster else Hold.NONE))


def _is_same_word(was: FaceBefore, at: FaceRow) -> bool:
    """Claim: it is still the user who holds the face, or still not; another of their words has come otherwise."""
    return (was.hold is Hold.HAND) == (at.hold is Hold.HAND)


def _cluster(txn: WriteTransaction, was: FaceBefore) -> ClusterId:
    """The cluster that it was in, or where that is gone, one of the same person."""
    owner, person_id = people.of_cluster(txn, was.cluster), people.resolve(txn, was.person)
    if owner == person_id:
        return was.cluster if owner else WAITING
    return people.home(txn, person_id) if person_id else WAITING
