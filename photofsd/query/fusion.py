"""Several orders made one: reciprocal rank fusion (Cormack, Clarke and Buettcher 2009).

A photo gains 1 / (60 + its rank) from every order that it is in. Scores of different kinds are never compared, only
ranks. Groups of equally good words share a rank, the first group the first: a word that finds a thousand photos puts
none of them behind what only the model finds, but the model says which of the thousand come first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from photofsd.types import AssetId

K = 60
GROUPS_MAX = 100
"""Groups of words that differ in rank; worse ones share the last."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a photo stands in each of the orders; None = not in it.

    words: rank of its group. meaning, looks: its rank and cosine, by what it shows and by which photo it looks like.
    """

    words: int | None = None
    meaning: tuple[int, float] | None = None
    looks: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo of an answer. score: 0..1."""

    asset: AssetId
    score: float
    standing: Standing = Standing()


Places = Mapping[int, tuple[int, float]]
"""Rank and cosine of each photo in an order."""


def fused(
    groups: Iterable[tuple[int | None, BitMap]],
    meaning: Places,
    looks: Places,
    wanted: int,
    newest: Callable[[BitMap, int], Sequence[AssetId]],
) -> list[Hit]:
    """The `wanted` best photos, best first; of equal ones those that words find.

    groups: of equally good words with their ranks, best first; without a rank where no words were asked for.
    newest: so many of a set, in their order.
    """
    ranked = BitMap([*meaning, *looks])
    words: dict[int, int] = {}
    plain: list[Hit] = []
    unplaced = ranked
    has_words = False
    for rank, group in groups:
        at = Standing(rank and min(rank, GROUPS_MAX))
        if at.words is not None:
            has_words = True
            words |= dict.fromkeys(group & ranked, at.words)
        unplaced = unplaced - group
        if len(plain) < wanted:
            rest = newest(group - ranked, wanted - len(plain))
            plain += [Hit(asset, _score(at), at) for asset in rest]
        if len(plain) >= wanted and not unplaced:
            break
    standings = [
        (asset, Standing(words.get(asset), meaning.get(asset), looks.get(asset))) for asset in (*meaning, *looks)
    ]
    both = sorted((Hit(AssetId(asset), _score(at), at) for asset, at in dict(standings).items()), key=_order)
    ideal = sum(map(bool, (has_words, meaning, looks))) * _gain(1)
    best = heapq.merge(both, plain, key=_order)
    return [Hit(hit.asset, hit.score / ideal, hit.standing) for hit, _ in zip(best, range(wanted), strict=False)]


def _order(hit: Hit) -> tuple[float, int]:
    return -hit.score, hit.standing.words or GROUPS_MAX + 1


def _score(at: Standing) -> float:
    ranks = (at.words, at.meaning and at.meaning[0], at.looks and at.looks[0])
    return sum(_gain(rank) for rank in ranks if rank is not None)


def _gain(rank: int) -> float:
    return 1 / (K + rank)
