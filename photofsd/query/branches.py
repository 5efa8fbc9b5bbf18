"""The ways in which a query may be true: what each of them asks of the model, and what restricts it.

`(beach OR lake) dog -leash year:2024` is two: "beach dog" and "lake dog", each without leashes and in 2024. The words
of a way, as they were typed, are one text for the model. What is between quotes and what is a filter restricts, and so
does a word that is a year, or somebody's name: no picture shows which, and whose. A word with a minus is a direction to
turn away from, and restricts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from photofsd.query.callings import Callings
from photofsd.query.dates import meaning_of
from photofsd.query.syntax import And, Expression, Not, Or, Word, negation
from photofsd.query.text import words

BRANCHES_MAX = 16

NOBODYS: Final = Callings()

_Way = tuple[Expression, ...]


class TooManyBranches(Exception):
    """The query is true in more ways than the model is asked for."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way. text: for the model, "" = nothing. unlike: texts to turn away from. restrictions: all must be true."""

    text: str
    unlike: tuple[str, ...]
    restrictions: tuple[Expression, ...]


def branches(root: Expression, callings: Callings = NOBODYS) -> list[Branch]:
    """The ways in which `root` may be true. callings: the names of people. Raises TooManyBranches."""
    return [_branch(way, callings) for way in _ways(root)]


def _branch(way: _Way, callings: Callings) -> Branch:
    names = callings.among([part for part in way if isinstance(part, Word)])
    wanted = [part for part in way if isinstance(part, Word) and _is_shown(part) and part not in names]
    unlike = [part.part for part in way if isinstance(part, Not) and isinstance(part.part, Word)]
    unlike = [word for word in unlike if not callings.among([word])]
    return Branch(
        _text(wanted),
        tuple(_text([word]) for word in unlike if _is_shown(word)),
        tuple(part for part in way if part not in wanted),
    )


def _is_shown(word: Word) -> bool:
    """Claim: a picture may show it."""
    found = words(word.text)
    meaning = meaning_of(found) if found else None
    return bool(found) and (meaning is None or meaning.year is None)


def _text(parts: list[Word]) -> str:
    return " ".join(part.text for part in parts).encode("utf-8", "replace").decode()


def _ways(node: Expression) -> list[_Way]:
    match node:
        case Or(parts):
            return _few(way for part in parts for way in _ways(part))
        case Not(Or(parts)):
            return _ways(And(tuple(map(negation, parts))))
        case And(parts):
            chosen = itertools.product(*map(_ways, parts))
            return _few(tuple(itertools.chain.from_iterable(choice)) for choice in chosen)
        case _:
            return [(node,)]


def _few(ways: Iterator[_Way]) -> list[_Way]:
    found = list(itertools.islice(ways, BRANCHES_MAX + 1))
    if len(found) > BRANCHES_MAX:
        raise TooManyBranches
    return found
