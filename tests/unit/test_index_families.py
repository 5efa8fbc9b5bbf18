"""Families of hashes: the same as comparing each with each, however they are distributed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photofsd.index import families as module
from photofsd.index.families import NEAR_BITS, Hashes, Places, families, near

BLOCKS = (0x0000_0000_0000_FFFF, 0xFFFF_0000_0000_0000)


def naive(hashes: Hashes) -> Places:
    """The family of every hash, by comparing each with each."""
    is_near = np.bitwise_count(hashes[:, None] ^ hashes) <= NEAR_BITS
    labels = np.arange(hashes.size)
    while True:
        lower = np.where(is_near, labels, hashes.size).min(axis=1, initial=hashes.size)
        if np.array_equal(lower, labels):
            return labels
        labels = lower


def uniform(rng: np.random.Generator, count: int) -> Hashes:
    return rng.integers(0, 1 << 64, count, dtype=np.uint64)


def around(rng: np.random.Generator, centre: np.uint64, bits: int, count: int) -> Hashes:
    """Hashes that differ from `centre` in up to `bits` bits."""
    found = np.full(count, centre)
    for _ in range(bits):
        found ^= np.uint64(1) << rng.integers(0, 64, count, dtype=np.uint64)
    return found


@st.composite
def mixtures(draw: st.DrawFn) -> Hashes:
    """Strangers, equal ones, dense and loose clusters, and many that agree in a block of 16 bits."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    parts = [uniform(rng, draw(st.integers(0, 120)))]
    parts += [
        around(rng, uniform(rng, 1)[0], draw(st.integers(0, 9)), draw(st.integers(1, 60)))
        for _ in range(draw(st.integers(0, 5)))
    ]
    shared = np.uint64(draw(st.sampled_from(BLOCKS)))
    parts.append((uniform(rng, draw(st.integers(0, 60))) & ~shared) | (uniform(rng, 1)[0] & shared))
    return rng.permutation(np.concatenate(parts))


@pytest.mark.parametrize(
    "few, large, at_once", [(0, 1 << 16, 1 << 20), (0, 300, 70), (0, 1, 1), (1000, 1 << 16, 1 << 20)]
)
def test_families_are_those_of_comparing_each_with_each(
    few: int, large: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small ones have the large buckets' way taken by all, and pieces of every size."""
    monkeypatch.setattr(module, "FEW", few)
    monkeypatch.setattr(module, "LARGE", large)
    monkeypatch.setattr(module, "AT_ONCE", at_once)

    @settings(max_examples=20, deadline=None)
    @given(mixtures())
    def compare(hashes: Hashes) -> None:
        assert families(hashes).tolist() == naive(hashes).tolist()

    compare()


def test_every_way_to_differ_in_six_bits_is_found() -> None:
    """Each of 20,000 pairs is alone with its partner: wherever the six bits lie, some block shows the pair."""
    rng = np.random.default_rng(3)
    some = uniform(rng, 20_000)
    bits = np.array([rng.choice(64, NEAR_BITS, replace=False) for _ in some], np.uint64)
    others = some ^ np.bitwise_or.reduce(np.uint64(1) << bits, axis=1)
    found = families(np.concatenate((some, others)))
    assert np.array_equal(found[20_000:], np.arange(20_000))


def test_seven_bits_are_not_near() -> None:
    assert families(np.array([0, 0x7F], np.uint64)).tolist() == [0, 1]
    assert families(np.array([0, 0x3F], np.uint64)).tolist() == [0, 0]
    assert near(np.array([0, 0x3F, 0x7F, 1 << 63], np.uint64), 0).tolist() == [0, 1, 3]


def test_no_hash_has_no_family_and_one_has_its_own() -> None:
    assert families(np.array([], np.uint64)).tolist() == []
    assert families(np.array([7], np.uint64)).tolist() == [0]


def test_equal_hashes_are_one_from_the_start() -> None:
    hashes = np.full(300_000, 0xF0F0, np.uint64)
    assert not families(hashes).any()


def test_a_search_can_be_ended_between_pieces() -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        families(uniform(np.random.default_rng(5), 20_000), stop)
