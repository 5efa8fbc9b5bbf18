"""English inflections: what is one word, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.store.inflections import stem


@pytest.mark.parametrize(
    "words",
    [
        "dog dogs",
        "beach beaches",
        "baby babies",
        "church churches",
        "glass glasses",
        "box boxes",
        "bus buses",
        "tie ties tied",
        "movie movies",
        "hike hikes hiked hiking",
        "hop hops hopped hopping",
        "hope hopes hoped hoping",
        "dance dances danced dancing",
        "celebrate celebrates celebrated celebrating",
        "celebration celebrations",
        "visit visits visited visiting",
        "swim swims swimming",
        "ski skis skiing",
        "house houses",
        "tomato tomatoes",
        "child children",
        "woman women",
        "leaf leaves",
        "mouse mice",
    ],
)
def test_inflections_have_one_stem(words: str) -> None:
    assert len(set(map(stem, words.split()))) == 1


@pytest.mark.parametrize(
    "words",
    [
        "organ organisation organic",
        "sever several",
        "play playful",
        "general generate generation",
        "univers university",
        "new news",
        "hop hope",
        "plan plane",
        "star stare",
        "pet peter",
        "bed bead",
        "see seed",
        "wine winner winter",
        "sing spring string ring",
        "paris paria",
        "christmas christ",
        "dog doge dogma",
    ],
)
def test_other_words_have_other_stems(words: str) -> None:
    assert len(set(map(stem, words.split()))) == len(words.split())


@given(st.text(max_size=12) | st.text("abeginrsyz", max_size=12))
def test_a_stem_is_never_empty_and_at_most_three_characters_longer(word: str) -> None:
    assert bool(stem(word)) == bool(word)
    assert len(stem(word)) <= len(word) + 3


@pytest.mark.parametrize("word", ["köln", "dogs7", "北京", "7", "as", "is", "Dogs"])
def test_what_is_no_plain_word_is_left_as_it_is(word: str) -> None:
    assert stem(word) == word
