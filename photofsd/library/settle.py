"""When a new or changed file may be taken: once whoever writes it has let go of it.

A file whose last change (the later of mtime and ctime) is `settle_s` old has rested that long already and is taken at
the first look. A younger one is looked at again; it gets old by itself. Only a file that claims to come from the future
(a camera's or a server's clock) cannot be judged by its age: it must be seen twice, unchanged, `settle_s` apart.
Nothing reads a clock here; whoever looks says when.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

_NS: Final = 1_000_000_000
_FORGET_AFTER_NS: Final = 3600 * _NS
_CLEAR_EVERY_NS: Final = 60 * _NS


class Look(NamedTuple):
    """What stat() said of a file. Times in ns since 1970."""

    size: int
    mtime_ns: int
    ctime_ns: int


class _Seen(NamedTuple):
    look: Look
    since_ns: int
    last_ns: int


class Settler:
    """Remembers the files that must be seen twice.

    settle_s: how long a file must rest; 0 takes everything at once.
    capacity: files remembered at most. Beyond it no more are taken up until some of those have settled: the first
              ones seen are kept, so that each round of looks settles `capacity` files, however many there are.
    """

    def __init__(self, settle_s: float, *, capacity: int = 65_536) -> None:
        self._settle_ns = int(settle_s * _NS)
        self._capacity = capacity
        self._seen: dict[Hashable, _Seen] = {}
        self._cleared_ns = 0

    def __len__(self) -> int:
        return len(self._seen)

    def is_settled(self, file: Hashable, look: Look, now_ns: int) -> bool:
        """Claim: the file may be taken. Call it once at every look at a file that is new or has changed.

        file: whatever tells one file from another.
        """
        if not self._settle_ns:
            return True
        changed_ns = max(look.mtime_ns, look.ctime_ns)
        if changed_ns > now_ns:
            return self._seen_twice(file, look, now_ns)
        self._seen.pop(file, None)
        return changed_ns <= now_ns - self._settle_ns

    def _seen_twice(self, file: Hashable, look: Look, now_ns: int) -> bool:
        known = self._seen.get(file)
        if known is None or known.look != look or known.since_ns > now_ns:
            self._remember(file, _Seen(look, now_ns, now_ns))
            return False
        if now_ns - known.since_ns >= self._settle_ns:
            del self._seen[file]
            return True
        self._seen[file] = known._replace(last_ns=now_ns)
        return False

    def _remember(self, file: Hashable, seen: _Seen) -> None:
        if len(self._seen) >= self._capacity and abs(seen.last_ns - self._cleared_ns) > _CLEAR_EVERY_NS:
            self._forget_the_lost(seen.last_ns)
        if file in self._seen or len(self._seen) < self._capacity:
            self._seen[file] = seen

    def _forget_the_lost(self, now_ns: int) -> None:
        """Drop the files that nobody has looked at for an hour: they are gone."""
        lost = [file for file, seen in self._seen.items() if now_ns - seen.last_ns > _FORGET_AFTER_NS]
        for file in lost:
            del self._seen[file]
        self._cleared_ns = now_ns
