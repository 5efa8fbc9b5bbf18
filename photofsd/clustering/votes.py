"""Whose a group is: the faces in it vote, so that people outlive every grouping.

Somebody said to be one person (named, or put together by the user) keeps the groups in which their share is KEEPS, also
against a majority of somebody unknown. What is said of a face binds: those held by hand or by a file never move, and
the user's people lose no face to another of them unless next to nothing in that group is theirs.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from photofsd.clustering.forming import Mask, Photos, middles
from photofsd.clustering.neighbours import Rows
from photofsd.clustering.whispers import Labels

KEEPS: Final = 0.1
"""Share of the faces in a group that are somebody's, below which it is not theirs: it is somebody else, or new."""

CLEARLY: Final = 0.05
"""How much closer a face must be to one of two people in its group."""

People = npt.NDArray[np.int64]
"""int64[n]: the person of each face; 0 = nobody, below 0 = somebody new."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of n faces before they are grouped.

    rows: [n, dimension] of length 1. photos: the picture of each.
    people:  whose they are now. held: they never move, by hand or by a file. by_file: a file says so.
    is_said: whose they are now is said to be one person, by the user or a file.
    bars:    how close each must come to anybody, -1 = as any other: the user has refused somebody who is so close.
    """

    rows: Rows
    photos: Photos
    people: People
    held: Mask
    by_file: Mask
    is_said: Mask
    bars: npt.NDArray[np.float32]


def voted(known: Known, labels: Labels) -> People:
    """Whose every face is after it was grouped; 0 for faces that could be two people's, and for those in no group.

    But those of the user's people stay theirs where no group says otherwise.

    labels: the group of each face, -1 = none. A group that is nobody's becomes somebody new: -1, -2, ... by size.
    """
    found: People = np.where(known.held | (known.is_said & (labels < 0)), known.people, 0)
    count = int(labels.max(initial=-1)) + 1
    members = _members(labels, count)
    said = {group: _rivals(known, inside) for group, inside in enumerate(members)}
    taken = _kept(known, members, said)
    new = 0
    for group in sorted(range(count), key=lambda group: (-len(members[group]), group)):
        inside = members[group]
        if said[group]:
            found[inside] = _among(known, inside, said[group])
            continue
        person = taken.get(group, 0)
        if not person:
            new -= 1
            person = new
        found[inside] = np.where(_stays(known, inside), known.people[inside], person)
    return found


def _members(labels: Labels, count: int) -> list[npt.NDArray[np.intp]]:
    """The faces of each group."""
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(count + 1))
    return [order[start:end] for start, end in itertools.pairwise(ends)]


def _rivals(known: Known, inside: npt.NDArray[np.intp]) -> list[int]:
    """The people, said to be such, whose that group is."""
    people = known.people[inside]
    placed = np.count_nonzero(people)
    who, counts = np.unique(people[known.is_said[inside] & (people > 0)], return_counts=True)
    named_there = set(people[known.by_file[inside]].tolist())
    pairs = zip(who.tolist(), counts.tolist(), strict=True)
    return [person for person, votes in pairs if votes >= KEEPS * placed or person in named_there]


def _kept(known: Known, members: list[npt.NDArray[np.intp]], said: dict[int, list[int]]) -> dict[int, int]:
    """Which group keeps which of the people who are unknown: those with most of their faces first, each one group."""
    claims = []
    for group, inside in enumerate(members):
        people = known.people[inside]
        who, counts = np.unique(people[(people > 0) & ~known.is_said[inside]], return_counts=True)
        pairs = zip(who.tolist(), counts.tolist(), strict=True)
        enough = KEEPS * np.count_nonzero(people)
        claims += [(-votes, person, group) for person, votes in pairs if votes >= enough]
    kept: dict[int, int] = {}
    given: set[int] = set()
    for _, person, group in sorted(claims):
        if group not in kept and person not in given and not said[group]:
            kept[group] = person
            given.add(person)
    return kept


def _stays(known: Known, inside: npt.NDArray[np.intp]) -> Mask:
    """Claim about each face of a group: it is held, or one of the user's people who hold faces there has it."""
    holders = np.unique(known.people[inside][known.held[inside]])
    return known.held[inside] | (known.is_said[inside] & np.isin(known.people[inside], holders))


def _among(known: Known, inside: npt.NDArray[np.intp], rivals: list[int]) -> People:
    """Whose the faces of a group are that is `rivals`': theirs stay, the others go to who is clearly closest."""
    people = known.people[inside]
    stays = np.isin(people, rivals) | _stays(known, inside)
    if len(rivals) == 1:
        return np.where(stays, people, rivals[0])
    of = np.full(len(people), -1, np.int32)
    for number, person in enumerate(rivals):
        of[people == person] = number
    centres = middles(known.rows[inside], of)
    cosines = known.rows[inside].astype(np.float32) @ centres.T
    order = np.sort(cosines, axis=1)
    is_clear = order[:, -1] - order[:, -2] >= CLEARLY
    nearest = np.array(rivals)[cosines.argmax(axis=1)]
    rest = np.where(known.is_said[inside], 0, people)
    return np.where(stays, people, np.where(is_clear, nearest, rest))
