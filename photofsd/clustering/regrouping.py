"""The periodic pass: all faces are grouped anew, the groups vote whose they are, what is left joins who is close.

Nothing of it depends on who was put where by the machine, but for the votes: so passing twice moves nobody.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from photofsd.clustering.forming import SMALLEST, Closeness, groups
from photofsd.clustering.joining import Middles, first_of_photo, joined
from photofsd.clustering.votes import Known, People, voted

ROUNDS_MAX: Final = 20
MUCH: Final = 200_000_000
"""Faces that wait times looks of people, from which on one round of joining must do: each takes minutes."""


class Outcome(NamedTuple):
    """Whose every face is, int64[n] (0 = nobody, below 0 = somebody new); and whom it looks like, where nobody's."""

    people: People
    suggested: People


def regrouped(known: Known, closeness: Closeness) -> Outcome:
    """Whose every face is to be."""
    said = np.where(known.is_said, known.people, 0)
    labels = groups(known.rows, known.photos, said, closeness)
    people = voted(known, labels)
    people = _one_a_photo(known, people)
    people = _close_enough(known, people, closeness.join)
    who, counts = np.unique(people, return_counts=True)
    few = who[(who < 0) & (counts < SMALLEST)]
    people[np.isin(people, few)] = 0
    return _joined(known, people, closeness)


def _joined(known: Known, people: People, closeness: Closeness) -> Outcome:
    """The outcome when those who are nobody's have joined whom they are like, until nobody joins any more."""
    looks = Middles.of(known.rows, people)
    suggested: People = np.zeros(len(people), np.int64)
    for _ in range(ROUNDS_MAX):
        waiting = np.flatnonzero(people == 0)
        joins, nearly = joined(known, waiting, people, looks, closeness)
        people[waiting], suggested[:] = joins, 0
        suggested[waiting] = nearly
        grown = np.unique(joins[joins != 0])
        if not grown.size or waiting.size * looks.people.size > MUCH:
            break
        theirs = np.flatnonzero(np.isin(people, grown))
        looks = looks.renewed(grown, Middles.of(known.rows[theirs], people[theirs]))
    return Outcome(people, suggested)


def _one_a_photo(known: Known, people: People) -> People:
    """Of two faces of one photo that are one person's, the held one stays, else the one that was theirs, else one."""
    order = np.lexsort((known.people != people, ~known.held))
    is_first = np.zeros(len(people), np.bool_)
    is_first[order] = first_of_photo(known.photos[order], people[order])
    return np.where(is_first | known.held, people, 0)


def _close_enough(known: Known, people: People, join: float) -> People:
    """Whoever comes to somebody is as close to them as a new face must be, and closer than to whom the user refused.

    What is held, or stays with the user's people, need not be.
    """
    comes = (people != 0) & ~known.held & ~(known.is_said & (people == known.people))
    others = np.where(comes & (known.bars > -1), 0, people)
    cosines = Middles.of(known.rows, others).own(known.rows, people, others != 0)
    return np.where(comes & ((cosines < join) | (cosines <= known.bars)), 0, people)
