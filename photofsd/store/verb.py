"""A verb of the journal: what an entry means, what it takes to say it, how it is taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

Entry = Mapping[str, Any]
"""`do` and the facts, as they are said or recorded; recorded ones have a number `n` and a time `at`."""


def as_it_is(_: ReadTransaction, entry: Entry) -> Entry:
    """Nothing is refused, nothing is added."""
    return entry


def nothing_untold(_: ReadTransaction) -> Iterable[Entry]:
    """There is never anything."""
    return ()


def nothing_to_do(_: WriteTransaction, _before: bytes) -> None:
    """Nothing is taken back."""


def about_nothing(_: ReadTransaction, _before: bytes) -> Collection[object]:
    """Taking it back changes nothing that others speak of."""
    return ()


@dataclass(frozen=True, slots=True)
class Verb:
    """What an entry means.

    apply:     makes it true, and returns what was so before: all that it takes to take it back, None = it cannot be.
               It never refuses: it is also applied to stores in which other things are so than when it was said.
    complete:  what is recorded of what is said; raises where that makes no sense. Runs in the transaction of `apply`.
    take_back: given what `apply` has returned, makes that so again.
    about:     given what `apply` has returned, all that taking it back changes: where something was said of that since,
               it cannot be taken back before that is.
    untold:    entries that nobody says: what has come true by itself and is to be recorded before anything else is.
    """

    apply: Callable[[WriteTransaction, Entry], msgspec.Struct | None]
    complete: Callable[[ReadTransaction, Entry], Entry] = as_it_is
    take_back: Callable[[WriteTransaction, bytes], None] = nothing_to_do
    about: Callable[[ReadTransaction, bytes], Collection[object]] = about_nothing
    untold: Callable[[ReadTransaction], Iterable[Entry]] = nothing_untold
