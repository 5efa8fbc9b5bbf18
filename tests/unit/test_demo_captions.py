"""What the demo model is taught is true: no caption claims what a picture does not show."""

from __future__ import annotations

import random

import pytest

from contrib.demo_model.captions import Caption, caption_of, truths_of
from contrib.demo_model.examples import truth_table
from contrib.sample_library.scenes import SCENES

SMALL = (64, 48)


@pytest.mark.parametrize("name", SCENES)
def test_a_caption_is_true_of_its_own_picture(name: str) -> None:
    rng = random.Random(name)
    _, traits = SCENES[name].draw_with_traits(rng, SMALL)
    truths = truths_of(SCENES[name], traits)
    captions = [caption_of(rng, SCENES[name], traits) for _ in range(200)]
    assert all(caption.claims <= truths for caption in captions)
    assert truth_table(captions, [truths]).all()
    assert len({caption.text for caption in captions}) > 10


def test_a_caption_is_true_of_every_picture_that_it_fits() -> None:
    pictures = [frozenset({"beach", "sea", "sunset"}), frozenset({"beach", "day"}), frozenset({"cat"})]
    captions = [
        Caption("beach sunset", frozenset({"beach", "sunset"})),
        Caption("beaches", frozenset({"beach"})),
        Caption("a dog", frozenset({"dog"})),
    ]
    assert truth_table(captions, pictures).tolist() == [[True, False, False], [True, True, False], [False] * 3]


def test_a_scene_says_which_light_and_which_colour_it_was_painted_in() -> None:
    seen = {trait for seed in range(40) for trait in SCENES["car"].draw_with_traits(random.Random(seed), SMALL)[1]}
    assert {"red car", "blue car", "sunset", "day"} <= seen
    assert SCENES["beach at sunset"].draw_with_traits(random.Random(1), SMALL)[1] == ("sunset",)
