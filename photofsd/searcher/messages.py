"""What the daemon and the searcher say to each other, in msgpack frames. An answer has the number of its question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from pyroaring import BitMap

from photofsd.config.schema import IndexSettings
from photofsd.query.meaning import Ranking, Wish
from photofsd.types import AssetId


class Setup(msgspec.Struct, frozen=True, tag=True):
    """What to search with. model: the id of the one whose vectors count. floor: a cosine, or "auto"."""

    state: str
    models: str
    model: str
    threads: int
    floor: str
    index: IndexSettings

    @property
    def folder(self) -> Path:
        """The state folder."""
        return Path(self.state)


class WireWish(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Wish. allowed: a roaring bitmap."""

    allowed: bytes
    text: str = ""
    unlike: tuple[str, ...] = ()
    like: int | None = None

    @classmethod
    def of(cls, wish: Wish) -> WireWish:
        """A wish, to be sent."""
        return cls(wish.allowed.serialize(), wish.text, wish.unlike, wish.like)

    def wish(self) -> Wish:
        """The wish that was sent."""
        like = None if self.like is None else AssetId(self.like)
        return Wish(BitMap.deserialize(self.allowed), self.text, self.unlike, like)


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Find at most `count` photos for each wish."""

    number: int
    wishes: tuple[WireWish, ...]
    count: int


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for that answer any more."""

    number: int


class WireRanking(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Ranking."""

    ids: Sequence[int] = ()
    cosines: Sequence[float] = ()
    note: str = ""

    @classmethod
    def of(cls, ranking: Ranking) -> WireRanking:
        """A ranking, to be sent."""
        return cls(ranking.ids, ranking.cosines, ranking.note)

    def ranking(self) -> Ranking:
        """The ranking that was sent."""
        return Ranking(self.ids, self.cosines, self.note)


class Answered(msgspec.Struct, frozen=True, tag=True):
    """The answer to an Ask. sequence: as in Meant. learned: vectors of texts, to be kept in the store."""

    number: int
    rankings: tuple[WireRanking, ...]
    sequence: int
    learned: tuple[tuple[str, bytes], ...] = ()


class Failed(msgspec.Struct, frozen=True, tag=True):
    """There is no answer to an Ask, and why."""

    number: int
    reason: str


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """Nothing can be searched with that Setup, and why. The child ends."""

    reason: str


class Standing(msgspec.Struct, frozen=True, tag=True):
    """How it stands; said when it changes. The first one says that questions are welcome.

    vectors: photos that can be found. is_complete: no older one is missing. floor: the cosine at which answers end.
    """

    vectors: int
    is_complete: bool
    annoy_generation: int | None
    tail: int
    floor: float
    trouble: str = ""


ToSearcher = Setup | Ask | Cancel
FromSearcher = Answered | Failed | Unusable | Standing
