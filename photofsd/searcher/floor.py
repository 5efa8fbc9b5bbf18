"""How close a photo must come to a text to be meant: calibrated per model, from the library itself.

Cosines mean something else in every model, and the best photo for a text that nothing fits differs from library to
library. So a fixed list of texts that no photo shows is looked for: what these find is what chance finds, and whatever
is meant must be closer than that. Photos that look alike must be closer than four in five pairs of photos.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
from pyroaring import BitMap

from photofsd.models.clip import Vectors
from photofsd.types import AssetId

VERSION: Final = 1
AUTO: Final = "auto"
"""The setting search.floor where it is calibrated."""

PROBES_SHARE: Final = 0.9
PAIRS_SHARE: Final = 0.8
"""Of the probes, and of the pairs of photos, that must find nothing."""

PHOTOS_PER_HIT: Final = 20_000
"""In a large library chance alone finds something close: so many photos may give one that counts."""

SAMPLE: Final = 300
GROWTH: Final = 1.5

PROBES: Final = (
    "asdf qwer zxcv", "blorptastic", "lorem ipsum dolor sit amet", "xyzzy plugh", "0x7fffdeadbeef",
    "null pointer exception",
    "the quarterly tax return of a subsidiary", "interest rate", "monetary policy", "existential dread",
    "the ontological argument", "a proof of the Riemann hypothesis", "photosynthesis rate constant", "Tuesday",
    "somewhat", "because of this", "version 2.0.1", "to whom it may concern", "the opposite of yesterday",
    "square root",
    "grammatical gender", "inflation-adjusted", "a syllogism", "legal precedent", "perhaps", "IMG_4120", "DSC00042",
    "copyright infringement", "an approximation error", "the subjunctive", "amortisation", "misunderstanding",
)  # fmt: skip
"""Texts that no photo shows: abstract, technical, or no words at all."""


class Floor(msgspec.Struct, frozen=True):
    """Cosines below which nothing is meant.

    text: of a text and a photo. picture: of two photos. vectors: how many there were when it was calibrated.
    """

    text: float
    picture: float
    vectors: int
    version: int = VERSION

    def is_fit_for(self, vectors: int) -> bool:
        """Claim: the library has not grown or shrunk by much since."""
        return self.version == VERSION and vectors <= self.vectors * GROWTH and vectors * GROWTH >= self.vectors

    def as_set(self, setting: str) -> Floor:
        """With the cosine that search.floor says, if it says one."""
        return self if setting == AUTO else msgspec.structs.replace(self, text=float(setting))


class Pictures(Protocol):
    """The vectors of the photos, as they are looked through."""

    def by_words(self, query: Vectors, count: int, allowed: BitMap) -> Found:
        """The `count` photos of `allowed` nearest to the vector of a text, float32[dimension]."""
        ...

    def by_picture(self, vector: Vectors, count: int, allowed: BitMap) -> Found:
        """The same for the vector of a picture."""
        ...

    def vector_of(self, asset: AssetId) -> Vectors | None:
        """The vector of a photo, float32[dimension] of length 1; None where it has none."""
        ...


class Found(Protocol):
    """Photos, best first, as both kinds of index give them. ids: uint32[n]. cosines: float32[n]."""

    @property
    def ids(self) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        """The photos."""
        ...

    @property
    def cosines(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Their cosines, descending."""
        ...


def calibrated(pictures: Pictures, encoded: Callable[[Sequence[str]], Vectors], photos: BitMap) -> Floor:
    """The floor for the photos that have a vector."""
    return Floor(text_floor(pictures, encoded(PROBES), photos), picture_floor(pictures, photos), len(photos))


def text_floor(pictures: Pictures, probes: Vectors, photos: BitMap) -> float:
    """What chance finds: the cosine that most of the probes do not reach; 0 where there are no photos.

    probes: float32[n, dimension].
    """
    nth = 1 + len(photos) // PHOTOS_PER_HIT
    reached = [found.cosines[-1] for probe in probes if len((found := pictures.by_words(probe, nth, photos)).cosines)]
    return float(np.quantile(reached, PROBES_SHARE)) if reached else 0.0


def picture_floor(pictures: Pictures, photos: BitMap) -> float:
    """The cosine that most pairs of photos do not reach; 0 where there are less than two."""
    chosen = random.Random(0).sample(range(len(photos)), min(SAMPLE, len(photos)))  # noqa: S311 - the same each time
    vectors = [found for at in chosen if (found := pictures.vector_of(AssetId(photos[at]))) is not None]
    if len(vectors) < 2:  # noqa: PLR2004 - a pair
        return 0.0
    stacked = np.stack(vectors)
    pairs = (stacked @ stacked.T)[np.triu_indices(len(vectors), 1)]
    return float(np.quantile(pairs, PAIRS_SHARE))
