"""Names and messages for people: one line, nothing in it that a terminal obeys."""

from __future__ import annotations

import os
import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from photofsd.display import shown, width
from photofsd.errors import BadQuery


@pytest.mark.parametrize(
    "name, expected",
    [
        (b"IMG_1.jpg", "IMG_1.jpg"),
        ("Größe 東京 👩\u200d👧.jpg".encode(), "Größe 東京 👩\u200d👧.jpg"),
        ("At 3.45\u202fPM.png".encode(), "At 3.45\u202fPM.png"),
        (b"caf\xe9.jpg", r"caf\xe9.jpg"),
        (os.fsdecode(b"caf\xe9.jpg"), r"caf\xe9.jpg"),
        (b"a\r\nstate: running", r"a\r\nstate: running"),
        (b"\x1b[2Jx\x07\x7f", r"\x1b[2Jx\x07\x7f"),
        ("csi \x9b line \x85 para \u2029", r"csi \x9b line \x85 para \u2029"),
        ("photo\u202egpj.exe", r"photo\u202egpj.exe"),
        ("hidden\u200b\u2066\ufeff\U000e0041", r"hidden\u200b\u2066\ufeff\U000e0041"),
        ("lone \ud800", r"lone \ud800"),
    ],
)
def test_what_is_obeyed_is_shown_as_an_escape_and_everything_else_as_it_is(name: str | bytes, expected: str) -> None:
    assert shown(name) == expected


@given(st.one_of(st.text(), st.binary()))
def test_whatever_is_shown_is_one_line_that_stays_as_it_is(name: str | bytes) -> None:
    text = shown(name)
    assert len(text.splitlines()) <= 1
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in text if char not in "\u200c\u200d")
    assert shown(text) == text


@pytest.mark.parametrize("text, columns", [("abc", 3), ("東京", 4), ("e\u0301", 1), ("", 0)])
def test_width_is_that_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    "before, columns", [("beach ", 6), ("a\nb ", 5), ("\x1b[31m ", 9), ("東京 ", 5), ("\u202e", 6)]
)
def test_the_caret_stands_below_the_trouble_whatever_stands_before_it(before: str, columns: int) -> None:
    message = str(BadQuery("a bracket is not closed", f"{before}(x\r", len(before)))
    _, query, caret = message.split("\n")
    assert caret == "  " + " " * columns + "^"
    assert query.endswith(r"(x\r")
