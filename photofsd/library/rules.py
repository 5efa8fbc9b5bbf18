"""What of a library folder is looked at: decided by names alone, before anything is opened or listed.

A name is judged below its library folder, as bytes. Patterns come from the configuration as text; names that are no
UTF-8 are matched with their odd bytes as they are (surrogateescape), so a pattern can never fail on a name.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from photofsd.media.sniff import kind_of_name
from photofsd.types import Kind

Names: TypeAlias = tuple[bytes, ...]
"""The names from below a library folder down to a folder of it; empty = the library folder itself."""

_HIDDEN: Final = b"."
_ANY_DEPTH: Final = "**"


class Rules:
    """The rules of the library folders.

    prune:   globs over names of folders that are never entered. Hidden folders and files are never looked at.
    exclude: globs over a name ("*.tmp"), or over a path in the library folder ("scans/raw/*", "**/proofs/*.jpg");
             a folder that one fits is not entered.
    """

    def __init__(self, *, prune: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        by_path = [pattern for pattern in exclude if "/" in pattern]
        by_name = [pattern for pattern in exclude if "/" not in pattern]
        self._files = _any_of(by_name)
        self._folders = _any_of((*prune, *by_name))
        self._paths = tuple(_PathGlob(pattern) for pattern in by_path)

    def enters(self, names: Names) -> bool:
        """Claim: the folder is looked into, as far as its own name says; its parents are judged by themselves."""
        return not names or not self._refuses(names, self._folders)

    def enters_all(self, names: Names) -> bool:
        """Claim: the folder is looked into, and so are all of its parents."""
        return all(self.enters(names[:depth]) for depth in range(1, len(names) + 1))

    def kind_of(self, folder: Names, name: bytes) -> Kind | None:
        """What the file called `name` in `folder` is to us; None = not ours to look at."""
        kind = kind_of_name(name)
        if kind is None or self._refuses((*folder, name), self._files):
            return None
        return kind

    def _refuses(self, names: Names, globs: re.Pattern[str] | None) -> bool:
        name = names[-1]
        if name.startswith(_HIDDEN):
            return True
        if globs is not None and globs.match(_text(name)):
            return True
        return any(glob.fits(names) for glob in self._paths)


class _PathGlob:
    """A glob over a path in the library folder: each part fits one name, `**` any number of them."""

    def __init__(self, pattern: str) -> None:
        parts = (part for part in pattern.split("/") if part)
        self._parts = tuple(None if part == _ANY_DEPTH else re.compile(fnmatch.translate(part)) for part in parts)

    def fits(self, names: Names) -> bool:
        """Claim: the glob fits the whole path."""
        return _fits(tuple(map(_text, names)), self._parts)


def _fits(names: tuple[str, ...], parts: tuple[re.Pattern[str] | None, ...]) -> bool:
    if not parts:
        return not names
    first, rest = parts[0], parts[1:]
    if first is None:
        return any(_fits(names[skipped:], rest) for skipped in range(len(names) + 1))
    return bool(names) and first.match(names[0]) is not None and _fits(names[1:], rest)


def _any_of(globs: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for all of the globs; None where there are none."""
    patterns = [fnmatch.translate(glob) for glob in globs]
    return re.compile("|".join(patterns)) if patterns else None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
