"""Texts become the numbers that open_clip makes of them, by a tokenizer.json that we write."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")

from photofsd.errors import ModelUnusable
from photofsd.models import clip_bpe
from photofsd.models.open_clip_folder import bpe_vocabulary, open_clip
from photofsd.models.tokens import Tokenizer, cleaning

CONTEXT = {"context_length": 20}
TEXTS = (
    "beach sunset", "Don’t stop", "it's a DOG's life, they'll we've I'm", "100% real?!", "ﬁne ① Ⅷ ²",
    "Ñandú über straße ΣΊΣΥΦΟΣ İstanbul", "日本の写真", "Москва зимой", "مرحبا بالعالم", "किताब", "🎂🎉 cake",
    "<end_of_text> x<start_of_text>", "a" * 500, "", "   ", "&amp;lt;b&gt;", "x\u0301y\u00a0z\tq", "a_b-c/d\\e", "\0\1",
)  # fmt: skip


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("bpe")
    clip_bpe.write(bpe_vocabulary(), folder)
    return Tokenizer(folder, CONTEXT)


@pytest.fixture(scope="module")
def theirs() -> open_clip.SimpleTokenizer:
    return open_clip.SimpleTokenizer(**CONTEXT)


def is_old(letter: str) -> bool:
    """Claim: every table of Unicode knows what kind of letter it is."""
    return unicodedata.ucd_3_2_0.category(letter) not in {"Cn", "Cs"}


def test_words_in_many_scripts(ours: Tokenizer, theirs: open_clip.SimpleTokenizer) -> None:
    assert ours(TEXTS)[0].tolist() == theirs(list(TEXTS)).tolist()


@given(text=st.text(st.characters(codec="utf-8").filter(is_old), max_size=60))
def test_any_text(ours: Tokenizer, theirs: open_clip.SimpleTokenizer, text: str) -> None:
    assert ours([text])[0].tolist() == theirs([text]).tolist()


@pytest.mark.parametrize("way", ["canonicalize", "lower", "whitespace"])
def test_texts_are_cleaned_as_open_clip_cleans_them(way: str) -> None:
    said = {"tokenizer_kwargs": {"clean": way}}
    for text in (*TEXTS, "“Odd”, isn’t_it? &quot;yes&quot;"):
        assert cleaning(said)(text) == open_clip.tokenizer.get_clean_fn(way)(text)


def test_separators_are_stripped_where_the_model_wants_it(tmp_path: Path) -> None:
    clip_bpe.write(bpe_vocabulary(), tmp_path)
    (tmp_path / "special_tokens_map.json").write_text('{"sep_token": {"content": "<end_of_text>"}}')
    plain, stripped = (
        Tokenizer(tmp_path, CONTEXT | {"tokenizer_kwargs": kwargs})(["x"])[0]
        for kwargs in ({}, {"strip_sep_token": True})
    )
    assert plain[0, 2] == 49407
    assert stripped[0].tolist() == [*plain[0, :2], 0, *plain[0, 3:]]


@pytest.mark.parametrize(
    "said, why",
    [
        ({"context_length": 0}, "a text has 0 tokens"),
        ({"context_length": "x"}, "a text has x tokens"),
        ({"tokenizer_mode": "clips"}, "not known: clips"),
        ({"tokenizer_kwargs": {"clean": "soap"}}, "not known: soap"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, said: dict[str, object], why: str) -> None:
    clip_bpe.write(bpe_vocabulary(), tmp_path)
    with pytest.raises(ModelUnusable, match=why):
        Tokenizer(tmp_path, said)
