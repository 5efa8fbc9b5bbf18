"""Taking back what was said, last first: one entry of the journal, or the last burst of them.

Every entry that can be taken back keeps here what was so before. Undoing is an entry of its own, so a store that is
made anew from the journal does and undoes the same.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from photofsd.errors import NoSuchEntry
from photofsd.records import Record
from photofsd.store.schema import U64, Tables
from photofsd.store.verb import Entry, Verb

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

UNDO: Final = "undo"
KEPT_MAX: Final = 1000
"""So many entries can be taken back."""
BURST_S: Final = 2.0
"""Entries that follow each other as quickly are one thing that the user did, by a program that says many."""

_PREFIX: Final = b"undo\0"


class Undoable(Record, frozen=True):
    """An entry that can be taken back: its verb, when it was said (ISO 8601), what was so before."""

    do: str
    at: str
    before: msgspec.Raw


class Step(NamedTuple):
    """An entry that would be taken back."""

    number: int
    do: str
    at: str


def remember(txn: WriteTransaction, entry: Entry, before: msgspec.Struct) -> None:
    """That entry found this; from now on it can be taken back."""
    kept = Undoable(str(entry["do"]), str(entry["at"]), msgspec.Raw(msgspec.msgpack.encode(before)))
    txn.put_record(Tables.USER, _PREFIX + U64.pack(entry["n"]), kept)
    first = next(iter(txn.keys(Tables.USER, _PREFIX)), None)
    while first is not None and U64.unpack(first[len(_PREFIX) :])[0] + KEPT_MAX <= entry["n"]:
        txn.delete(Tables.USER, first)
        first = next(iter(txn.keys(Tables.USER, _PREFIX)), None)


def carry(txn: WriteTransaction, old: bytes, new: bytes) -> None:
    """What entries have found of the photo of content `old` is of `new` from now on, digests of the same length."""
    for key, value in list(txn.items(Tables.USER, _PREFIX)):
        if old in value:
            txn.put(Tables.USER, key, value.replace(old, new))


def next_steps(txn: ReadTransaction, *, burst: bool = False) -> list[Step]:
    """What would be taken back now, last first: nothing, one entry, or all of the last burst."""
    found: list[Step] = []
    for step in _steps(txn):
        if found and not (burst and _seconds(step, found[-1]) <= BURST_S):
            break
        found.append(step)
    return found


def _steps(txn: ReadTransaction) -> Iterator[Step]:
    """Every entry that can be taken back, last first."""
    for number, kept in _kept(txn):
        yield Step(number, kept.do, kept.at)


def _kept(txn: ReadTransaction) -> Iterator[tuple[int, Undoable]]:
    for key in reversed(list(txn.keys(Tables.USER, _PREFIX))):
        kept = txn.record(Tables.USER, key, Undoable)
        if kept is not None:
            yield U64.unpack(key[len(_PREFIX) :])[0], kept


def _seconds(earlier: Step, later: Step) -> float:
    return (dt.datetime.fromisoformat(later.at) - dt.datetime.fromisoformat(earlier.at)).total_seconds()


def with_undo(verbs: Mapping[str, Verb]) -> Mapping[str, Verb]:
    """These verbs, and the one that takes them back."""
    return {**verbs, UNDO: Verb(functools.partial(_take_back, verbs), functools.partial(_complete, verbs))}


def _complete(verbs: Mapping[str, Verb], txn: ReadTransaction, entry: Entry) -> Entry:
    """The entry that takes back those that it names, as far as they can be, or else the last one, or the last burst."""
    if "entries" in entry:
        numbers = _untouched(verbs, txn, frozenset(entry["entries"]))
    else:
        numbers = [step.number for step in next_steps(txn, burst=bool(entry.get("burst")))]
    if not numbers:
        raise NoSuchEntry("there is nothing to undo")
    return {"do": UNDO, "entries": numbers}


def _untouched(verbs: Mapping[str, Verb], txn: ReadTransaction, wanted: frozenset[int]) -> list[int]:
    """Those of these entries, last first, of whose people and photos nothing has been said since that is to stay."""
    found: list[int] = []
    staying: set[object] = set()
    for number, kept in _kept(txn):
        if number < min(wanted, default=0):
            break
        about = verbs[kept.do].about(txn, bytes(kept.before)) if kept.do in verbs else ()
        if number in wanted and staying.isdisjoint(about):
            found.append(number)
        else:
            staying.update(about)
    return found


def _take_back(verbs: Mapping[str, Verb], txn: WriteTransaction, entry: Entry) -> None:
    for number in entry["entries"]:
        key = _PREFIX + U64.pack(number)
        kept = txn.record(Tables.USER, key, Undoable)
        if kept is not None and kept.do in verbs:
            verbs[kept.do].take_back(txn, bytes(kept.before))
            txn.delete(Tables.USER, key)
