"""Answers the daemon's requests: which faces are to move to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from photofsd.clustering.forming import Closeness, Mask, Photos, Places
from photofsd.clustering.joining import Middles, joined
from photofsd.clustering.messages import Done, Move, Moves, Progress, Setup
from photofsd.clustering.owners import Owners
from photofsd.clustering.regrouping import Outcome, regrouped
from photofsd.clustering.roll import Ids, Roll
from photofsd.clustering.votes import Known, People
from photofsd.clustering.weighing import Weight, weighed
from photofsd.config.schema import PeopleSettings
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.env import Store

MOVES_AT_ONCE: Final = 400

Say = Callable[[Moves | Progress], None]


class Clusterer:
    """The roll of all faces, and what people look like. One thread. Raises StoreError."""

    def __init__(self, store: Store, setup: Setup) -> None:
        self._store = store
        self._model = setup.model
        self._closeness = closeness(setup.people)
        self._roll = Roll(Path(setup.vectors), setup.model, setup.people)
        self._roll.read_all(store)
        with store.read() as txn:
            self._owners = Owners(txn)
        self._looks: Middles | None = None
        self._unsure: set[int] = set()
        self._unfit: str | None = None

    def look(self, photos: tuple[int, ...], say: Say) -> Done:
        """Read the faces of these photos again; those of them that wait join whom they are close to."""
        ids = self._read([AssetId(photo) for photo in photos])
        comparable = self._roll.comparable()
        known = self._roll.known(comparable, self._owners)
        waiting = np.flatnonzero(np.isin(comparable, ids) & (known.people == 0) & ~known.held)
        unfit = self._why_unfit(known) if waiting.size else ""
        if waiting.size and not unfit:
            joins, nearly = joined(known, waiting, known.people, self._known_looks(known), self._closeness)
            outcome = Outcome(known.people.copy(), np.zeros_like(known.people))
            outcome.people[waiting], outcome.suggested[waiting] = joins, nearly
            among = np.zeros(len(comparable), np.bool_)
            among[waiting] = True
            self._say_moves(comparable, known, outcome, among, say)
        return self._done(known.people, unfit)

    def regroup(self, say: Say) -> Done:
        """Group all faces anew."""
        ids = self._roll.comparable()
        say(Progress(f"grouping {len(ids):,} faces"))
        known = self._roll.known(ids, self._owners)
        self._unfit = None
        if unfit := self._why_unfit(known):
            return self._done(known.people, unfit)
        outcome = regrouped(known, self._closeness)
        self._looks = None
        self._say_moves(ids, known, outcome, ~known.held, say)
        return self._done(outcome.people)

    def _why_unfit(self, known: Known) -> str:
        """Why this model moves nobody; "" = it tells people apart. Looked at once, and before every grouping."""
        if self._unfit is None:
            weight = weighed(known, self._owners.are_named(known.people), self._closeness.join)
            self._unfit = "" if weight.is_enough else _unfit(self._model, weight)
        return self._unfit

    def _read(self, photos: list[AssetId]) -> Ids:
        """Read what has changed; the faces of these photos. People who gained or lost faces look otherwise now."""
        before = self._people_in(photos)
        with self._store.read() as txn:
            owners = Owners(txn)
            ids = self._roll.read(txn, photos)
        if not owners.are_same(self._owners):
            self._looks = None
        self._owners = owners
        self._unsure |= before | self._people_in(photos)
        return ids

    def _people_in(self, photos: list[AssetId]) -> set[int]:
        return set(self._owners.of(self._roll.clusters[np.isin(self._roll.photos, photos)]).tolist()) - {0}

    def _known_looks(self, known: Known) -> Middles:
        """What people look like now: worked out anew for those whose faces have changed."""
        if self._looks is None:
            self._looks = Middles.of(known.rows, known.people)
        elif self._unsure:
            unsure = np.array(sorted(self._unsure))
            theirs = np.flatnonzero(np.isin(known.people, unsure))
            self._looks = self._looks.renewed(unsure, Middles.of(known.rows[theirs], known.people[theirs]))
        self._unsure.clear()
        return self._looks

    def _say_moves(self, ids: Ids, known: Known, outcome: Outcome, among: Mask, say: Say) -> None:
        """Say what is other than before, photo by photo."""
        suggested = np.where(self._owners.are_named(outcome.suggested), outcome.suggested, 0)
        nearly = self._owners.of(self._roll.suggested[ids])
        moved = np.flatnonzero(among & ((outcome.people != known.people) | (suggested != nearly)))
        moved = moved[np.argsort(known.photos[moved], kind="stable")]
        for some in _whole_photos(moved, known.photos):
            rows = zip(
                ids[some].tolist(),
                self._roll.clusters[ids[some]].tolist(),
                outcome.people[some].tolist(),
                suggested[some].tolist(),
                strict=True,
            )
            say(Moves(tuple(Move(*row) for row in rows)))

    def _done(self, whose: People, unfit: str = "") -> Done:
        return Done(len(whose), int(np.count_nonzero(whose == 0)), unfit)


def _unfit(model: str, weight: Weight) -> str:
    return (
        f"{model} does not tell people apart: of the faces of {weight.people} people with a name, {weight.own:.0%} are "
        f"like their own person, {weight.others:.0%} like others. Choose another face model (models.faces), or the "
        "cosines of this one (people.join_cosine and its like)"
    )


def closeness(people: PeopleSettings) -> Closeness:
    """The cosines that the settings say."""
    return Closeness(
        link=people.link_cosine,
        dense=people.dense_cosine,
        merge=people.merge_cosine,
        join=people.join_cosine,
        suggest=people.suggest_cosine,
    )


def _whole_photos(faces: Places, photos: Photos) -> Iterator[Places]:
    """The faces, sorted by photo, in pieces that part no photo."""
    start = 0
    while start < len(faces):
        end = min(start + MOVES_AT_ONCE, len(faces))
        while end < len(faces) and photos[faces[end]] == photos[faces[end - 1]]:
            end += 1
        yield faces[start:end]
        start = end
