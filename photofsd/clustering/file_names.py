"""Names that files bring along: a region around a face says whose it is, a name alone says who is in the photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.errors import PhotofsdError
from photofsd.records import Person
from photofsd.store import assets, face_rows, faces, naming, people, person_names
from photofsd.types import AssetId, FaceId, Hold, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


def has_something_to_say(txn: ReadTransaction, asset: AssetId) -> bool:
    """Claim: the file names somebody, or did so when its faces were put where they are."""
    metadata = assets.metadata(txn, asset)
    if metadata is not None and (metadata.people or any(region.name for region in metadata.regions)):
        return True
    return any(row.hold is Hold.FILE for _, row in faces.placed(txn, asset))


def obeyed(txn: WriteTransaction, asset: AssetId) -> None:
    """Put the faces of a photo where its file says they belong; whoever it names is a person from then on.

    What the user has set or refused stays so. A face that the file names no more is the machine's again.
    """
    record, metadata, found = assets.asset(txn, asset), assets.metadata(txn, asset), faces.faces(txn, asset)
    if record is None or metadata is None:
        return
    named = naming.named_faces(metadata, found.faces if found is not None else ())
    for face, name in named:
        _name(txn, face.id, _called(txn, name))
    under = {face.id for face, _ in named}
    for face, row in faces.placed(txn, asset):
        if row.hold is Hold.FILE and face.id not in under:
            txn.touch(asset)
            face_rows.put(txn, face.id, row._replace(hold=Hold.NONE))
    for name in naming.names(txn, record.content, metadata, found):
        _called(txn, name)


def _name(txn: WriteTransaction, face: FaceId, person: PersonId) -> None:
    row = faces.row(txn, face)
    if row is None or row.hold is Hold.HAND or person in faces.refusals(txn, face):
        return
    if row.hold is Hold.NONE or people.of_cluster(txn, row.cluster) != person:
        faces.place(txn, face, people.home(txn, person), hold=Hold.FILE)


def _called(txn: WriteTransaction, name: bytes) -> PersonId:
    """Whom files call so: somebody new, where nobody is called so. One whose name is none of a folder has no other."""
    known = people.meant(txn, name)
    if known is not None:
        return people.resolve(txn, known)
    try:
        person_names.require(name)
    except PhotofsdError:
        person = people.new_person(txn)
        people.put(txn, person, Person(aliases=(name,)))
        return person
    return people.new_person(txn, name)
