"""Drawn pictures to learn from, with what may be said of them: the scenes of the sample library, drawn anew."""

from __future__ import annotations

import concurrent.futures
import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from contrib.demo_model.captions import Caption, caption_of, truths_of
from contrib.sample_library.scenes import SCENES

SIDE: Final = 64
SHAPES: Final = ((128, 96), (128, 96), (96, 128), (112, 112), (144, 96), (72, 128))
TEXTS: Final = 8
_OFTENER: Final = ("car", "car", "car", "car", "car", "cat", "dog")
"""Scenes whose pictures differ in what people ask for."""


@dataclass(frozen=True, slots=True)
class Example:
    """A picture, uint8[SIDE, SIDE, 3], what is true of it, and TEXTS things that people may say of it."""

    pixels: npt.NDArray[np.uint8]
    scene: str
    truths: frozenset[str]
    captions: tuple[Caption, ...]


def draw(seed: str, count: int) -> list[Example]:
    """`count` examples, of all scenes; the same for the same seed."""
    with concurrent.futures.ProcessPoolExecutor() as pool:
        return list(pool.map(functools.partial(_example, seed), range(count), chunksize=32))


def _example(seed: str, number: int) -> Example:
    rng = random.Random(f"{seed}/{number}")
    names = (*SCENES, *_OFTENER)
    scene = SCENES[names[number % len(names)]]
    picture, traits = scene.draw_with_traits(rng, rng.choice(SHAPES))
    captions = tuple(caption_of(rng, scene, traits) for _ in range(TEXTS))
    return Example(_shown(rng, picture), scene.name, truths_of(scene, traits), captions)


def _shown(rng: random.Random, picture: Image.Image) -> npt.NDArray[np.uint8]:
    """The picture as a model may meet it: a little cropped, brighter or darker, small."""
    cut = [rng.uniform(0, 0.05) for _ in range(4)]
    box = (
        picture.width * cut[0],
        picture.height * cut[1],
        picture.width * (1 - cut[2]),
        picture.height * (1 - cut[3]),
    )
    small = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)
    bright = np.asarray(small, np.float32) * rng.uniform(0.9, 1.1)
    return np.asarray(bright.clip(0, 255), np.uint8)


def truth_table(captions: Sequence[Caption], truths: Sequence[frozenset[str]]) -> npt.NDArray[np.bool_]:
    """bool[captions, pictures]: which caption is true of which picture."""
    concepts = {claim: at for at, claim in enumerate(sorted({one for caption in captions for one in caption.claims}))}
    claimed, missing = np.zeros((len(captions), len(concepts))), np.ones((len(truths), len(concepts)))
    for row, caption in enumerate(captions):
        claimed[row, [concepts[claim] for claim in caption.claims]] = 1
    for row, known in enumerate(truths):
        missing[row, [concepts[truth] for truth in known if truth in concepts]] = 0
    return np.asarray(claimed @ missing.T == 0)
