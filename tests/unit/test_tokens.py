"""Words: what is stored and what is asked are folded alike, and nothing is lost in between."""

from __future__ import annotations

import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from photofsd.store.tokens import TOKEN_MAX_BYTES, folded, tokens, tokens_of_name


@pytest.mark.parametrize(
    "text, words",
    [
        ("IMG_4120.JPG", ("img", "4120", "jpg")),
        ("IMG4120", ("img4120", "img", "4120")),
        ("Südafrika", ("sudafrika", "suedafrika")),
        ("Alte Brücke über Öl2", ("alte", "brucke", "uber", "ol2", "ol", "2", "bruecke", "ueber", "oel2", "oel")),
        ("Zu\u0308rich", ("zurich", "zuerich")),
        ("STRASSE Straße", ("strasse", "strasse")),
        ("\u2102 \u2122", ("c", "tm")),
        ("café au lait", ("cafe", "au", "lait")),
        ("don't", ("don", "t")),
        ("ﬁle ½ x²", ("file", "1", "2", "x2", "x", "2")),
        ("北京 2024年", ("北京", "2024年", "2024", "年")),
        ("_-_ . ", ()),
        ("", ()),
        ("x" * 65, ()),
    ],
)
def test_a_text_has_these_words(text: str, words: tuple[str, ...]) -> None:
    assert tokens(text) == words


@given(text=st.text())
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(text=st.text())
def test_writing_text_in_another_form_gives_the_same_words(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert tokens(unicodedata.normalize(form, text)) == tokens(text)


@given(text=st.text(st.characters(codec="ascii")))
def test_capitals_make_no_difference(text: str) -> None:
    assert tokens(text.upper()) == tokens(text.lower())


@given(text=st.text())
def test_every_word_finds_itself(text: str) -> None:
    for word in tokens(text):
        assert word in tokens(word)
        assert 0 < len(word.encode()) <= TOKEN_MAX_BYTES


@given(name=st.binary(max_size=255))
def test_any_bytes_are_a_name(name: bytes) -> None:
    tokens_of_name(name)


def test_bytes_that_are_no_text_separate_words() -> None:
    assert tokens_of_name(b"caf\xe9 noir") == ("caf", "noir")
    assert tokens_of_name("café".encode()) == ("cafe",)
