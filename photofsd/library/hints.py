"""Folders that something has happened in, gathered until it has been quiet for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FOLDERS_MAX: Final = 500
"""More dirty folders than this are everything: a scan by folder mtimes is quick then."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What may have changed. folders: absolute paths, for `Scanner.scan(folders=...)`; None = anything."""

    library: bytes
    folders: frozenset[bytes] | None


class Dirt:
    """What has happened in one library folder since it was last taken. Noted in one thread, taken in another.

    wake: called, in the noting thread, for the first note after a `take`.
    """

    def __init__(self, library: bytes, wake: Callable[[], None], clock: Callable[[], float]) -> None:
        self._library = library
        self._wake = wake
        self._clock = clock
        self._lock = threading.Lock()
        self._folders: set[bytes] = set()
        self._is_everything = False
        self._last = 0.0

    @property
    def last(self) -> float:
        """When something last happened."""
        return self._last

    def note(self, folder: bytes) -> None:
        """Something has happened in `folder` (absolute path)."""
        with self._lock:
            was_clean = not self
            self._last = self._clock()
            if not self._is_everything:
                self._folders.add(folder)
            if len(self._folders) > FOLDERS_MAX:
                self._folders.clear()
                self._is_everything = True
        if was_clean:
            self._wake()

    def note_everything(self) -> None:
        """Something has happened and nobody knows where."""
        with self._lock:
            was_clean = not self
            self._last = self._clock()
            self._folders.clear()
            self._is_everything = True
        if was_clean:
            self._wake()

    def __bool__(self) -> bool:
        return self._is_everything or bool(self._folders)

    def take(self) -> Hint | None:
        """What has happened since the last call; None = nothing."""
        with self._lock:
            if not self:
                return None
            hint = Hint(self._library, None if self._is_everything else frozenset(self._folders))
            self._folders.clear()
            self._is_everything = False
        return hint
