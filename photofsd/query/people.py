"""People as they are asked for: by their names, by words of them, by `person-0007` where nobody has named them.

Who is hidden is found by nothing but the whole name. Whom files name, and nobody else, is found by that name, too.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pyroaring import BitMap

from photofsd.query.names import is_pattern, spellings
from photofsd.query.text import parts, run_pattern
from photofsd.store import facets, people, person_names
from photofsd.store.schema import U32, Tables
from photofsd.store.tokens import folded, tokens
from photofsd.types import NOBODY, Facet, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class Somebody(NamedTuple):
    """A name, and whose it is: NOBODY = of somebody whom only files name."""

    name: bytes
    person: PersonId = NOBODY

    @property
    def text(self) -> str:
        """The name as text."""
        return os.fsdecode(self.name)


def known(txn: ReadTransaction) -> Iterator[Somebody]:
    """Every name that somebody has, had, or is called by in files: a person may come several times."""
    for table in (Tables.PERSON_NAMES, Tables.PERSON_ALIASES):
        for name, value in txn.items(table):
            yield Somebody(name, PersonId(U32.unpack(value)[0]))
    for name in facets.values(txn, Facet.NAMED):
        if people.meant(txn, name) is None:
            yield Somebody(name)


def like(txn: ReadTransaction, text: str) -> list[Somebody]:
    """Those who are called `text`, or else those whose name holds all its words."""
    unnamed = person_names.person_called(os.fsencode(text))
    if unnamed is not None and (person := people.resolve(txn, unnamed)):
        return [Somebody(os.fsencode(text), person)]
    asked, equal, similar = spellings(text), [], []
    for one in known(txn):
        likely = [wanted for wanted in asked if wanted.may_be_in(one.text)]
        if any(wanted.is_name_of(one.text) for wanted in likely):
            equal.append(one)
        elif not equal and any(wanted.is_part_of(one.text) for wanted in likely):
            similar.append(one)
    if equal and not is_pattern(text):
        return equal
    return [one for one in equal or similar if not is_hidden(txn, one)]


def names_with(txn: ReadTransaction, words: Collection[str]) -> list[str]:
    """The names of those who are not hidden in which any of the folded words is."""
    found = (one for one in known(txn) if not frozenset(tokens(one.text)).isdisjoint(words))
    return [one.text for one in found if not is_hidden(txn, one)]


def is_hidden(txn: ReadTransaction, one: Somebody) -> bool:
    """Claim: the user does not want to see them."""
    record = people.person(txn, one.person) if one.person else None
    return record is not None and record.is_hidden


def photos(txn: ReadTransaction, several: Iterable[Somebody]) -> BitMap:
    """The photos that any of them is in."""
    found = BitMap()
    for one in dict.fromkeys(Somebody(b"", one.person) if one.person else one for one in several):
        found |= people.photos(txn, one.person) if one.person else facets.bitmap(txn, Facet.NAMED, one.name)
    return found


def closest_name(txn: ReadTransaction, text: str) -> str | None:
    """The name that comes closest to `text`, which nobody has: as a whole, or by one of its words."""
    shown = [one.text for one in known(txn) if not is_hidden(txn, one)]
    names = {word: name for name in shown for word in tokens(name)} | {folded(name): name for name in shown}
    close = difflib.get_close_matches(folded(text), names, n=1, cutoff=0.6)
    return names[close[0]] if close else None


def everybody(txn: ReadTransaction) -> BitMap:
    """The photos of all who have a name."""
    return called(txn, lambda _: True)


def with_run(txn: ReadTransaction, run: tuple[str, ...]) -> BitMap:
    """The photos of those in whose name `run` is: one folded word, or atoms one after the other."""
    if len(run) > 1:
        pattern = run_pattern(run)
        return called(txn, lambda name: pattern.search(folded(name)) is not None)
    apart = parts(run[0])
    return called(txn, lambda name: run[0] in tokens(name) or (bool(apart) and {*apart} <= {*tokens(name)}))


def called(txn: ReadTransaction, is_in: Callable[[str], bool]) -> BitMap:
    """The photos of those whose name `is_in` is true of."""
    return photos(txn, (one for one in known(txn) if is_in(one.text) and not is_hidden(txn, one)))
