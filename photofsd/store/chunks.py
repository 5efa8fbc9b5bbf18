"""Chunks of facets that were asked for lately, kept as long as the store does not change.

Whether a photo is in a folder is asked for every photo that a program names, and nearly always of the same few chunks.
"""

from __future__ import annotations

from pyroaring import BitMap

MOST = 256
"""Chunks that are kept; each has 8 kB at most."""


class Chunks:
    """Bitmaps by key, None = there is none, all of one state of the store. Any thread may ask; none changes them."""

    def __init__(self) -> None:
        self._latest: tuple[int, dict[bytes, BitMap | None]] = (-1, {})

    def of(self, state: int) -> dict[bytes, BitMap | None]:
        """What is kept of a state of the store, for the caller to add to.

        state: the id of the last transaction whose changes are seen.
        """
        known_state, bitmaps = self._latest
        if known_state != state or len(bitmaps) >= MOST:
            bitmaps = {}
            self._latest = (state, bitmaps)
        return bitmaps
