"""Whether a model tells people apart: those who have a name are known, and must be to it what they are.

A model whose cosines are others than the settings', or mean nothing, gives faces to whoever has a name, and a better
one does not take them away again. So before anybody is moved, faces of those with a name are looked at as if new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from photofsd.clustering.forming import SMALLEST, Mask, Places
from photofsd.clustering.joining import QUERIES, Middles
from photofsd.clustering.neighbours import Vectors, unit
from photofsd.clustering.votes import Known, People

FACES_MAX: Final = 10_000
PEOPLE_MIN: Final = 2
PEOPLE_MAX: Final = 500
"""So many are looked at, of whoever has most faces: a second, however large the library."""

LIKE_MAX: Final = 3
LIKE_SHARE: Final = 0.25
"""Whom somebody may be like: so many of the others, and such a share. Siblings, twins, who has two names."""

TOLD_MIN: Final = 0.5
"""Share of faces that must be told apart. Good models: .95 to 1; bad ones: 0 to .05 (docs/decisions/0033)."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a model makes of the faces of people with a name; the shares are averages over the people.

    people, faces: looked at. own: the share that is as close to their own person as who joins; others: as close to
    more of the others than somebody may be like. told: of which the first is true, and not the second; 1 where nothing
    can be said.
    """

    people: int = 0
    faces: int = 0
    own: float = 1.0
    others: float = 0.0
    told: float = 1.0

    @property
    def is_enough(self) -> bool:
        """Claim: the model tells people apart, or nothing says that it does not."""
        return self.told >= TOLD_MIN


def weighed(known: Known, is_named: Mask, join: float) -> Weight:
    """What the faces of those who have a name say of the model. is_named: claim about the person of each face."""
    faces = _sample(np.where(is_named, known.people, 0))
    whose = known.people[faces]
    people = np.unique(whose)
    if len(people) < PEOPLE_MIN:
        return Weight()
    rows = unit(known.rows[faces])
    looks = Middles.of(rows, whose)
    is_own = looks.own(rows, whose, np.ones(len(faces), np.bool_)) >= join
    is_others = _alike(rows, whose, looks, join) > min(LIKE_MAX, LIKE_SHARE * (len(people) - 1))
    shares = [_by_person(claim, whose) for claim in (is_own, is_others, is_own & ~is_others)]
    return Weight(len(people), len(faces), *shares)


def _sample(people: People) -> Places:
    """Some faces of whoever has SMALLEST and more, evenly over all that they have; 0 is nobody."""
    order = np.argsort(people, kind="stable")
    who, starts, counts = np.unique(people[order], return_index=True, return_counts=True)
    chosen = np.flatnonzero((who > 0) & (counts >= SMALLEST))
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")[:PEOPLE_MAX]]
    each = max(SMALLEST, FACES_MAX // max(1, len(chosen)))
    found = [
        order[start + np.linspace(0, count - 1, min(each, count)).astype(np.intp)]
        for start, count in zip(starts[chosen].tolist(), counts[chosen].tolist(), strict=True)
    ]
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.intp)


def _alike(rows: Vectors, whose: People, looks: Middles, join: float) -> Places:
    """How many others each face is as close to as who joins them."""
    who, numbers = np.unique(looks.people, return_inverse=True)
    found = np.zeros(len(rows), np.intp)
    for start in range(0, len(rows), QUERIES):
        some = slice(start, start + QUERIES)
        is_close = np.zeros((len(whose[some]), len(who)), np.bool_)
        face, middle = np.nonzero((rows[some] @ looks.centres.T >= join) & (looks.people != whose[some][:, None]))
        is_close[face, numbers[middle]] = True
        found[some] = np.count_nonzero(is_close, axis=1)
    return found


def _by_person(claim: Mask, whose: People) -> float:
    """The share of faces that something is true of, averaged over the people."""
    numbers = np.unique(whose, return_inverse=True)[1]
    return float(np.mean(np.bincount(numbers, weights=claim) / np.bincount(numbers)))
