"""A face joins the person whose faces it is close to: several middles a person, as people have ages and sunglasses.

Precision first. A face that is close enough to two people, or to somebody who has another face in the same photo, joins
nobody; one that looks like somebody, but less so, is suggested to those who have a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from photofsd.clustering.forming import PIECE, Closeness, Mask, sums
from photofsd.clustering.neighbours import Rows, Vectors, summed, unit
from photofsd.clustering.votes import CLEARLY, Known, People

FACES_A_MIDDLE: Final = 60
MIDDLES_MAX: Final = 8
SAMPLE: Final = 2000
ROUNDS: Final = 5
QUERIES: Final = 1024
FEW: Final = 2.01
"""Length of the sum of faces up to which there are two at most: too few to know somebody by, so only those join who are
as close as two groups must be to be one."""

ALONE: Final = 1e-2
"""Length of the sum of faces below which there are none."""

_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Middles:
    """What people look like.

    centres: float32[n, dimension] of length 1. people: int64[n], whose each is.
    weights: float32[n], the length of the sum of the faces around each; infinite where no single face matters.
    """

    centres: Vectors
    people: People
    weights: Vectors

    @classmethod
    def of(cls, rows: Rows, people: People) -> Middles:
        """The middles of everybody with a face; 0 is nobody. rows: [n, dimension] of length 1."""
        who, labels, counts = np.unique(people[people != 0], return_inverse=True, return_counts=True)
        numbers = np.full(len(people), -1, np.int32)
        numbers[people != 0] = labels
        total = sums(rows, numbers)
        centres, whose, weights = [unit(total)], [who], [np.linalg.norm(total, axis=1)]
        order = np.argsort(numbers, kind="stable")
        ends = np.searchsorted(numbers[order], np.arange(len(who) + 1))
        for number in np.flatnonzero(counts >= 2 * FACES_A_MIDDLE).tolist():
            several = _several(rows, order[ends[number] : ends[number + 1]])
            weights[0][number] = np.inf
            centres.append(several)
            whose.append(np.full(len(several), who[number]))
            weights.append(np.full(len(several), np.inf, np.float32))
        return cls(np.concatenate(centres), np.concatenate(whose), np.concatenate(weights))

    def renewed(self, who: People, fresh: Middles) -> Middles:
        """The same, with `fresh` in place of what these people looked like."""
        kept = ~np.isin(self.people, who)
        centres = np.concatenate((self.centres[kept], fresh.centres.reshape(-1, self.centres.shape[1])))
        people = np.concatenate((self.people[kept], fresh.people))
        return Middles(centres, people, np.concatenate((self.weights[kept], fresh.weights)))

    def own(self, rows: Rows, people: People, counted: Mask) -> Vectors:
        """The cosine of each face with the closest middle of its own person, float32[n]; -1 where there is none.

        counted: which of them these middles are of: they are compared with what is left without them.
        """
        by_person = np.argsort(self.people, kind="stable")
        centres, whose, weights = self.centres[by_person], self.people[by_person], self.weights[by_person]
        first, end = np.searchsorted(whose, people, "left"), np.searchsorted(whose, people, "right")
        found = np.full(len(people), -1, np.float32)
        for start in range(0, len(people), PIECE):
            some = np.arange(start, min(start + PIECE, len(people)))
            vectors = rows[some].astype(np.float32)
            for number in range(int((end - first)[some].max(initial=0))):
                has = np.flatnonzero((people[some] != 0) & (first[some] + number < end[some]))
                middle = first[some[has]] + number
                cosines = np.einsum("ij,ij->i", vectors[has], centres[middle])
                cosines = np.where(counted[some[has]], _without(cosines, weights[middle]), cosines)
                found[some[has]] = np.maximum(found[some[has]], cosines)
        return found


@dataclass(frozen=True, slots=True)
class Closest:
    """The person closest to each of n faces: people int64[n] (0 = nobody), cosine float32[n].

    second: the cosine of the closest other person, float32[n]; -1 where there is none.
    weights: the length of the sum of the faces around that middle, float32[n].
    """

    people: People
    cosines: Vectors
    second: Vectors
    weights: Vectors


def closest(rows: Rows, known: Middles) -> Closest:
    """The closest person of each face. rows: [n, dimension] of length 1."""
    size = len(rows)
    found = Closest(np.zeros(size, np.int64), *(np.full(size, -1, np.float32) for _ in range(3)))
    if not known.people.size:
        return found
    for start in range(0, size, QUERIES):
        some = slice(start, start + QUERIES)
        cosines = rows[some].astype(np.float32) @ known.centres.T
        best = cosines.argmax(axis=1)
        found.people[some], found.weights[some] = known.people[best], known.weights[best]
        found.cosines[some] = np.take_along_axis(cosines, best[:, None], 1)[:, 0]
        cosines[known.people == found.people[some][:, None]] = -1
        found.second[some] = cosines.max(axis=1)
    return found


def joined(
    known: Known, waiting: npt.NDArray[np.intp], people: People, looks: Middles, closeness: Closeness
) -> tuple[People, People]:
    """Whom the faces at `waiting` join, and whom they only look like: int64[waiting] each, 0 = nobody.

    Of two faces of a photo one is somebody's, or nearly.

    people: whose all faces are now. looks: what people look like.
    """
    found = closest(known.rows[waiting], looks)
    is_clear = found.cosines - found.second >= CLEARLY
    bars = np.where(found.weights > FEW, closeness.join, closeness.merge)
    joins = is_clear & (found.cosines >= bars) & (found.cosines > known.bars[waiting])
    nearly = is_clear & ~joins & (found.cosines >= closeness.suggest) & (found.cosines > known.bars[waiting])
    wanted = np.where(joins | nearly, found.people, 0)
    order = np.lexsort((waiting, -found.cosines, ~joins))
    there = np.flatnonzero((people != 0) & np.isin(known.photos, known.photos[waiting]))
    free = np.zeros(len(waiting), np.bool_)
    free[order] = first_of_photo(
        np.concatenate((known.photos[there], known.photos[waiting[order]])),
        np.concatenate((people[there], wanted[order])),
    )[len(there) :]
    return np.where(joins & free, wanted, 0), np.where(nearly & free, wanted, 0)


def first_of_photo(photos: npt.NDArray[np.int64], people: People) -> Mask:
    """Claim about each face, in their order: it is the first of that person in its photo; nobody is never."""
    order = np.lexsort((np.arange(len(photos)), people, photos))
    again = (np.diff(photos[order], prepend=-1) == 0) & (np.diff(people[order], prepend=0) == 0)
    is_first = np.ones(len(photos), np.bool_)
    is_first[order[again]] = False
    found: Mask = is_first & (people != 0)
    return found


def _without(cosines: Vectors, weights: Vectors) -> Vectors:
    """Cosines of faces with the middles that they are part of, as if they were not; -1 where nobody else is."""
    finite = np.where(np.isfinite(weights), weights, 1)
    left = np.sqrt(np.maximum(finite**2 - 2 * cosines * finite + 1, 0))
    fresh = np.where(left > ALONE, (cosines * finite - 1) / np.maximum(left, ALONE), -1)
    return np.where(np.isfinite(weights), fresh, cosines).astype(np.float32)


def _several(rows: Rows, inside: npt.NDArray[np.intp]) -> Vectors:
    """Several middles of one person's faces: k-means on a sample of them."""
    rng = np.random.default_rng(_SEED)
    chosen = np.sort(rng.choice(inside, min(SAMPLE, len(inside)), replace=False))
    sample = unit(rows[chosen])
    count = min(MIDDLES_MAX, len(inside) // FACES_A_MIDDLE)
    centres = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(ROUNDS):
        centres = unit(summed(sample, (sample @ centres.T).argmax(axis=1), count))
    found: Vectors = centres[np.linalg.norm(centres, axis=1) > 0]
    return found
