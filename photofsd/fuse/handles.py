"""What clients hold open: snapshots of folders, files, texts as they were when opened."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Generic, TypeVar

from photofsd.fuse.content import LibraryFile
from photofsd.fuse.inode_table import KnownFolder
from photofsd.fuse.offloop import OffLoop
from photofsd.vtree.node import Listing

_T = TypeVar("_T")


@dataclasses.dataclass(slots=True)
class OpenFolder:
    """A folder as it was when it was opened, or last read from its start; `parent` is the inode of `..`.

    known: the folder itself, which may be renamed meanwhile.
    """

    known: KnownFolder
    parent: int
    listing: Listing
    is_begun: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class OpenFile:
    """An original, or a rendition of one, that is being read; `work` is where its disk may be waited for."""

    inode: int
    file: LibraryFile
    work: OffLoop


@dataclasses.dataclass(frozen=True, slots=True)
class OpenText:
    """A text file as it was rendered when opened."""

    inode: int
    content: bytes


class Handles(Generic[_T]):
    """Numbers for open things. A number is never given twice."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, _T] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, item: _T) -> int:
        """Return the number of a newly opened thing."""
        number = next(self._numbers)
        self._open[number] = item
        return number

    def get(self, number: int) -> _T:
        """The open thing with that number."""
        return self._open[number]

    def remove(self, number: int) -> _T:
        """Forget an open thing and return it."""
        return self._open.pop(number)


class OpenTexts:
    """The texts that are open, so that a stat() beside a read() tells the size of what is read."""

    def __init__(self) -> None:
        self._contents: dict[int, list[bytes]] = {}

    def opened(self, text: OpenText) -> None:
        """Note a newly opened text."""
        self._contents.setdefault(text.inode, []).append(text.content)

    def closed(self, text: OpenText) -> None:
        """Note that a text was closed."""
        contents = self._contents[text.inode]
        contents.remove(text.content)
        if not contents:
            del self._contents[text.inode]

    def latest(self, inode: int) -> bytes | None:
        """The content that was opened last and still is; None when nobody has it open."""
        contents = self._contents.get(inode)
        return contents[-1] if contents else None
