"""Entries of the journal as people are told of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from photofsd.display import shown
from photofsd.store import assets, face_said, people, people_said, person_names, searches
from photofsd.store.verb import Entry
from photofsd.types import PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def retold(txn: ReadTransaction, entries: Sequence[Entry]) -> list[str]:
    """What the entries say, a line each; people are called as they are now, else as one of the entries says."""
    names = {entry["person"]: entry["name"] for entry in entries if entry["do"] in {people_said.NAME, people_said.MAKE}}
    told = _Told(txn, names)
    return [str(entry["do"]) if (way := _WAYS.get(entry["do"])) is None else way(told, entry) for entry in entries]


def called(txn: ReadTransaction, person_id: PersonId) -> str:
    """What somebody is called, in /people too."""
    return _name(txn, person_id) or _id(person_id)


class _Told(NamedTuple):
    """names: of people, as what is retold gives them."""

    txn: ReadTransaction
    names: Mapping[int, str]

    def called(self, person_id: PersonId) -> str:
        return _name(self.txn, person_id) or shown(self.names.get(person_id, _id(person_id)))


def _name(txn: ReadTransaction, person_id: PersonId) -> str:
    """Empty where nobody has named them."""
    found = people.person(txn, people.resolve(txn, person_id))
    return shown(os.fsdecode(found.name)) if found is not None and found.name else ""


def _id(person_id: PersonId) -> str:
    return person_names.unnamed(person_id).decode()


def _photo(txn: ReadTransaction, entry: Entry) -> str:
    asset = assets.with_content(txn, face_said.current(txn, bytes.fromhex(entry["content"])))
    record = assets.asset(txn, asset) if asset is not None else None
    return "a photo that is gone" if record is None else shown(os.fsdecode(record.name))


_WAYS: Final[Mapping[str, Callable[[_Told, Entry], str]]] = {
    people_said.NAME: lambda _, entry: f"{_id(entry['person'])} is called {shown(entry['name'])}",
    people_said.MAKE: lambda _, entry: f"there is somebody new, {shown(entry['name'])}",
    people_said.MERGE: lambda told, entry: f"{told.called(entry['person'])} is {told.called(entry['into'])}",
    people_said.HIDE: lambda told, entry: (
        f"{told.called(entry['person'])} is {'hidden' if entry['hidden'] else 'shown again'}"
    ),
    people_said.ASSIGN: lambda told, entry: f"{told.called(entry['person'])} is in {_photo(told.txn, entry)}",
    people_said.REFUSE: lambda told, entry: f"{told.called(entry['person'])} is not in {_photo(told.txn, entry)}",
    people_said.REFUSE_NAME: lambda told, entry: (
        f"{' and '.join(map(shown, entry['names']))}, whom its file names, is not in {_photo(told.txn, entry)}"
    ),
    searches.KEEP: lambda _, entry: f"the search {shown(entry['query'])} is kept",
    searches.FORGET: lambda _, entry: f"the search {shown(entry['query'])} is forgotten",
}
