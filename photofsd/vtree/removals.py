"""A burst of removals is taken back: `rm -r` of a person would say of each photo that it shows somebody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from photofsd.errors import NotPermitted

AT_MOST: Final = 50
"""Removals that may follow each other closely. Somebody who selects more of them by hand is better served by the folder
as a whole: it can be hidden, merged, and each of that is undone at once."""

WITHIN_S: Final = 2.0


class Removals:
    """Lets removals through one by one; of more than AT_MOST that come close together, none stays done.

    A burst lasts for as long as one removal comes within WITHIN_S of the end of the one before, those that are refused
    included. Changes of the tree come one at a time, and so do these calls.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest_s = -WITHIN_S
        self._done: list[int] = []
        self._count = 0

    def take(self, what: str, remove: Callable[[], Sequence[int]], undo: Callable[[Sequence[int]], None]) -> None:
        """Remove something, or refuse to.

        what:   for the message. remove: returns the numbers of the journal's entries that say it. undo: takes back what
                the entries with these numbers have said.
        Raises NotPermitted, and what `remove` and `undo` raise.
        """
        if self._clock() - self._latest_s > WITHIN_S:
            self._done, self._count = [], 0
        self._count += 1
        try:
            if self._count > AT_MOST:
                self._refuse(what, undo)
            self._done += remove()
        finally:
            self._latest_s = self._clock()

    def _refuse(self, what: str, undo: Callable[[Sequence[int]], None]) -> None:
        if self._done:
            undo(self._done)
            self._done = []
        raise NotPermitted(
            f"{what} was not removed, nor anything that was removed right before: more than {AT_MOST} removals in a "
            "row look like rm -r, which would say of every photo that it shows somebody else. To have a person out of "
            "sight, move the folder to /people/hidden"
        )
