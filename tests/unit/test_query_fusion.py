"""Reciprocal rank fusion: the same as scoring every photo, and what must never be hidden."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from photofsd.query.fusion import GROUPS_MAX, K, Places, fused
from photofsd.query.meaning import Ranking, merged
from photofsd.types import AssetId


def by_id(photos: BitMap, count: int) -> list[AssetId]:
    return [AssetId(asset) for asset in itertools.islice(photos, count)]


def places(*ids: int) -> Places:
    return {asset: (rank, 0.5) for rank, asset in enumerate(ids, 1)}


def order(groups: list[set[int]], meaning: Places, wanted: int = 100, looks: Places | None = None) -> list[int]:
    ranked = [(rank, BitMap(group)) for rank, group in enumerate(groups, 1)]
    return [hit.asset for hit in fused(ranked, meaning, looks or {}, wanted, by_id)]


GROUPS = st.lists(st.integers(0, 5), min_size=1, max_size=40).map(
    lambda at: [{asset for asset, group in enumerate(at) if group == number} for number in sorted(set(at))]
)


@given(GROUPS, st.permutations(range(60)), st.integers(0, 60), st.integers(1, 80))
def test_the_best_are_those_of_scoring_every_photo(
    groups: list[set[int]], ranking: list[int], meant: int, wanted: int
) -> None:
    meaning = places(*ranking[:meant])
    scores: dict[int, float] = {}
    for rank, group in enumerate(groups, 1):
        for asset in group:
            scores[asset] = 1 / (K + rank)
    for asset, (rank, _) in meaning.items():
        scores[asset] = scores.get(asset, 0) + 1 / (K + rank)
    ranked = [(rank, BitMap(group)) for rank, group in enumerate(groups, 1)]
    hits = fused(ranked, meaning, {}, wanted, by_id)
    best = sorted(scores.values(), reverse=True)[:wanted]
    ideal = (1 + bool(meaning)) / (K + 1)
    assert [hit.score for hit in hits] == pytest.approx([score / ideal for score in best])
    assert len({hit.asset for hit in hits}) == len(hits)
    assert all(hit.score <= 1 + 1e-9 for hit in hits)


def test_what_has_the_words_is_not_behind_what_only_the_model_finds() -> None:
    assert order([{1, 2, 3}], places(9, 8, 7)) == [1, 2, 3, 9, 8, 7]


def test_among_equal_words_the_model_says_what_comes_first() -> None:
    assert order([set(range(1000))], places(500, 2000, 7), wanted=4) == [500, 7, 0, 1]


def test_worse_words_may_come_behind_what_shows_best() -> None:
    assert order([{1}, {2}, {3}, {4}], places(9)) == [1, 9, 2, 3, 4]


def test_without_words_the_model_alone_orders_and_the_rest_follows() -> None:
    hits = fused([(None, BitMap([1, 2, 3]))], {}, places(3, 1), 10, by_id)
    assert [(hit.asset, hit.standing.words) for hit in hits] == [(3, None), (1, None), (2, None)]
    assert hits[0].score == pytest.approx(1)


def test_groups_beyond_the_last_share_its_rank() -> None:
    ranked = [(rank, BitMap([rank])) for rank in range(1, GROUPS_MAX + 50)]
    hits = fused(ranked, {}, {}, 1000, by_id)
    assert len(hits) == GROUPS_MAX + 49
    assert {hit.standing.words for hit in hits[GROUPS_MAX - 1 :]} == {GROUPS_MAX}


def test_no_more_groups_are_asked_for_than_are_listed() -> None:
    def endless() -> itertools.count[int]:
        return itertools.count(1)

    asked = ((rank, BitMap([rank])) for rank in endless())
    assert [hit.asset for hit in fused(asked, places(3), {}, 5, by_id)] == [3, 1, 2, 4, 5]


def test_of_several_rankings_the_best_rank_of_a_photo_counts() -> None:
    found = merged([Ranking([1, 2, 3], [0.9, 0.8, 0.7]), Ranking([3, 4], [0.5, 0.4])])
    assert found == {1: (1, 0.9), 2: (2, 0.8), 3: (1, 0.5), 4: (2, 0.4)}
    assert merged([Ranking([1], [0.5]), Ranking([1], [0.9]), Ranking([1], [0.7])]) == {1: (1, 0.9)}
