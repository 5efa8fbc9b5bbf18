"""Families: hashes that lie within a few bits of each other, directly or through others; every such pair is found.

Multi-index search: of two 64-bit hashes that differ in at most 6 bits, one of the four blocks of 16 differs in at most
one (two in each of the four would be 8). So for each block the hashes are sorted into buckets by its value, every
bucket is compared with itself and with the 16 whose value differs in one bit, and nothing else has to be: at a million
hashes 17 of 65,536 buckets. What is compared is verified by counting bits.

Source: Norouzi, Punjani, Fleet: Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014, sections 2 and 3.

Equal hashes are one from the start, and hashes that are known to be of one family are not compared any more: a bucket
of 50,000 frames of one webcam costs its size, not its square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
"""Where in an array."""

NEAR_BITS: Final = 6
_BLOCK_BITS: Final = 16
_SHIFTS: Final = range(0, 64, _BLOCK_BITS)
_VALUES: Final = 1 << _BLOCK_BITS
_FLIPS: Final = (0, *(1 << bit for bit in range(_BLOCK_BITS)))

AT_ONCE: Final = 1 << 20
"""Pairs compared at once, about 40 MB."""

LARGE: Final = 1 << 16
"""Two buckets with more pairs than that are compared by `_join_large`: they may be dense."""

FEW: Final = 1000
"""So many hashes are compared each with each: sorting them into buckets would take longer."""

_PIVOTS: Final = 16
_MISSES: Final = 3
"""So many pivots that are near to nothing: the bucket is not dense."""


def families(hashes: Hashes, pause: Callable[[], None] = lambda: None) -> Places:
    """The family of every hash, as the place of its first member; of a hash that is near no other, its own place.

    hashes: uint64[n]. pause: called between pieces of work, every few milliseconds; what it raises ends the search.
    Memory: 40 MB and 110 bytes a hash at most; at a million 140 MB were measured.
    """
    distinct, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    forest = _Forest(distinct.size)
    if distinct.size <= FEW:
        forest.unite(*np.nonzero(np.bitwise_count(distinct[:, None] ^ distinct) <= NEAR_BITS))
    else:
        _join_by_blocks(distinct, forest, pause)
    forest.flatten()
    firsts = np.full(distinct.size, hashes.size)
    np.minimum.at(firsts, forest.parents, first)
    result: Places = firsts[forest.parents][which]
    return result


def near(hashes: Hashes, one: int) -> Places:
    """The places of the hashes within NEAR_BITS of `one`."""
    return np.flatnonzero(np.bitwise_count(hashes ^ np.uint64(one)) <= NEAR_BITS)


class _Forest:
    """Which hashes are known to be of one family. A family's root is its smallest place; parents never lie above."""

    def __init__(self, size: int) -> None:
        self.parents: Places = np.arange(size)

    def roots(self, places: Places) -> Places:
        while True:
            above: Places = self.parents[places]
            if np.array_equal(above, places):
                return above
            places = above

    def flatten(self) -> None:
        """Have every parent be a root."""
        self.parents = self.roots(self.parents)

    def unite(self, some: Places, others: Places) -> None:
        """Each of `some` is of the family of the one of `others` at the same place."""
        left, right = self.roots(some), self.roots(others)
        is_new = left != right
        if not is_new.any():
            return
        nodes, ends = np.unique(np.concatenate((left[is_new], right[is_new])), return_inverse=True)
        self.parents[nodes] = nodes[_joined(nodes.size, *ends.reshape(2, -1))]


def _joined(size: int, left: Places, right: Places) -> Places:
    """The smallest place that each of `size` is joined to, by the pairs (left, right)."""
    labels: Places = np.arange(size)
    while True:
        low, high = np.minimum(labels[left], labels[right]), np.maximum(labels[left], labels[right])
        if np.array_equal(low, high):
            return labels
        np.minimum.at(labels, high, low)
        while not np.array_equal(labels, further := labels[labels]):
            labels = further


class _Buckets:
    """Hashes in the order of the block of 16 bits that begins at `shift`.

    order: where the hashes came from. values: of the block. starts, counts: of each value's bucket, int64[65536].
    """

    def __init__(self, hashes: Hashes, shift: int) -> None:
        values = (hashes >> np.uint64(shift)).astype(np.uint16)
        self.order: Places = np.argsort(values, kind="stable")
        self.hashes = hashes[self.order]
        self.values = values[self.order]
        self.counts = np.bincount(values, minlength=_VALUES)
        self.starts = np.cumsum(self.counts) - self.counts

    def bucket(self, value: int) -> slice:
        return slice(int(self.starts[value]), int(self.starts[value] + self.counts[value]))


def _join_by_blocks(hashes: Hashes, forest: _Forest, pause: Callable[[], None]) -> None:
    """Unite all that is near."""
    for shift in _SHIFTS:
        buckets = _Buckets(hashes, shift)
        for flip in _FLIPS:
            _join(buckets, flip, forest, pause)
            forest.flatten()


def _join(buckets: _Buckets, flip: int, forest: _Forest, pause: Callable[[], None]) -> None:
    """Unite what is near in all pairs of buckets whose values differ by `flip`, each pair once."""
    value = np.arange(_VALUES)
    pairs = buckets.counts * buckets.counts[value ^ flip] * (value <= value ^ flip)
    for large in np.flatnonzero(pairs > LARGE).tolist():
        _join_large(buckets, large, large ^ flip, forest, pause)
    for left, right in _near_in_small(buckets, flip, (pairs > 0) & (pairs <= LARGE)):
        forest.unite(buckets.order[left], buckets.order[right])
        pause()


def _near_in_small(buckets: _Buckets, flip: int, is_asked: npt.NDArray[np.bool_]) -> Iterator[tuple[Places, Places]]:
    """The near pairs, as places in `buckets`, of the asked values' buckets with those that differ by `flip`."""
    rows = np.flatnonzero(is_asked[buckets.values])
    partner = buckets.values[rows] ^ np.uint16(flip)
    ends = buckets.starts[partner] + buckets.counts[partner]
    starts = buckets.starts[partner] if flip else rows + 1
    lengths = ends - starts
    through = np.cumsum(lengths)
    first = done = 0
    while first < rows.size:
        last = max(first + 1, int(np.searchsorted(through, done + AT_ONCE, side="right")))
        some = slice(first, last)
        behind = through[some] - done
        right = np.repeat(starts[some] - (behind - lengths[some]), lengths[some]) + np.arange(behind[-1])
        apart = np.bitwise_count(np.repeat(buckets.hashes[rows[some]], lengths[some]) ^ buckets.hashes[right])
        hits = np.flatnonzero(apart <= NEAR_BITS)
        yield rows[first + np.searchsorted(behind, hits, side="right")], right[hits]
        first, done = last, int(through[last - 1])


def _join_large(buckets: _Buckets, value: int, other: int, forest: _Forest, pause: Callable[[], None]) -> None:
    """Unite what is near between two large buckets, or in one: all but what is of the largest family there already."""
    here, there = buckets.bucket(value), buckets.bucket(other)
    hashes = np.concatenate((buckets.hashes[here], buckets.hashes[there]))
    places = np.concatenate((buckets.order[here], buckets.order[there]))
    _join_to_pivots(hashes, places, forest)
    is_outside = _is_outside_largest(forest.roots(places))
    is_here = np.arange(places.size) < here.stop - here.start
    outside = np.flatnonzero(is_outside & is_here)
    inside = np.flatnonzero(~is_outside & is_here)
    opposite = np.flatnonzero(~is_here)
    for rows, columns in ((outside, opposite), (inside, opposite[is_outside[opposite]])):
        step = max(1, AT_ONCE // max(1, columns.size))
        for start in range(0, rows.size if columns.size else 0, step):
            some = rows[start : start + step]
            apart = np.bitwise_count(hashes[some, None] ^ hashes[columns])
            left, right = np.nonzero(apart <= NEAR_BITS)
            forest.unite(places[some[left]], places[columns[right]])
            pause()


def _join_to_pivots(hashes: Hashes, places: Places, forest: _Forest) -> None:
    """Unite what is near to some of the hashes: in a dense bucket that leaves little outside the largest family."""
    misses = 0
    for step in range(_PIVOTS):
        outside = np.flatnonzero(_is_outside_largest(forest.roots(places)))
        if not outside.size or misses == _MISSES:
            return
        pivot = outside[outside.size * step // _PIVOTS]
        hits = near(hashes, int(hashes[pivot]))
        misses += hits.size == 1
        forest.unite(places[hits], np.full(hits.size, places[pivot]))


def _is_outside_largest(roots: Places) -> npt.NDArray[np.bool_]:
    """Claim about each: it is not of the family that most are of."""
    families, counts = np.unique(roots, return_counts=True)
    result: npt.NDArray[np.bool_] = roots != families[np.argmax(counts)]
    return result
