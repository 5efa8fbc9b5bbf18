"""Groups: a family around its best copy, and what becomes of one that is drawn out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from photofsd.index.families import NEAR_BITS, Hashes, families
from photofsd.index.groups import REACH_BITS, heads

CHAIN = np.array([(1 << 4 * step) - 1 for step in range(17)], np.uint64)
"""Each is 4 bits from the next, the ends are 64 apart."""


def apart(one: np.uint64, other: np.uint64) -> int:
    return int(np.bitwise_count(one ^ other))


def test_a_family_that_lies_close_together_is_one_group_of_its_best() -> None:
    assert heads(CHAIN[:5]).tolist() == [0] * 5
    assert heads(CHAIN[[2, 0, 1, 3, 4, 6, 5]]).tolist() == [0] * 7


def test_a_family_that_is_drawn_out_is_cut_around_its_best() -> None:
    assert heads(CHAIN).tolist() == [0] * 5 + [5] * 5 + [10] * 5 + [15] * 2


def test_what_a_cut_leaves_alone_goes_where_the_nearest_is() -> None:
    assert heads(CHAIN[:6]).tolist() == [0] * 6


@st.composite
def kin(draw: st.DrawFn) -> Hashes:
    """One family of two and more, in any order of quality: each differs in up to 6 bits from some other."""
    found = [draw(st.integers(0, (1 << 64) - 1))]
    for _ in range(draw(st.integers(1, 40))):
        flipped = draw(st.sets(st.integers(0, 63), max_size=NEAR_BITS))
        found.append(draw(st.sampled_from(found[-4:])) ^ sum(1 << bit for bit in flipped))
    return np.array(draw(st.permutations(found)), np.uint64)


@settings(max_examples=200, deadline=None)
@given(kin())
def test_no_group_is_of_one_or_reaches_far_and_its_first_is_its_best(hashes: Hashes) -> None:
    assert not families(hashes).any()
    found = heads(hashes)
    for head in np.unique(found).tolist():
        members = np.flatnonzero(found == head)
        assert members.size > 1
        assert found[head] == head
        assert all(apart(hashes[head], hashes[member]) <= REACH_BITS + NEAR_BITS for member in members)
    assert found[0] == 0
    if all(apart(hashes[0], other) <= REACH_BITS for other in hashes):
        assert not found.any()
