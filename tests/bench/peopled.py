"""People in a synthetic library: three hundred, the first in six photos of a hundred, most of them in a few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from photofsd.records import Face
from photofsd.store import changes, faces, people
from photofsd.store.env import Store
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, ClusterId, FaceId
from tests.bench.synthetic import BATCH, KEPT_CHANGES

PEOPLE = 300
FAVOURITE = "Alice"
FAVOURITE_SHARE = 0.06
FEWEST = 30
MODEL = "synthetic"


def put_people(store: Store, photos: Sequence[int]) -> None:
    """Give some of the photos faces, and the faces to people: FAVOURITE, and those whose names are numbers."""
    chance = np.random.default_rng(7)
    own = [
        chance.choice(len(photos), max(FEWEST, int(len(photos) * FAVOURITE_SHARE / (rank + 1) ** 2)), replace=False)
        for rank in range(PEOPLE)
    ]
    at = np.concatenate(own)
    who = np.repeat(np.arange(PEOPLE), list(map(len, own)))
    order = np.argsort(at, kind="stable")
    bounds = np.flatnonzero(np.diff(at[order], prepend=-1, append=len(photos)))
    with store.write() as txn:
        clusters = [_somebody(txn, rank) for rank in range(PEOPLE)]
    for first in range(0, len(bounds) - 1, BATCH):
        with store.write() as txn:
            for begin, end in zip(bounds[first : first + BATCH], bounds[first + 1 :], strict=False):
                some = order[begin:end]
                _put(txn, AssetId(photos[at[some[0]]]), [clusters[rank] for rank in who[some]])
            changes.trim(txn, KEPT_CHANGES)


def _somebody(txn: WriteTransaction, rank: int) -> ClusterId:
    name = f"Somebody {rank}" if rank else FAVOURITE
    return people.new_cluster(txn, people.new_person(txn, name.encode()))


def _put(txn: WriteTransaction, photo: AssetId, clusters: Sequence[ClusterId]) -> None:
    first = faces.reserve(txn, len(clusters))
    width = 1 / (len(clusters) + 1)
    found = [Face(FaceId(first + i), i * width, 0.3, 0.9 * width, 0.2, px=100) for i in range(len(clusters))]
    faces.keep(txn, photo, MODEL, found)
    for face, cluster in zip(found, clusters, strict=True):
        faces.place(txn, face.id, cluster)
