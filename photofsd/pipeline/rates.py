"""How fast a stage is, and how often it has to try again: counts over the last minute."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

WINDOW_S = 60


class Rates:
    """Counts by whole seconds; memory is bounded by the window. One thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: defaultdict[str, deque[tuple[int, int]]] = defaultdict(lambda: deque(maxlen=WINDOW_S))

    def count(self, name: str, amount: int = 1) -> None:
        """`amount` of `name` have been done now."""
        if not amount:
            return
        second = int(self._clock())
        counts = self._counts[name]
        if counts and counts[-1][0] == second:
            amount += counts.pop()[1]
        counts.append((second, amount))

    def per_s(self, name: str) -> float:
        """How many of `name` were done a second, since the first in the window."""
        now = self._clock()
        recent = [(second, amount) for second, amount in self._counts[name] if second > now - WINDOW_S]
        if not recent:
            return 0.0
        return sum(amount for _, amount in recent) / max(1.0, now - recent[0][0])

    def last_minute(self, name: str) -> int:
        """How many of `name` there were in the window."""
        now = self._clock()
        return sum(amount for second, amount in self._counts[name] if second > now - WINDOW_S)


class Pace:
    """The rates of all stages. done: results that came home; retried: jobs that were tried once more."""

    def __init__(self) -> None:
        self.done = Rates()
        self.retried = Rates()
