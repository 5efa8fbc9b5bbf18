"""What an image-text model is asked, and what it answers: which photos show what a text says, or look like a photo.

The model itself is elsewhere, in another process at most times, and may be away: then words alone answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyroaring import BitMap

from photofsd.errors import MeaningAway
from photofsd.types import AssetId

LOOKS_MAX = 100
"""Photos that look like one, where the query names no limit."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for, among which photos.

    text: what the photos show. unlike: what they do not show, text by text. like: the photo that they look like; then
    there is no text.
    """

    allowed: BitMap
    text: str = ""
    unlike: tuple[str, ...] = ()
    like: AssetId | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Photos, best first, with their cosines: those that come close enough to be meant.

    note: what there is to say of it; "" = nothing.
    """

    ids: Sequence[int] = ()
    cosines: Sequence[float] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """The answers to several wishes. sequence: of the last change of the store that they know of."""

    rankings: Sequence[Ranking]
    sequence: int


class Meaning(Protocol):
    """An image-text model and the vectors of the library's photos."""

    def rank(self, wishes: Sequence[Wish], count: int) -> Meant:
        """At most `count` photos for each wish. Raises MeaningAway: words alone have to do."""
        ...

    @property
    def is_there(self) -> bool:
        """Claim: there is a model; it may be away. Without one words alone are all that is expected."""
        ...

    @property
    def generation(self) -> int:
        """Another number whenever the model comes or goes: what was answered without it is out of date then."""
        ...


class NoMeaning:
    """There is no model."""

    is_there = False
    generation = 0

    def rank(self, wishes: Sequence[Wish], count: int) -> Meant:
        """Raises MeaningAway."""
        raise MeaningAway("there is no image-text model")


def merged(rankings: Iterable[Ranking]) -> Mapping[int, tuple[int, float]]:
    """The rank, from 1, and the cosine of each photo, in the ranking where it ranks best."""
    best: dict[int, tuple[int, float]] = {}
    for ranking in rankings:
        for rank, (asset, cosine) in enumerate(zip(ranking.ids, ranking.cosines, strict=True), 1):
            known = best.get(asset)
            if known is None or (rank, -cosine) < (known[0], -known[1]):
                best[asset] = rank, cosine
    return best
