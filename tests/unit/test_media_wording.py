"""Text out of files is made fit for names, tags and captions."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.wording import (
    LONGEST_CAPTION,
    LONGEST_NAME,
    MOST_TAGS,
    clean,
    clean_caption,
    clean_tags,
    clean_title,
    decoded,
)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("  beach ", "beach"),
        ("a\n\tb\u00a0c", "a b c"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\x00\x1b[31mred\x07", "[31mred"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("\u200b\ufeff", None),
        ("", None),
        (None, None),
        ("👨\u200d❤️\u200d💋", "👨\u200d❤️\u200d💋"),
        ("\udcff", None),
    ],
)
def test_text_is_composed_on_one_line_without_control_characters(text: str | None, expected: str | None) -> None:
    assert clean(text) == expected


@given(st.text())
def test_cleaned_text_is_clean_already(text: str) -> None:
    cleaned = clean(text)
    if cleaned is not None:
        assert cleaned == unicodedata.normalize("NFC", cleaned).strip() == clean(cleaned)
        assert 0 < len(cleaned) <= LONGEST_NAME
        cleaned.encode()


def test_long_text_is_cut() -> None:
    assert clean("x" * 10**6) == "x" * LONGEST_NAME
    assert clean_caption("x" * 10**6) == "x" * LONGEST_CAPTION


def test_tags_differ_in_more_than_case_and_are_not_endless() -> None:
    assert clean_tags(["Beach", "beach ", "", "STRASSE", "straße", "sea"]) == ("Beach", "STRASSE", "sea")
    assert len(clean_tags(str(number) for number in range(10**4))) == MOST_TAGS


@pytest.mark.parametrize(
    "text",
    ["OLYMPUS DIGITAL CAMERA", "SONY DSC", "DCIM\\100GOPRO", "oznor_vivid", "<KENOX S760 / Samsung S760>",
     "Exif_JPEG_PICTURE", "DSC_0238", "12345", "---", "Untitled", "SAMSUNG"],
)  # fmt: skip
def test_what_cameras_write_is_no_caption(text: str) -> None:
    assert clean_caption(text) is None
    assert clean_title(text) is None


@pytest.mark.parametrize("text", ["My digital camera broke", "Samsung tower", "Nor any drop to drink", "DSC meeting"])
def test_what_people_write_is_a_caption(text: str) -> None:
    assert clean_caption(text) == text


def test_bytes_are_utf_8_where_they_are_that() -> None:
    assert decoded("Südafrika".encode() + b"\0rest") == "Südafrika"
    assert decoded("Südafrika".encode("latin-1")) == "Südafrika"
    assert decoded(b"\x81", "ascii") == "\ufffd"
