"""Names and words as they are asked for: what is equal, what is contained, what is only similar."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from photofsd.query.names import Wanted, best_of, glob
from photofsd.query.near import distance_m
from photofsd.query.syntax import Phrase, Point, Word
from photofsd.query.text import atoms, parts, run_pattern, words
from photofsd.query.words import is_mute, terms_of
from photofsd.store.tokens import folded, tokens


@pytest.mark.parametrize(
    "asked,name",
    [
        ("canon eos 7d", "Canon EOS 7D"),
        ("Canon_EOS_7D", "Canon EOS 7D"),
        ("EOS7D", "eos 7d"),
        ("sudafrika", "Südafrika"),
        ("strasse", "Straße"),
        ("😀", "😀"),
        ("beach*", "Beach ball"),
        ("*_ball", "beach ball"),
        ("img_????", "IMG_4120"),
        ("[a]*", "[a]bc"),
    ],
)
def test_name_is_equal_whatever_its_case_accents_and_separators(asked: str, name: str) -> None:
    assert Wanted(asked).is_name_of(name)


@pytest.mark.parametrize(
    "asked, found",
    [
        ("Köln", ["Köln", "Koeln", "Koln"]),
        ("KO\u0308LN", ["Köln", "Koeln", "Koln"]),
        ("Köln*", ["Köln", "Koeln", "Koln", "Koelnische Bucht"]),
        ("Düsseldorf", ["Duesseldorf-Mitte"]),
        ("Gießen", ["Giessen"]),
        ("Koln", ["Köln", "Koln"]),
    ],
)
def test_umlauts_may_be_spelled_out(asked: str, found: list[str]) -> None:
    known = ["Köln", "Koeln", "Koln", "Koelnische Bucht", "Duesseldorf-Mitte", "Giessen", "Joel"]
    assert best_of(asked, [(name, f"Germany/{name}") for name in known]) == found


@pytest.mark.parametrize(
    "asked,name", [("beach", "beach ball"), ("eos 7d", "Canon EOS 7D"), ("😀", "😁"), ("[ab]*", "abc"), ("a?", "a")]
)
def test_name_is_not_equal_to_a_part_of_it(asked: str, name: str) -> None:
    assert not Wanted(asked).is_name_of(name)


@pytest.mark.parametrize(
    "asked,name",
    [
        ("eos 7d", "Canon EOS 7D"),
        ("eos7d", "Canon EOS 7D"),
        ("2013 safari", "2013 Südafrika & Safari"),
        ("Paris, Texas", "United States/Texas/Paris"),
    ],
)
def test_words_are_part_of_a_name_in_any_order(asked: str, name: str) -> None:
    assert Wanted(asked).is_part_of(name)


@pytest.mark.parametrize(
    "asked,name", [("d7", "Canon EOS 7D"), ("eos 70d", "Canon EOS 7D"), ("eos*", "Canon EOS 7D"), ("😀", "a 😀")]
)
def test_similar_is_not_part(asked: str, name: str) -> None:
    assert not Wanted(asked).is_part_of(name)


@pytest.mark.timeout(10)
def test_pattern_of_many_stars_takes_no_long_time() -> None:
    assert re.match(glob("*a" * 60 + "b"), "a" * 250) is None


@given(st.text(max_size=40))
def test_every_atom_of_a_text_is_a_stored_word(text: str) -> None:
    long = {atom for atom in atoms(text) if len(atom.encode()) > 64}
    assert set(atoms(text)) - long <= set(tokens(text))
    assert "".join(atoms(text)) == "".join(words(text))


@given(st.text("aB7_é ß1½", max_size=12), st.text("aB7_é ß1½", max_size=6))
def test_pattern_of_a_run_finds_what_comparing_atoms_finds(text: str, asked: str) -> None:
    run, whole = atoms(asked), atoms(text)
    assume(run)
    is_held = any(whole[at : at + len(run)] == run for at in range(len(whole)))
    assert (run_pattern(run).search(folded(text)) is not None) == is_held


def test_parts_of_one_character_say_too_little() -> None:
    assert parts("img4120") == ("img", "4120")
    assert parts("7d") == parts("dog") == ()


@pytest.mark.parametrize("word", ["the", "of", "AND", "or", "-", "&", "😀", "with"])
def test_words_that_restrict_nothing(word: str) -> None:
    assert is_mute(Word(word))


def test_quoted_words_are_meant() -> None:
    assert not is_mute(Phrase("The The"))
    assert not is_mute(Word("who"))


def test_terms_are_words_phrases_and_times() -> None:
    nodes = [
        Word("IMG_4120.jpg"),
        Word("new"),
        Word("year"),
        Word("of"),
        Phrase("New Year"),
        Phrase("dog"),
        Word("DOG"),
    ]
    assert [(str(term), term.meaning is not None) for term in terms_of(nodes)] == [
        ("img", False),
        ("4120", False),
        ("jpg", False),
        ("new year", True),
        ("new year", False),
        ("dog", False),
        ("dog", False),
    ]
    assert [term.stem for term in terms_of(nodes)][-2:] == [None, "dog"]


def test_word_that_restricts_nothing_counts_where_it_is_alone() -> None:
    assert [str(term) for term in terms_of([Word("the")])] == ["the"]


@pytest.mark.parametrize(
    "a,b,km",
    [
        (Point(43.4633, 11.8796), Point(43.7696, 11.2558), 60.7),  # Arezzo to Florence
        (Point(0, 179.5), Point(0, -179.5), 111.2),
        (Point(90, 0), Point(-90, 55), 20015.1),
        (Point(52.5, 13.4), Point(52.5, 13.4), 0),
    ],
)
def test_distance_is_that_of_the_great_circle(a: Point, b: Point, km: float) -> None:
    metres = distance_m(a.latitude, a.longitude, b.latitude, b.longitude)
    assert metres == pytest.approx(km * 1000, abs=100)
