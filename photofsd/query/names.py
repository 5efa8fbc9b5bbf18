"""Names as they are asked for and as they are: `camera:"eos 7d"` is the Canon EOS 7D, `folder:2013*` a folder of 2013.

A name that is asked for means the names that are equal to it; only where there is none, those that hold its words.
So `place:York` is York, and New York where nobody ever was in York. `*` and `?` stand for any characters; case,
accents and what separates words never matter, and umlauts may be spelled out.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from pyroaring import BitMap

from photofsd.query.text import atoms, run_pattern, words
from photofsd.store import facets, paths
from photofsd.store.schema import U32, Tables
from photofsd.store.tokens import folded, spelled_out, tokens
from photofsd.types import DirId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

T = TypeVar("T")
NAME_MAX_BYTES = 255
_GLOB = re.compile(r"[*?]")


def is_pattern(text: str) -> bool:
    """Claim: it stands for many names."""
    return _GLOB.search(text) is not None


class Wanted:
    """A name as it was asked for."""

    def __init__(self, text: str) -> None:
        self._plain = _plain(text)
        self._pattern = re.compile(glob(self._plain)) if is_pattern(text) else None
        self._atoms = atoms(text)
        self._words = frozenset(words(text))
        self._run = run_pattern(self._atoms)

    def is_name_of(self, name: str) -> bool:
        """Claim: `name` is equal to it, or fits the pattern that it is."""
        if self._pattern is not None:
            return self._pattern.match(_plain(name)) is not None
        return atoms(name) == self._atoms if self._atoms else _plain(name) == self._plain

    def is_part_of(self, name: str) -> bool:
        """Claim: `name` holds all its words, in any order, or its letters and digits in a row."""
        if self._pattern is not None or not self._atoms:
            return False
        return self._run.search(folded(name)) is not None or self._words.issubset(tokens(name))

    def may_be_in(self, text: str) -> bool:
        """Claim: neither of the two is impossible. Refuses most names cheaply."""
        plain = folded(text)
        return self._pattern is not None or all(atom in plain for atom in self._atoms)


def spellings(text: str) -> list[Wanted]:
    """A name as it was asked for, and with its umlauts spelled out: GeoNames has Köln as Koeln."""
    return [Wanted(spelled) for spelled in dict.fromkeys((text, spelled_out(text)))]


def best_of(text: str, known: Iterable[tuple[T, str]]) -> list[T]:
    """The things that are called `text`, or else those whose path it is part of. known: things and their paths."""
    asked = spellings(text)
    equal, similar = [], []
    for thing, path in known:
        likely = [wanted for wanted in asked if wanted.may_be_in(path)]
        if not likely:
            continue
        name = path.rpartition("/")[2]
        if any(wanted.is_name_of(name) for wanted in likely):
            equal.append(thing)
        elif not equal and any(wanted.is_part_of(path) for wanted in likely):
            similar.append(thing)
    return equal or similar


def _plain(text: str) -> str:
    return " ".join(folded(text).replace("_", " ").split())


def glob(pattern: str) -> str:
    """The regular expression of a pattern of `*` and `?`; its time is bounded whatever the pattern."""
    return fnmatch.translate(pattern.replace("[", "[[]"))


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def name_of(value: bytes) -> str:
    """The name at the end of a facet value."""
    return _decoded(value.rpartition(b"/")[2])


def equal_values(txn: ReadTransaction, facet: Facet, text: str) -> list[bytes]:
    """The values of `facet` that are called `text`."""
    asked = spellings(text)
    return [value for value in facets.values(txn, facet) if any(wanted.is_name_of(name_of(value)) for wanted in asked)]


def like_values(txn: ReadTransaction, facet: Facet, text: str) -> list[bytes]:
    """The values of `facet` that are called `text`, or else those that hold its words, themselves or in their parents.

    So `place:"Paris Texas"` is United States/Texas/Paris.
    """
    return best_of(text, ((value, _decoded(value)) for value in facets.values(txn, facet)))


def folders_like(txn: ReadTransaction, text: str) -> list[DirId]:
    """The folders that are called `text`, or else those whose name holds its words."""
    return best_of(text, folders(txn))


def folders(txn: ReadTransaction) -> Iterator[tuple[DirId, str]]:
    """Every folder below the library folders, and its name."""
    for key, value in txn.items(Tables.CHILDREN):
        yield DirId(U32.unpack(value)[0]), _decoded(key[U32.size :])


def in_folders(txn: ReadTransaction, folders: Iterable[DirId]) -> BitMap:
    """The assets that lie in these folders or below them."""
    below = {folder for top in folders for folder in paths.folders_below(txn, top)}
    return facets.union(txn, Facet.DIR, (b"%d" % folder for folder in sorted(below)))


def with_view_name(txn: ReadTransaction, text: str) -> BitMap:
    """The assets whose view name is `text` or fits it, whatever the case; quick where it does not begin with a `*`."""
    pattern = re.compile(glob(text.casefold()))
    longest = max(_GLOB.split(text.casefold()), key=len).encode("utf-8", "surrogateescape")

    def fits(name: bytes) -> bool:
        if name.isascii() and longest not in name.lower():
            return False
        return pattern.match(_decoded(name).casefold()) is not None

    return BitMap(
        U32.unpack(value)[0]
        for prefix in _known_prefixes(txn, _GLOB.split(text, maxsplit=1)[0])
        for name, value in txn.items(Tables.NAMES, prefix)
        if fits(name)
    )


def _known_prefixes(txn: ReadTransaction, head: str) -> Iterator[bytes]:
    """`head` in every mixture of upper and lower case that names begin with."""
    waiting = [(b"", head)]
    while waiting:
        prefix, rest = waiting.pop()
        if not rest:
            yield prefix
            continue
        for char in {rest[0], rest[0].upper(), rest[0].lower()}:
            longer = prefix + char.encode("utf-8", "surrogateescape")
            if len(longer) <= NAME_MAX_BYTES and next(txn.keys(Tables.NAMES, longer), None) is not None:
                waiting.append((longer, rest[1:]))
