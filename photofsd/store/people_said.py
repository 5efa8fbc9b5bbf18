"""What users say of people and faces: the verbs of the journal.

An entry is about people by their ids and about faces by content and place, so it means the same in a store in which no
face has been found yet. What it takes to say them: people_entries.py.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from photofsd.records import FaceSaid, Person
from photofsd.store import (
    assets,
    face_said,
    faces,
    introductions,
    people,
    people_before,
    people_entries,
    person_names,
)
from photofsd.store.people_before import Before
from photofsd.store.verb import Entry, Verb
from photofsd.types import NOBODY, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

NAME: Final = "name-person"
MERGE: Final = "merge-people"
MAKE: Final = "make-person"
HIDE: Final = "hide-person"
ASSIGN: Final = "assign-face"
REFUSE: Final = "refuse-face"
REFUSE_NAME: Final = "refuse-name"
EDITED: Final = "edit-photos"
_EDITS_AN_ENTRY: Final = 5000


def _met(txn: WriteTransaction, entry: Entry, *keys: str) -> list[PersonId]:
    """Whom an entry is about, after it has introduced them."""
    for known in entry.get("people", ()):
        introductions.meet(txn, known)
    those = [PersonId(entry[key]) for key in keys]
    for one in those:
        if people.person(txn, one) is None:
            introductions.make(txn, one, Person(is_said=True))
    return [people.resolve(txn, one) for one in those]


def _name(txn: WriteTransaction, entry: Entry) -> Before:
    (person,) = _met(txn, entry, "person")
    name = os.fsencode(entry["name"])
    before = _before_name(txn, person, name)
    people.rename(txn, person, name)
    return before


def _make(txn: WriteTransaction, entry: Entry) -> Before:
    person, name = PersonId(entry["person"]), os.fsencode(entry["name"])
    before = _before_name(txn, person, name)
    introductions.make(txn, person, Person(is_said=True))
    people.rename(txn, person, name)
    return before


def _before_name(txn: WriteTransaction, person: PersonId, name: bytes) -> Before:
    """What is so of those whom it concerns that the person gets that name."""
    holder = people.named(txn, name)
    others = _called_like(txn, person, person_names.value(name))
    return Before(people_before.of_people(txn, person, *others, *(() if holder is None else (holder,))))


def _called_like(txn: WriteTransaction, person: PersonId, *values: bytes) -> list[PersonId]:
    """Who has a name of that person's, or one of these, as an alias, and may lose it to them."""
    wanted = (*people.called(people.person(txn, person) or Person()), *values)
    return [one for value in wanted if (one := people.meant(txn, value)) is not None]


def _merge(txn: WriteTransaction, entry: Entry) -> Before:
    person, into = _met(txn, entry, "person", "into")
    if person == into:
        return Before()
    those = people_before.of_people(txn, person, into, *_called_like(txn, person))
    clusters = people_before.clusters_of(txn, person)
    examples = () if clusters else people_before.examples_of(txn, person, into)
    before = Before(those, clusters, examples=examples)
    people.merge(txn, person, into)
    return before


def _hide(txn: WriteTransaction, entry: Entry) -> Before:
    (person,) = _met(txn, entry, "person")
    before = Before(people_before.of_people(txn, person))
    found = people.person(txn, person) or Person()
    people.put(txn, person, msgspec.structs.replace(found, is_hidden=bool(entry["hidden"])))
    return before


def _assign(txn: WriteTransaction, entry: Entry) -> Before:
    (person,) = _met(txn, entry, "person")

    def now(said: FaceSaid) -> FaceSaid:
        others = {one: cosine for one, cosine in said.refused.items() if people.resolve(txn, one) != person}
        return msgspec.structs.replace(said, person=person, refused=others)

    return _of_face(txn, entry, now)


def _refuse(txn: WriteTransaction, entry: Entry) -> Before:
    (person,) = _met(txn, entry, "person")

    def now(said: FaceSaid) -> FaceSaid:
        is_set = people.resolve(txn, said.person) == person
        refused = {**said.refused, person: float(entry.get("cosine", 0.0))}
        return msgspec.structs.replace(said, person=NOBODY if is_set else said.person, refused=refused)

    return _of_face(txn, entry, now)


def _of_face(txn: WriteTransaction, entry: Entry, now: Callable[[FaceSaid], FaceSaid]) -> Before:
    """Say that of a face, and refuse the names that the entry has; the photo follows, where it is there."""
    content, place = introductions.read(entry["content"], entry["box"])
    names = tuple(map(os.fsencode, entry.get("names", ())))
    before = people_before.of_photo(txn, content, (place,), names)
    asset = assets.with_content(txn, content)
    if asset is not None:
        txn.touch(asset)
    face_said.say(txn, content, place, now(face_said.at(txn, content, place)))
    for name in names:
        face_said.refuse_name(txn, content, name, is_refused=True)
    if asset is not None:
        faces.settle(txn, asset)
    return Before(photo=people_before.changed(txn, before))


def _refuse_name(txn: WriteTransaction, entry: Entry) -> Before:
    content = bytes.fromhex(entry["content"])
    names = tuple(map(os.fsencode, entry["names"]))
    before = people_before.of_photo(txn, content, (), names)
    asset = assets.with_content(txn, content)
    if asset is not None:
        txn.touch(asset)
    for name in names:
        face_said.refuse_name(txn, content, name, is_refused=True)
    return Before(photo=people_before.changed(txn, before))


def _edited(txn: WriteTransaction, entry: Entry) -> None:
    """Photos of which something was said have other content now: in a store that has seen it, all is done."""
    for old, new in entry["edits"]:
        edit = bytes.fromhex(old), bytes.fromhex(new)
        if not face_said.told(txn, *edit):
            face_said.carry(txn, *edit)


def _edits(txn: ReadTransaction) -> Iterator[Entry]:
    edits = iter(face_said.untold(txn))
    while some := list(itertools.islice(edits, _EDITS_AN_ENTRY)):
        yield {"do": EDITED, "edits": [[old.hex(), new.hex()] for old, new in some]}


VERBS: Final = {
    NAME: Verb(_name, people_entries.name, people_before.take_back, people_before.about),
    MERGE: Verb(_merge, people_entries.merge, people_before.take_back, people_before.about),
    MAKE: Verb(_make, people_entries.make, people_before.take_back, people_before.about),
    HIDE: Verb(_hide, people_entries.hide, people_before.take_back, people_before.about),
    ASSIGN: Verb(_assign, people_entries.assign, people_before.take_back, people_before.about),
    REFUSE: Verb(_refuse, people_entries.refuse, people_before.take_back, people_before.about),
    REFUSE_NAME: Verb(_refuse_name, people_entries.refuse_name, people_before.take_back, people_before.about),
    EDITED: Verb(_edited, untold=_edits),
}
"""What the journal's entries about people mean."""
