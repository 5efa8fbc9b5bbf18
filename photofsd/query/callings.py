"""Which words of a query are somebody's name: no model knows them, so they are kept from it, and restrict.

A given name is enough, as people are asked for at home: "alice on the beach". A surname is not, unless it stands behind
one: of the family Beach's photos few show a beach. Nor is one of the little words, such as "My".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from photofsd.query.syntax import Word
from photofsd.query.text import words
from photofsd.query.words import MUTE
from photofsd.store.tokens import spelled_out


class Callings:
    """The names of people, as words of a query may call them."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_given: dict[str, list[tuple[str, ...]]] = {}
        for name in names:
            for spelled in dict.fromkeys((words(name), words(spelled_out(name)))):
                if spelled:
                    self._by_given.setdefault(spelled[0], []).append(spelled[1:])

    def among(self, spoken: Sequence[Word]) -> list[Word]:
        """Those of the words that are names: a given name, and what follows it of the same person's."""
        heard = [(token, word) for word in spoken for token in words(word.text)]
        named: list[Word] = []
        at = 0
        while at < len(heard):
            length = self._length([token for token, _ in heard[at:]])
            named += [word for _, word in heard[at : at + length]]
            at += max(length, 1)
        return named

    def _length(self, tokens: Sequence[str]) -> int:
        """How many of the tokens, from the first on, are one person's name; 0 = it is nobody's."""
        rests = self._by_given.get(tokens[0], [])
        longest = max((_in_common(rest, tokens[1:]) for rest in rests), default=-1)
        return 0 if longest < 0 or (longest == 0 and tokens[0] in MUTE) else longest + 1


def _in_common(rest: Sequence[str], tokens: Sequence[str]) -> int:
    """How many of the tokens stand in `rest`, in the same order; some of it may be left out."""
    at = count = 0
    for token in tokens:
        if token not in rest[at:]:
            break
        at = rest.index(token, at) + 1
        count += 1
    return count
