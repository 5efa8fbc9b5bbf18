"""Whose the clusters are: read from the store as a table by cluster id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from photofsd.clustering.forming import Mask
from photofsd.clustering.votes import People
from photofsd.records import Person
from photofsd.store import people

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class Owners:
    """The person of each cluster; who is said to be one person, who has a name."""

    def __init__(self, txn: ReadTransaction) -> None:
        rows = list(people.clusters(txn))
        self._whose: People = np.zeros(max((cluster for cluster, _ in rows), default=0) + 1, np.int64)
        for cluster, row in rows:
            self._whose[cluster] = row.person
        known = list(people.people(txn))
        self._said = np.array([person for person, found in known if _is_said(found)], np.int64)
        self._named = np.array([person for person, found in known if found.name and not found.is_hidden], np.int64)

    def are_same(self, other: Owners) -> bool:
        """Claim: every cluster is the same person's there."""
        return np.array_equal(self._whose, other._whose)

    def of(self, clusters: npt.NDArray[np.uint32]) -> People:
        """Whose these clusters are; 0 = nobody's, as that of a cluster that is not there (any more)."""
        return self._whose[np.where(clusters < len(self._whose), clusters, 0)]

    def are_said(self, whose: People) -> Mask:
        """Claim about each: somebody has said that this is one person; no vote takes that away."""
        return np.isin(whose, self._said)

    def are_named(self, whose: People) -> Mask:
        """Claim about each: they have a name and a folder under it."""
        return np.isin(whose, self._named)


def _is_said(found: Person) -> bool:
    """Claim: the user or a file has named them, hidden them, or put them together."""
    return bool(found.name or found.aliases or found.is_hidden or found.is_said or len(found.clusters) > 1)
