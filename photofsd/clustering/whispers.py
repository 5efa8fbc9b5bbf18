"""Chinese whispers: every face takes the label that its neighbours say loudest, until hardly any changes.

Biemann 2006. Faces take their turns in an order that is drawn for every round; those of a turn decide together, which
is as good as one by one and a hundred times faster. (In the same order two of one turn would exchange labels for ever.)
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

ROUNDS_MAX: Final = 30
TURNS: Final = 16
TURN_MAX: Final = 65_536
"""Faces in a turn at most: what a turn needs of memory."""

SETTLED: Final = 1e-4
"""Share of faces that still change when it ends."""

_SEED: Final = 6

Labels = npt.NDArray[np.int32]
Graph = Any
"""scipy.sparse.csr_array of float32[n, n], symmetric, above 0: how loud two faces are to each other."""


def whispered(graph: Graph, labels: Labels, free: npt.NDArray[np.bool_]) -> Labels:
    """The labels of n faces that began with `labels`; only those that are `free` change theirs.

    labels: int32[n], >= 0; those of faces that are to say nothing are -1.
    """
    labels = labels.copy()
    movable = np.flatnonzero(free & (np.diff(graph.indptr) > 0))
    turns = max(1, min(len(movable), max(TURNS, -(-len(movable) // TURN_MAX))))
    rng = np.random.default_rng(_SEED)
    for _ in range(ROUNDS_MAX):
        changed = 0
        for turn in np.array_split(rng.permutation(movable), turns):
            heard = _loudest(graph, turn, labels)
            changed += int(np.count_nonzero(labels[turn] != heard))
            labels[turn] = heard
        if changed <= SETTLED * len(labels):
            break
    return labels


def _loudest(graph: Graph, turn: npt.NDArray[np.intp], labels: Labels) -> Labels:
    """The label that each face of a turn hears loudest; its own where no other is louder."""
    rows = graph[turn]
    said = labels[rows.indices]
    who = np.repeat(np.arange(len(turn)), np.diff(rows.indptr))
    speaks = said >= 0
    key = who[speaks].astype(np.int64) << 32 | said[speaks]
    order = np.argsort(key, kind="stable")
    key, volume = key[order], rows.data[speaks][order]
    heard = labels[turn].copy()
    if not key.size:
        return heard
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    who, label = key[starts] >> 32, (key[starts] & 0xFFFFFFFF).astype(np.int32)
    total = np.add.reduceat(volume, starts)
    total = np.where(label == heard[who], total * (1 + 1e-6), total)
    best = np.lexsort((label, total, who))
    last = np.flatnonzero(np.diff(who[best], append=len(turn)))
    heard[who[best][last]] = label[best][last]
    return heard
