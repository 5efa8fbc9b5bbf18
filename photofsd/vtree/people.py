"""What users say of people by moving folders and photos: each word an entry of the journal, which can be undone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from photofsd.display import shown
from photofsd.errors import AlreadyThere, NoSuchEntry, NotPermitted
from photofsd.records import Person
from photofsd.store import people, people_said, person_names, undo
from photofsd.types import AssetId, FaceId, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction
    from photofsd.vtree.scope import Library


def call(library: Library, person: PersonId, name: bytes, *, is_hidden: bool = False) -> None:
    """Give a person a name, or merge them into whoever has it; and show them, or hide them.

    Raises AlreadyThere where whoever has the name is hidden and this one is not to be; what a bad name raises.
    """
    with library.store.read() as txn:
        found, holder = _known(txn, person), people.named(txn, name)
        there = None if holder is None else people.person(txn, holder)
    if holder is not None and holder != person:
        if there is not None and there.is_hidden and not is_hidden:
            raise _hidden(name)
        merge(library, person, holder)
        return
    if holder is None:
        library.facts.say(people_said.NAME, person=person, name=os.fsdecode(name))
    if found.is_hidden != is_hidden:
        hide(library, person, is_hidden=is_hidden)


def make(library: Library, name: bytes) -> PersonId:
    """Make a person without photos, or bring back one who was made and removed again.

    Raises AlreadyThere, and what a bad name raises.
    """
    with library.store.read() as txn:
        holder = people.named(txn, name)
        found = None if holder is None else people.person(txn, holder)
        is_empty = holder is not None and not people.photos(txn, holder)
    if holder is not None and found is not None and found.is_hidden:
        if not is_empty:
            raise _hidden(name)
        hide(library, holder, is_hidden=False)
        return holder
    return PersonId(library.facts.say(people_said.MAKE, name=os.fsdecode(name))["person"])


def merge(library: Library, person: PersonId, into: PersonId) -> None:
    """Say that two are the same person, who is called as `into` is, or as the other where that has no name."""
    library.facts.say(people_said.MERGE, person=person, into=into)


def hide(library: Library, person: PersonId, *, is_hidden: bool = True) -> int:
    """Take a person out of sight, or bring them back; the number of the entry that says so."""
    return int(library.facts.say(people_said.HIDE, person=person, hidden=is_hidden)["n"])


def give(library: Library, asset: AssetId, faces: Sequence[FaceId], person: PersonId, instead_of: PersonId) -> None:
    """Say that these faces of a photo are that person's; where it has none, that the person is somewhere in it.

    instead_of: whose they were, by the word of the file, too; NOBODY = nobody's.
    """
    whom = {"person": person, "instead_of": instead_of} if instead_of else {"person": person}
    for face in faces:
        library.facts.say(people_said.ASSIGN, face=face, **whom)
    if not faces:
        library.facts.say(people_said.ASSIGN, asset=asset, **whom)


def refuse(library: Library, asset: AssetId, faces: Sequence[FaceId], person: PersonId) -> list[int]:
    """Say that these faces of a photo are not that person's, or its file wrong; the numbers of the entries."""
    say = library.facts.say
    if not faces:
        return [say(people_said.REFUSE_NAME, asset=asset, person=person)["n"]]
    like = {face: library.likeness(face, person) for face in faces}
    return [say(people_said.REFUSE, face=face, person=person, cosine=like[face])["n"] for face in faces]


def take_back(library: Library, entries: Sequence[int]) -> None:
    """Take back what these entries of the journal say, as far as it still is so.

    What has been taken back already is left out, and where of the same person or photo something was said since.
    """
    with contextlib.suppress(NoSuchEntry):
        library.facts.say(undo.UNDO, entries=sorted(entries, reverse=True))


def require_other_name(library: Library, person: PersonId, name: bytes = b"") -> None:
    """Raise NotPermitted where that person has a name, and is to keep it or to have none."""
    with library.store.read() as txn:
        found = _known(txn, person)
    if found.name and name in {b"", found.name}:
        raise NotPermitted(
            f"{shown(found.name)} has a name, and so is not unknown: move that folder to /people/hidden, or take the "
            "name back with photofsd undo"
        )


def _hidden(name: bytes) -> AlreadyThere:
    return AlreadyThere(f"{shown(name)} is hidden: move /people/hidden/{shown(name)} to /people first")


def _known(txn: ReadTransaction, person: PersonId) -> Person:
    found = people.person(txn, person)
    if found is None or found.merged_into:
        raise NoSuchEntry(f"{person_names.unnamed(person).decode()} is not there any more")
    return found
