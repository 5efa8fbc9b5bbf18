"""How the journal knows people: by some of their faces, so that a store that is made anew knows them again.

Ids are given anew there, faces too; contents and places in them are the same. An entry that is about somebody of whom
the journal has not heard brings an introduction: id, name, and faces that are theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from photofsd.records import Face, Person
from photofsd.store import face_said, faces, facets, people
from photofsd.store.overlap import Box
from photofsd.store.schema import Tables
from photofsd.types import AssetId, Facet, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

EXAMPLES_MAX: Final = 20
_LOOKED_AT: Final = 60
_DIGITS: Final = 6


def introduction(txn: ReadTransaction, person_id: PersonId) -> dict[str, Any]:
    """What the journal has to know of a person, as JSON says it. Reads a few dozen photos, however many there are."""
    found = people.person(txn, person_id) or Person()
    known: dict[str, Any] = {"person": person_id, "examples": list(_examples(txn, found))}
    if found.name:
        known["name"] = os.fsdecode(found.name)
    if found.aliases:
        known["aliases"] = [os.fsdecode(alias) for alias in found.aliases]
    if found.is_hidden:
        known["hidden"] = True
    return known


def _examples(txn: ReadTransaction, found: Person) -> Iterator[list[Any]]:
    """The largest faces of photos from all over the person's."""
    photos = facets.union(txn, Facet.CLUSTER, (b"%d" % one for one in found.clusters))
    every = max(1, len(photos) // _LOOKED_AT)
    looked_at = [AssetId(photos[at]) for at in range(0, len(photos), every)][:_LOOKED_AT]
    theirs = [(face, asset) for asset in looked_at for face in _faces(txn, asset, found)]
    for face, _ in sorted(theirs, key=lambda one: (-one[0].px, one[1]))[:EXAMPLES_MAX]:
        place = faces.place_of(txn, face.id)
        if place is not None:
            yield [place[0].content.hex(), written(place[1])]


def _faces(txn: ReadTransaction, asset: AssetId, found: Person) -> list[Face]:
    return [face for face, at in faces.placed(txn, asset) if at.cluster in found.clusters]


def written(place: Box) -> list[float]:
    """A place in a photo as the journal has it: exact enough to be the same again."""
    return [round(part, _DIGITS) for part in place]


def read(content: str, place: list[float]) -> tuple[bytes, Box]:
    """The content and the place that an entry means."""
    return bytes.fromhex(content), face_said.place(Box(*place))


def meet(txn: WriteTransaction, known: dict[str, Any]) -> None:
    """From now on the journal knows that person; where the store does not, it is as the journal says."""
    person_id = PersonId(known["person"])
    if people.person(txn, person_id) is None:
        name = os.fsencode(known.get("name", ""))
        aliases = tuple(os.fsencode(alias) for alias in known.get("aliases", ()))
        make(txn, person_id, Person(name, is_hidden=known.get("hidden", False), aliases=aliases))
    now = people.person(txn, person_id) or Person()
    people.put(txn, person_id, msgspec.structs.replace(now, is_said=True))
    for example in known["examples"]:
        content, place = read(*example)
        said = face_said.at(txn, content, place)
        face_said.say(txn, content, place, msgspec.structs.replace(said, example=person_id))


def following(txn: ReadTransaction) -> PersonId:
    """The id of whoever is new next."""
    return PersonId(txn.number(Tables.META, b"next_person") or 1)


def make(txn: WriteTransaction, person_id: PersonId, record: Person) -> None:
    """Somebody with that id, which nobody else gets from now on."""
    txn.put_number(Tables.META, b"next_person", max(following(txn), person_id + 1))
    people.put(txn, person_id, record)
