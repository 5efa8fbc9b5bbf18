"""Groups: a family around its best copy; one that is drawn out further than that is cut, around several.

Why not families as they are: A is like B, B like C ... and Z nothing like A any more. Why not only what is near to the
best copy: the shots of one burst, of which each is near to the next, belong together. See docs/decisions.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from photofsd.index.families import Hashes, Places

REACH_BITS: Final = 16
"""How far from the best copy a group reaches: a quarter of the bits. What has nothing in common is 32 apart."""

_NOBODY: Final = -1


def heads(hashes: Hashes) -> Places:
    """The best copy of the group of each hash, as its place.

    hashes: uint64[n], n >= 2, of one family, the best copy first. No group is of one alone.
    The best takes all within REACH_BITS of it, of the others again the best, and so on; a hash that then is alone goes
    where the nearest one is (NEAR_BITS away, as they are of one family).
    """
    found: Places = np.full(hashes.size, _NOBODY)
    while (rest := np.flatnonzero(found == _NOBODY)).size:
        is_reached = np.bitwise_count(hashes[rest] ^ hashes[rest[0]]) <= REACH_BITS
        found[rest[is_reached]] = rest[0]
    alone = np.flatnonzero(np.bincount(found, minlength=hashes.size) == 1)
    joined = found.copy()
    for one in alone.tolist():
        apart = np.bitwise_count(hashes ^ hashes[one])
        apart[one] = np.iinfo(apart.dtype).max
        joined[one] = found[np.argmin(apart)]
    return joined
