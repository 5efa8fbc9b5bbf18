"""Groups of faces that look like one person: neighbours, whispers, groups that are merged, what has no core dissolved.

Knows no people and no store: rows of numbers in, a label a face out. Two faces of one photo are never in one group:
they are no neighbours, groups that share photos are not merged, and where they end up together all the same, only the
one that is closer to the middle stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from photofsd.clustering.neighbours import Neighbours, Rows, Vectors, neighbours, summed, unit
from photofsd.clustering.whispers import Graph, Labels, whispered

NEIGHBOURS: Final = 40
SMALLEST: Final = 3
"""Faces of the smallest group."""

CORES: Final = ((100, 20, 20), (20, 10, 10), (SMALLEST, 2, 3))
"""(size, faces, close): groups of that size and larger have so many faces that have so many close to them, themselves
counted. One such face would not do: a drawing, or a very blurred face, is close to many that are not to each other."""

COHERENT_FROM: Final = 20

SHARED_MAX: Final = 0.02
"""Share of a group's photos that may hold a face of another group, for the two to be merged."""

MERGES_MAX: Final = 20
PIECE: Final = 16_384

Photos = npt.NDArray[np.int64]
"""int64[n]: which photo each face is in, or which video: everybody is in that once."""

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Closeness:
    """Cosines: how close faces must be, and for what.

    link:    two faces, to hear each other. dense: to be close neighbours. merge: the middles of two groups.
    join:    a face and a middle of a person, to be theirs. suggest: to look like them.
    """

    link: float = 0.35
    dense: float = 0.48
    merge: float = 0.60
    join: float = 0.42
    suggest: float = 0.36


def groups(rows: Rows, photos: Photos, said: Labels, closeness: Closeness) -> Labels:
    """The group of each of n faces, int32[n] from 0, -1 = in none.

    rows: [n, dimension] of length 1. said: int32[n], the person whom the user (or a file) has named, 0 = nobody:
    groups that are mostly different ones of these are not merged.
    """
    size = len(rows)
    if size < SMALLEST:
        return np.full(size, -1, np.int32)
    near = neighbours(rows, NEIGHBOURS, closeness.link)
    close = 1 + np.count_nonzero(near.cosines >= closeness.dense, axis=1)
    graph = _graph(near, photos)
    del near
    labels = whispered(graph, np.arange(size, dtype=np.int32), np.ones(size, np.bool_))
    labels = parted(rows, _large_enough(labels), photos)
    labels = _coherent(rows, labels, (closeness.link + closeness.dense) / 2)
    labels = parted(rows, _merged(rows, _large_enough(labels), photos, said, closeness.merge), photos)
    return _numbered(_with_core(_large_enough(labels), close))


def middles(rows: Rows, labels: Labels) -> Vectors:
    """The middle of each group, float32[groups, dimension] of length 1; faces with label -1 count nowhere."""
    return unit(sums(rows, labels))


def sums(rows: Rows, labels: Labels) -> Vectors:
    """The sum of the faces of each group, float32[groups, dimension]."""
    total = np.zeros((int(labels.max(initial=-1)) + 1, rows.shape[1]), np.float32)
    for start in range(0, len(rows), PIECE):
        some = labels[start : start + PIECE]
        inside = np.flatnonzero(some >= 0)
        here, numbers = np.unique(some[inside], return_inverse=True)
        total[here] += summed(rows[start + inside].astype(np.float32), numbers, len(here))
    return total


def to_middle(rows: Rows, labels: Labels, centres: Vectors) -> npt.NDArray[np.float32]:
    """The cosine of each face with the middle of its group, float32[n]; -1 for those in none."""
    found = np.full(len(rows), -1, np.float32)
    for start in range(0, len(rows), PIECE):
        inside = start + np.flatnonzero(labels[start : start + PIECE] >= 0)
        found[inside] = np.einsum("ij,ij->i", rows[inside].astype(np.float32), centres[labels[inside]])
    return found


def parted(rows: Rows, labels: Labels, photos: Photos) -> Labels:
    """The same labels, where of the faces of one photo in one group only the one closest to its middle stays."""
    twice = _twice(labels, photos)
    if not twice.size:
        return labels
    concerned = np.isin(labels, labels[twice])
    inside = _numbered(np.where(concerned, labels, -1).astype(np.int32))
    cosines = to_middle(rows, inside, middles(rows, inside))
    order = twice[np.lexsort((twice, -cosines[twice], photos[twice], labels[twice]))]
    is_same = (np.diff(labels[order], prepend=-2) == 0) & (np.diff(photos[order], prepend=-1) == 0)
    labels = labels.copy()
    labels[order[is_same]] = -1
    return labels


def _twice(labels: Labels, photos: Photos) -> Places:
    """The faces in a group with another face of the same photo."""
    order = np.lexsort((photos, labels))
    same = (np.diff(labels[order]) == 0) & (np.diff(photos[order]) == 0) & (labels[order][1:] >= 0)
    found: Places = order[np.append(same, [False]) | np.insert(same, 0, [False])]
    return found


def _graph(near: Neighbours, photos: Photos) -> Graph:
    """Who hears whom how loud: both or neither, and no two of one photo."""
    size = len(near.places)
    kept = near.places >= 0
    kept &= photos[near.places] != photos[:, None]
    ends = np.concatenate(([0], np.cumsum(np.count_nonzero(kept, axis=1))))
    said = sparse.csr_array((near.cosines[kept].astype(np.float32), near.places[kept], ends), shape=(size, size))
    said.sort_indices()
    return said.maximum(said.T.tocsr())


def _merged(rows: Rows, labels: Labels, photos: Photos, said: Labels, at_least: float) -> Labels:
    """Groups whose middles are close made one, closest first, where nothing speaks against it."""
    for _ in range(MERGES_MAX):
        sizes = np.bincount(labels[labels >= 0], minlength=1)
        centres = middles(rows, labels)
        pairs = _close_pairs(centres, np.flatnonzero(sizes >= SMALLEST), at_least)
        into = np.arange(len(sizes), dtype=np.int32)
        taken = np.zeros(len(sizes), np.bool_)
        pictures, people = _by_group(labels, photos), _said_of(labels, said, len(sizes))
        for one, other in pairs:
            if taken[one] or taken[other] or (people[one] and people[other] and people[one] != people[other]):
                continue
            if _share(pictures(one), pictures(other)) <= SHARED_MAX:
                into[other] = one
                taken[one] = taken[other] = True
        if not taken.any():
            break
        labels = np.where(labels >= 0, into[labels], -1).astype(np.int32)
        labels = _numbered(labels)
    return labels


def _close_pairs(centres: Vectors, chosen: Places, at_least: float) -> list[tuple[int, int]]:
    """Pairs of `chosen` whose middles are `at_least` close, closest first."""
    near = neighbours(centres[chosen], min(NEIGHBOURS, max(1, len(chosen) - 1)), at_least) if chosen.size else None
    if near is None:
        return []
    one, slot = np.nonzero(near.places >= 0)
    other, cosines = near.places[one, slot], near.cosines[one, slot]
    once = (one < other) | ~(near.places[other] == one[:, None]).any(axis=1)
    order = np.argsort(-cosines[once], kind="stable")
    return list(zip(chosen[one[once][order]].tolist(), chosen[other[once][order]].tolist(), strict=True))


def _by_group(labels: Labels, photos: Photos) -> Callable[[int], Photos]:
    """Gives the photos of a group, ascending."""
    order = np.lexsort((photos, labels))
    ends = np.searchsorted(labels[order], np.arange(int(labels.max(initial=-1)) + 2))
    return lambda group: photos[order[ends[group] : ends[group + 1]]]


def _share(one: Photos, other: Photos) -> float:
    both = np.intersect1d(one, other, assume_unique=True).size
    return both / max(1, min(one.size, other.size))


def _said_of(labels: Labels, said: Labels, count: int) -> Labels:
    """Whom most of those in a group are said to be, by group; 0 = nobody."""
    known = (labels >= 0) & (said > 0)
    found = np.zeros(count, np.int32)
    if known.any():
        pairs, counts = np.unique(np.stack((labels[known], said[known])), axis=1, return_counts=True)
        order = np.argsort(counts, kind="stable")
        found[pairs[0, order]] = pairs[1, order]
    return found


def _coherent(rows: Rows, labels: Labels, at_least: float) -> Labels:
    """Only the groups in which two faces have such a cosine on average, and the small ones, of which that says little.

    Of tens of thousands of blurred faces each is close to some by chance: no core tells them from a person, this does.
    """
    if labels.max(initial=-1) < 0:
        return labels
    total = sums(rows, labels)
    sizes = np.bincount(labels[labels >= 0], minlength=len(total)).astype(np.float64)
    pairs = np.maximum(sizes * (sizes - 1), 1)
    cosines = (np.einsum("ij,ij->i", total, total, dtype=np.float64) - sizes) / pairs
    keeps = (sizes < COHERENT_FROM) | (cosines >= at_least)
    return np.where((labels >= 0) & keeps[labels], labels, -1).astype(np.int32)


def _large_enough(labels: Labels) -> Labels:
    """The groups that are large enough, numbered."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    return _numbered(np.where((labels >= 0) & (sizes[labels] >= SMALLEST), labels, -1).astype(np.int32))


def _with_core(labels: Labels, close: Places) -> Labels:
    """Only the groups that have a core: what hangs together by chance (blurred faces, drawings) has none.

    close: how many faces are close to each, itself counted.
    """
    count = max(1, int(labels.max(initial=-1)) + 1)
    inside = labels >= 0
    sizes = np.bincount(labels[inside], minlength=count)
    has_core = np.zeros(count, np.bool_)
    for size, wanted, near in reversed(CORES):
        dense = np.bincount(labels[inside & (close >= near)], minlength=count)
        has_core = np.where(sizes >= size, dense >= wanted, has_core)
    return np.where(inside & has_core[labels], labels, -1).astype(np.int32)


def _numbered(labels: Labels) -> Labels:
    """The same groups numbered from 0 without gaps, -1 as it is."""
    found = np.full(len(labels), -1, np.int32)
    inside = labels >= 0
    found[inside] = np.unique(labels[inside], return_inverse=True)[1]
    return found
