"""Best first, without looking at the photos one by one.

A photo's score is the sum, over the words asked for, of how rare the word is times how much the best field says in
which the photo has it. So photos that have the same words in the same fields are equally good, and the answer is a
list of groups of photos, not of photos. The groups are found best first by splitting the set of all results word by
word, always the part that can still become best (A*): the cost is that of the groups that are listed, not of the
photos that match.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence

from pyroaring import BitMap

from photofsd.query.words import HIGHEST_WEIGHT, Found

SCALE = 1000
"""Scores are whole numbers inside, so that equally good is equal."""

Gains = list[tuple[int, BitMap]]
"""What a photo gains from one word, highest first; no photo is in two of the sets."""


def gains_of(found: Found, having: int, total: int) -> Gains:
    """What each photo gains from a word that `having` photos have of the `total` of the library, by their fields."""
    rarity = rarity_of(having, total)
    taken = BitMap()
    gains: Gains = []
    for field, members in sorted(found, key=lambda pair: -pair[0].weight):
        share = members - taken
        taken |= members
        if share:
            gains.append((rarity * field.weight, share))
    return gains


def rarity_of(having: int, total: int) -> int:
    """How much a word says that `having` of `total` photos have: its inverse document frequency."""
    return round(SCALE * math.log2(1 + total / having)) if having else 0


def highest_gain(having: int, total: int) -> int:
    """What a word is worth at most."""
    return HIGHEST_WEIGHT * rarity_of(having, total)


def groups(members: BitMap, terms: Sequence[Gains]) -> Iterator[tuple[int, BitMap]]:
    """Split `members` into groups of equal score, best first; scores strictly fall."""
    terms = sorted(terms, key=_best, reverse=True)
    ahead = [sum(map(_best, terms[at:])) for at in range(len(terms) + 1)]
    order = itertools.count()
    # (minus the score that it can still reach, is split by every word, age, words it is split by, score, photos)
    heap = [(-ahead[0], not terms, next(order), 0, 0, members)] if members else []
    while heap:
        bound, is_done, _, depth, score, part = heapq.heappop(heap)
        if is_done:
            # What could reach the same score was split before, so its equals are on top of the heap.
            while heap and heap[0][0] == bound:
                part = part | heapq.heappop(heap)[-1]
            yield score, part
            continue
        for gain, share in _shares(part, terms[depth]):
            reached = score + gain
            entry = (-(reached + ahead[depth + 1]), depth + 1 == len(terms), next(order), depth + 1, reached, share)
            heapq.heappush(heap, entry)


def _best(gains: Gains) -> int:
    return gains[0][0] if gains else 0


def _shares(part: BitMap, gains: Gains) -> Iterator[tuple[int, BitMap]]:
    for gain, having in gains:
        share = part & having
        part = part - share
        if share:
            yield gain, share
    if part:
        yield 0, part
