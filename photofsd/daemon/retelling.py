"""Entries of the journal as people are told of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from photofsd.display import shown
from photofsd.store import assets, face_said, people, people_said, person_names, searches
from photofsd.store.verb import Entry
from photofsd.types import PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def retold(txn: ReadTransaction, entry: Entry) -> str:
    """What the entry says, on one line; people are called as they are now."""
    way = _WAYS.get(entry["do"])
    return str(entry["do"]) if way is None else way(txn, entry)


def called(txn: ReadTransaction, person_id: PersonId) -> str:
    """What somebody is called, in /people too."""
    found = people.person(txn, people.resolve(txn, person_id))
    return shown(os.fsdecode(found.name)) if found is not None and found.name else _id(person_id)


def _id(person_id: PersonId) -> str:
    return person_names.unnamed(person_id).decode()


def _photo(txn: ReadTransaction, entry: Entry) -> str:
    asset = assets.with_content(txn, face_said.current(txn, bytes.fromhex(entry["content"])))
    record = assets.asset(txn, asset) if asset is not None else None
    return "a photo that is gone" if record is None else shown(os.fsdecode(record.name))


_WAYS: Final[Mapping[str, Callable[[ReadTransaction, Entry], str]]] = {
    people_said.NAME: lambda _, entry: f"{_id(entry['person'])} is called {shown(entry['name'])}",
    people_said.MAKE: lambda _, entry: f"there is somebody new, {shown(entry['name'])}",
    people_said.MERGE: lambda txn, entry: f"{called(txn, entry['person'])} is {called(txn, entry['into'])}",
    people_said.HIDE: lambda txn, entry: (
        f"{called(txn, entry['person'])} is {'hidden' if entry['hidden'] else 'shown again'}"
    ),
    people_said.ASSIGN: lambda txn, entry: f"{called(txn, entry['person'])} is in {_photo(txn, entry)}",
    people_said.REFUSE: lambda txn, entry: f"{called(txn, entry['person'])} is not in {_photo(txn, entry)}",
    people_said.REFUSE_NAME: lambda txn, entry: (
        f"{' and '.join(map(shown, entry['names']))}, whom its file names, is not in {_photo(txn, entry)}"
    ),
    searches.KEEP: lambda _, entry: f"the search {shown(entry['query'])} is kept",
    searches.FORGET: lambda _, entry: f"the search {shown(entry['query'])} is forgotten",
}
