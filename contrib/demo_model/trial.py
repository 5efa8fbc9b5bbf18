"""What a demo model knows of pictures that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image

from contrib.demo_model.examples import Example
from contrib.sample_library.scenes import SCENES
from photofsd.models.clip import ClipModel

FIRST: Final = 10
QUERIES: Final = MappingProxyType(
    {
        "beach sunset": frozenset({"beach", "sunset"}),
        "snowy mountains": frozenset({"mountains", "snow"}),
        "red car": frozenset({"red car"}),
        "dog": frozenset({"dog"}),
        "black cat": frozenset({"black cat"}),
        "a path in the forest": frozenset({"forest"}),
        "city at night": frozenset({"city", "night"}),
        "sunflowers": frozenset({"sunflowers"}),
        "birthday cake": frozenset({"cake"}),
        "sailing boats at sunset": frozenset({"boat", "sunset"}),
        "people in the snow": frozenset({"people", "snow"}),
        "something to eat": frozenset({"food"}),
    }
)
"""Queries, and what must be true of a picture that answers one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """scenes_right: share of the scenes' sentences whose first picture is of that scene.

    precision: by query, the share of the first ten pictures (or of as many as there are) that answer it.
    """

    pictures: int
    scenes_right: float
    precision: dict[str, float]


def tried(model: ClipModel, fresh: Sequence[Example]) -> Trial:
    """Search among fresh pictures."""
    seen = model.of_pictures([Image.fromarray(example.pixels) for example in fresh])

    def best_first(text: str) -> Sequence[Example]:
        return [fresh[at] for at in np.argsort(-(seen @ model.of_texts([text])[0]))]

    sentences = [(scene.name, sentence) for scene in SCENES.values() for sentence in scene.captions]
    right = sum(best_first(sentence)[0].scene == name for name, sentence in sentences)
    precision = {query: _precision(best_first(query), wanted.issubset) for query, wanted in QUERIES.items()}
    return Trial(len(fresh), right / len(sentences), precision)


def _precision(ranked: Sequence[Example], is_answer: Callable[[frozenset[str]], bool]) -> float:
    answers = [is_answer(example.truths) for example in ranked]
    count = min(FIRST, sum(answers))
    return sum(answers[:count]) / max(1, count)
