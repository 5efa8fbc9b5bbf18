"""The generated folders and text files that the kernel knows now. Photos need no table: see vtree/inodes.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from photofsd.vtree.inodes import FOLDER, ROOT, folder_inode
from photofsd.vtree.node import Directory, TextFile

LISTED_MAX: Final = 32
"""Folders remembered as listed lately: those that a window may be showing."""

_HASH_BITS: Final = FOLDER - 1


@dataclasses.dataclass(slots=True)
class Known:
    """What the kernel holds an inode of.

    path:    in the tree, b"" for the root, b"/by-date" ...
    lookups: how many times the kernel was told of it and has not forgotten.
    """

    inode: int
    path: bytes
    lookups: int


@dataclasses.dataclass(slots=True)
class KnownFolder(Known):
    """A folder.

    working:  its requests that are off the loop, during which the kernel may hold its lock.
    is_other: it stands for something else than when the kernel was told of what is in it.
    is_gone:  watchers have been told that it went; somebody still holds it.
    """

    node: Directory
    working: int = 0
    is_other: bool = False
    is_gone: bool = False

    def renew(self, node: Directory | TextFile) -> bool:
        """Take the node that the tree has there now. Claim: it still is a folder."""
        if isinstance(node, TextFile):
            return False
        self.is_other |= self.node.subject != node.subject
        self.node = node
        return True

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a request for it as off the loop while the context lasts."""
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1


@dataclasses.dataclass(slots=True)
class KnownText(Known):
    """A text file."""

    node: TextFile

    def renew(self, node: Directory | TextFile) -> bool:
        """Take the node that the tree has there now. Claim: it still is a text file."""
        if not isinstance(node, TextFile):
            return False
        self.node = node
        return True


class InodeTable:
    """Which inode stands for which path, as long as the kernel knows it.

    Two paths whose hashes collide get different inodes for as long as both are known: the later one takes the next
    free number, and keeps it.
    """

    def __init__(self, root: Directory, inode_of: Callable[[bytes], int] = folder_inode) -> None:
        self._inode_of = inode_of
        self._known: dict[int, KnownFolder | KnownText] = {ROOT: KnownFolder(ROOT, b"", 1, root)}
        self._displaced: dict[bytes, int] = {}
        self._listed: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, inode: int) -> KnownFolder | KnownText | None:
        """What the kernel knows under `inode`."""
        return self._known.get(inode)

    def folder(self, inode: int) -> KnownFolder | None:
        """The folder that the kernel knows under `inode`."""
        known = self._known.get(inode)
        return known if isinstance(known, KnownFolder) else None

    def inode(self, path: bytes) -> int:
        """The inode that `path` has, or would get if the kernel were told of it now."""
        if path in self._displaced:
            return self._displaced[path]
        inode = self._inode_of(path)
        while (holder := self._known.get(inode)) is not None and holder.path != path:
            inode = FOLDER | ((inode + 1) & _HASH_BITS)
        return inode

    def told(self, path: bytes, node: Directory | TextFile) -> KnownFolder | KnownText:
        """Note that the kernel is told once more of `path`, which holds `node` now."""
        inode = self.inode(path)
        known = self._known.get(inode)
        if known is None or not known.renew(node):
            known = self._known[inode] = _known_as(node, inode, path, 0 if known is None else known.lookups)
            if inode != self._inode_of(path):
                self._displaced[path] = inode
        known.lookups += 1
        return known

    def forget(self, inode: int, lookups: int) -> None:
        """Note that the kernel forgot `lookups` tellings; photos are not here and do not count."""
        known = self._known.get(inode)
        if known is None or inode == ROOT:
            return
        known.lookups -= lookups
        if known.lookups <= 0:
            del self._known[inode]
            self._leave(known)
            self._listed.pop(inode, None)

    def moved(self, old: bytes, new: bytes) -> None:
        """Note that the folder at `old` is at `new` now, with all that is below it.

        The kernel has moved its entry, so it goes on under the inode that whoever works in it holds. What was at `new`
        keeps its own inode for those who hold that, and no path leads there any more.
        """
        below = old + b"/"
        for known in [known for known in self._known.values() if (known.path + b"/").startswith(below)]:
            self._leave(known)
            known.path = new + known.path[len(old) :]
            self._displaced[known.path] = known.inode

    def _leave(self, known: Known) -> None:
        """Let the path of `known` go, where no other has taken it over."""
        if self._displaced.get(known.path) == known.inode:
            del self._displaced[known.path]

    def at(self, path: bytes) -> KnownFolder | None:
        """The folder that the kernel knows at `path`."""
        known = self.folder(self.inode(path))
        return known if known is not None and known.path == path else None

    def parent(self, path: bytes) -> KnownFolder | None:
        """The folder that holds `path`; the root is its own parent."""
        return self.folder(self.inode(path.rpartition(b"/")[0]))

    def listed(self, inode: int) -> None:
        """Note that the folder with that inode is being listed."""
        self._listed.pop(inode, None)
        self._listed[inode] = None
        if len(self._listed) > LISTED_MAX:
            del self._listed[next(iter(self._listed))]

    def folders(self) -> list[KnownFolder]:
        """The known folders, those listed last first. Safe to call beside the loop."""
        lately = self.listed_lately()
        latest = {known.inode for known in lately}
        rest = (self.folder(inode) for inode in tuple(self._known) if inode not in latest)
        return [*lately, *filter(None, rest)]

    def listed_lately(self) -> list[KnownFolder]:
        """The folders that were listed last, latest first. Safe to call beside the loop."""
        return [known for inode in reversed(tuple(self._listed)) if (known := self.folder(inode)) is not None]


def _known_as(node: Directory | TextFile, inode: int, path: bytes, lookups: int) -> KnownFolder | KnownText:
    if isinstance(node, TextFile):
        return KnownText(inode, path, lookups, node)
    return KnownFolder(inode, path, lookups, node)
