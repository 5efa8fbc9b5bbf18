"""What users have said of people, as a naive library keeps it: beside the store, entry by entry."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from photofsd.types import NOBODY, AssetId, PersonId

Spot = tuple[AssetId, float]
"""A face as the user sees it: a photo, and where in it."""

_ABSENT = object()


@dataclass
class Entry:
    """One entry that can be undone: what was so before, key by key, in the order of the changes."""

    do: str
    before: list[tuple[dict[Any, Any], Hashable, object]] = field(default_factory=list)


class Words:
    """Every word that counts.

    names:  of people, the user's and the files'. hidden: people. merged: whom into whom.
    there:  people that the user has made. said: who a face is. refused: (face, person) and how like they were.
    denied: (photo, name) of files that are wrong. met: people of whom the journal has heard.
    """

    def __init__(self) -> None:
        self.names: dict[PersonId, str] = {}
        self.hidden: dict[PersonId, bool] = {}
        self.merged: dict[PersonId, PersonId] = {}
        self.made: dict[PersonId, bool] = {}
        self.said: dict[Spot, PersonId] = {}
        self.refused: dict[tuple[Spot, PersonId], float] = {}
        self.denied: dict[tuple[AssetId, str], bool] = {}
        self.met: set[PersonId] = set()
        self.entries: list[Entry] = []

    def begin(self, do: str, *people: PersonId) -> None:
        """Another entry; the journal has heard of these people."""
        self.entries.append(Entry(do))
        self.met.update(people)

    def change(self, words: dict[Any, Any], key: Hashable, new: object) -> None:
        """A change of the entry that was begun; _ABSENT or None = nothing is said any more."""
        self.entries[-1].before.append((words, key, words.get(key, _ABSENT)))
        _put(words, key, _ABSENT if new is None else new)

    def undo(self) -> str:
        """Take back the last entry; its verb."""
        entry = self.entries.pop()
        for words, key, old in reversed(entry.before):
            _put(words, key, old)
        return entry.do

    def resolve(self, person: PersonId) -> PersonId:
        """Who that is now."""
        while person in self.merged:
            person = self.merged[person]
        return person

    def merge(self, person: PersonId, into: PersonId) -> None:
        """They are one; a name that `into` has not is theirs now."""
        name = self.names.get(person)
        self.change(self.merged, person, into)
        self.change(self.names, person, None)
        if name is not None and into not in self.names:
            self.change(self.names, into, name)

    def is_person(self, spot: Spot) -> PersonId:
        """Whom the user says to be there; NOBODY = nothing is said."""
        return self.resolve(self.said.get(spot, NOBODY))

    def is_not(self, spot: Spot) -> set[PersonId]:
        """Whom the user says not to be there."""
        return {self.resolve(person) for where, person in self.refused if where == spot}

    def heard_anew(self) -> None:
        """In a store that hears the journal alone, only those have names of whom it has heard."""
        for person in self.names.keys() - self.met:
            del self.names[person]


def _put(words: dict[Any, Any], key: Hashable, new: object) -> None:
    if new is _ABSENT:
        words.pop(key, None)
    else:
        words[key] = new
