"""What it takes to say something of people and faces: the entry that is recorded, or one clear line why it is not.

Callers speak of people and faces by id. The journal has faces by content and place, and introduces people of whom it
has not heard yet.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from photofsd.display import shown
from photofsd.errors import AlreadyThere, NoSuchEntry, NotPermitted
from photofsd.records import AssetRecord, Person
from photofsd.store import assets, faces, introductions, naming, people, person_names, somewhere
from photofsd.store.verb import Entry
from photofsd.types import NOBODY, AssetId, FaceId, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def _somebody(txn: ReadTransaction, number: object) -> PersonId:
    """The person of that id, or who that is now. Raises NoSuchEntry."""
    found = people.resolve(txn, PersonId(number)) if isinstance(number, int) else NOBODY
    if not found:
        raise NoSuchEntry(f"there is no person {number}: `photofsd people list` says who there is")
    return found


def _with_introductions(txn: ReadTransaction, entry: Entry, *those: PersonId) -> Entry:
    unheard = [one for one in dict.fromkeys(those) if not (people.person(txn, one) or Person()).is_said]
    return {**entry, "people": [introductions.introduction(txn, one) for one in unheard]} if unheard else entry


def _called(txn: ReadTransaction, person: PersonId) -> str:
    """A person as messages name them."""
    found = people.person(txn, person) or Person()
    return shown(os.fsdecode(person_names.folder_name(person, found)))


def _free(txn: ReadTransaction, name: str, person: PersonId = NOBODY) -> None:
    """Raise where that person cannot be called so."""
    person_names.require(os.fsencode(name))
    holder = people.named(txn, os.fsencode(name))
    if holder is not None and holder != person:
        raise AlreadyThere(f"somebody is called '{shown(name)}' already: merge the two, where they are the same person")
    if holder is not None and holder == person:
        raise AlreadyThere(f"'{shown(name)}' is what they are called already")


def name(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which a person is called so."""
    person = _somebody(txn, entry["person"])
    _free(txn, entry["name"], person)
    return {
        "do": entry["do"],
        "person": person,
        "name": entry["name"],
        "people": [introductions.introduction(txn, person)],
    }


def make(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which there is somebody new, called so."""
    _free(txn, entry["name"])
    return {"do": entry["do"], "person": introductions.following(txn), "name": entry["name"]}


def merge(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which two people are one."""
    person, into = _somebody(txn, entry["person"]), _somebody(txn, entry["into"])
    if person == into:
        raise NotPermitted(f"{_called(txn, person)!r} and {_called(txn, into)!r} are one person already")
    return _with_introductions(txn, {"do": entry["do"], "person": person, "into": into}, person, into)


def hide(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which a person is hidden, or shown again."""
    person, hidden = _somebody(txn, entry["person"]), bool(entry["hidden"])
    if (people.person(txn, person) or Person()).is_hidden == hidden:
        raise AlreadyThere(f"{_called(txn, person)!r} is {'hidden' if hidden else 'shown'} already")
    return _with_introductions(txn, {"do": entry["do"], "person": person, "hidden": hidden}, person)


def assign(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which a face, or one that nobody has found in a photo, is that person's."""
    person = _somebody(txn, entry["person"])
    said, record, asset = _of_face(txn, entry["face"]) if "face" in entry else _of_photo(txn, entry["asset"], person)
    instead_of = entry.get("instead_of")
    names = _names_of(txn, asset, record, _somebody(txn, instead_of)) if instead_of is not None else []
    return _with_introductions(txn, {"do": entry["do"], **said, "person": person, **_if_any("names", names)}, person)


def refuse(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which a face is not that person's, nor the photo by its file's word."""
    person = _somebody(txn, entry["person"])
    said, record, asset = _of_face(txn, entry["face"])
    names = _names_of(txn, asset, record, person)
    cosine = {"cosine": float(entry["cosine"])} if entry.get("cosine") is not None else {}
    complete = {"do": entry["do"], **said, "person": person, **cosine, **_if_any("names", names)}
    return _with_introductions(txn, complete, person)


def refuse_name(txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry by which a photo is not that person's, whose file names them."""
    person, asset = _somebody(txn, entry["person"]), AssetId(entry["asset"])
    record = assets.asset(txn, asset)
    names = _names_of(txn, asset, record, person) if record is not None else []
    if record is None or not names:
        raise NoSuchEntry(f"the file of that photo does not name {_called(txn, person)!r}")
    return {"do": entry["do"], "content": record.content.hex(), "names": names}


def _of_face(txn: ReadTransaction, face: object) -> tuple[dict[str, Any], AssetRecord, AssetId]:
    """The face as the journal knows it, and its photo. Raises NoSuchEntry."""
    at = faces.row(txn, FaceId(face)) if isinstance(face, int) else None
    found = faces.place_of(txn, FaceId(face)) if isinstance(face, int) else None
    if at is None or found is None:
        raise NoSuchEntry(f"there is no face {face} (any more): it has been looked for anew")
    record, place = found
    return {"content": record.content.hex(), "box": introductions.written(place)}, record, at.asset


def _of_photo(txn: ReadTransaction, number: object, person: PersonId) -> tuple[dict[str, Any], AssetRecord, AssetId]:
    """A face that nobody has found and that is that person's, somewhere in that photo. Raises NoSuchEntry."""
    record = assets.asset(txn, AssetId(number)) if isinstance(number, int) else None
    if record is None or not isinstance(number, int):
        raise NoSuchEntry(f"there is no photo {number}")
    place = somewhere.place_for(txn, record.content, person)
    return {"content": record.content.hex(), "box": introductions.written(place)}, record, AssetId(number)


def _names_of(txn: ReadTransaction, asset: AssetId, record: AssetRecord, person: PersonId) -> list[str]:
    """What of the names in a photo's file means that person, and counts."""
    said = naming.names(txn, record.content, assets.metadata(txn, asset), None)
    return sorted(os.fsdecode(name) for name in said if people.meant(txn, name) == person)


def _if_any(key: str, values: list[str]) -> dict[str, list[str]]:
    return {key: values} if values else {}
