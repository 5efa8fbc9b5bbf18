"""Ranking: the same order as scoring every photo, without doing so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from photofsd.query.rank import Gains, gains_of, groups, rarity_of
from photofsd.query.words import Field

IDS = st.sets(st.integers(0, 60))
SPLIT = st.lists(st.tuples(st.integers(1, 9), IDS), max_size=4)


def disjoint(split: list[tuple[int, set[int]]]) -> Gains:
    gains: Gains = []
    taken: set[int] = set()
    for gain, ids in sorted(split, reverse=True, key=lambda pair: pair[0]):
        if ids - taken:
            gains.append((gain, BitMap(ids - taken)))
        taken |= ids
    return gains


@given(IDS, st.lists(SPLIT.map(disjoint), max_size=5))
def test_groups_are_those_of_scoring_every_photo(members: set[int], terms: list[Gains]) -> None:
    scores: dict[int, set[int]] = {}
    for asset in members:
        score = sum(gain for gains in terms for gain, having in gains if asset in having)
        scores.setdefault(score, set()).add(asset)
    wanted = sorted(scores.items(), reverse=True, key=lambda pair: pair[0])
    assert [(score, set(group)) for score, group in groups(BitMap(members), terms)] == wanted


def test_the_best_field_counts_and_no_other() -> None:
    found = [(Field.PLACE, BitMap([1, 2])), (Field.TAG, BitMap([2, 3])), (Field.NAME, BitMap([3]))]
    rarity = rarity_of(3, 100)
    assert gains_of(found, 3, 100) == [(10 * rarity, BitMap([2, 3])), (6 * rarity, BitMap([1]))]


def test_rare_words_say_more_than_common_ones() -> None:
    assert rarity_of(1, 1000) > rarity_of(10, 1000) > rarity_of(1000, 1000) > rarity_of(0, 1000) == 0


def test_only_what_is_listed_is_split() -> None:
    class Counted(BitMap):
        intersections = 0

        def __and__(self, other: BitMap) -> BitMap:
            Counted.intersections += 1
            return Counted(BitMap.__and__(self, other))

        def __sub__(self, other: BitMap) -> BitMap:
            return Counted(BitMap.__sub__(self, other))

    everything = Counted(range(100_000))
    terms = [[(gain, BitMap(range(at, 100_000, 10))) for at, gain in enumerate(range(10, 0, -1))] for _ in range(6)]
    score, best = next(groups(everything, terms))
    assert (score, len(best)) == (60, 10_000)
    assert Counted.intersections <= 6 * 10
