"""Which words of a query are somebody's name."""

from __future__ import annotations

import pytest

from photofsd.query.callings import Callings
from photofsd.query.syntax import Word

FAMILY = Callings(["Alice", "Bob Smith", "Jörg van der Beach", "Anna-Maria Rossi", "My Svensson"])


@pytest.mark.parametrize(
    "query, names",
    [
        ("alice on the beach", ["alice"]),
        ("on the beach with Bob", ["Bob"]),
        ("bob smith beach", ["bob", "smith"]),
        ("smith beach", []),
        ("smith bob", ["bob"]),
        ("alice smith", ["alice"]),
        ("joerg beach house", ["joerg", "beach"]),
        ("jorg der beach", ["jorg", "der", "beach"]),
        ("Jörg at the beach", ["Jörg"]),
        ("anna-maria dog", ["anna-maria"]),
        ("anna rossi", ["anna", "rossi"]),
        ("anna maria", ["anna", "maria"]),
        ("my dog", []),
        ("my svensson", ["my", "svensson"]),
        ("alice bob alice's", ["alice", "bob", "alice's"]),
        ("& dog", []),
    ],
)
def test_a_given_name_is_a_name_and_so_is_what_follows_it_of_the_same(query: str, names: list[str]) -> None:
    words = [Word(word) for word in query.split()]
    assert [word.text for word in dict.fromkeys(FAMILY.among(words))] == list(dict.fromkeys(names))


def test_nobody_is_called_anything_where_there_is_nobody() -> None:
    assert Callings().among([Word("alice")]) == []
    assert Callings(["", "  ", "&"]).among([Word("alice")]) == []
