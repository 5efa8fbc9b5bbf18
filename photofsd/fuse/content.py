"""The files behind the tree as they are read: opened read-only, leaving no trace, and never waited for in the loop."""

from __future__ import annotations

import enum
import errno
import os
import stat
from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple

from photofsd.display import shown
from photofsd.errors import FileUnreadable

TRUSTED_MAX: Final = 100_000
"""Inodes whose content in the kernel's cache is vouched for; beyond that the oldest are read again."""

# NONBLOCK: something may have put a FIFO there since the scan. NOFOLLOW: or a symbolic link to what only we may read.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Stamp(NamedTuple):
    """Which content a file had when it was opened: a file with the same stamp holds the same bytes."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class LibraryFile:
    """An open original or rendition. Closes itself when dropped: its client may have stopped waiting for it."""

    __slots__ = ("_fd", "_knows_nowait", "stamp")

    def __init__(self, fd: int, stamp: Stamp) -> None:
        self._fd = fd
        self._knows_nowait = True
        self.stamp = stamp

    @classmethod
    def of(cls, fd: int) -> LibraryFile:
        """The open file with that descriptor, from now on its to close."""
        return cls(fd, _stamp(fd))

    def read_cached(self, offset: int, size: int) -> bytearray | None:
        """Return what is to be read if it is in memory, without waiting for the disk; otherwise None."""
        if not self._knows_nowait:
            return None
        buffer = bytearray(size)
        try:
            count = os.preadv(self._fd, [buffer], offset, os.RWF_NOWAIT)
        except OSError as error:
            # Some file systems (tmpfs, network ones) do not know the flag, and will not learn it. A real error is met
            # again, and reported, by the read that waits.
            self._knows_nowait = error.errno == errno.EAGAIN
            return None
        if count < size and offset + count < self.stamp.size:
            return None
        del buffer[count:]
        return buffer

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, fewer only at the end. May wait for as long as the disk takes."""
        first = os.pread(self._fd, size, offset)
        if len(first) in {0, size}:
            return first
        pieces = [first]
        missing = size - len(first)
        while missing and (piece := os.pread(self._fd, missing, offset + size - missing)):
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the file; a second time does nothing. May wait: SMB tells its server."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


def open_first(paths: Iterable[bytes], mount_point: bytes) -> LibraryFile:
    """Open the first of `paths` that is a regular file and can be opened; never one below `mount_point`.

    Raises what the first that failed did: OSError, FileUnreadable.
    """
    failure: OSError | FileUnreadable | None = None
    for path in paths:
        try:
            return _open(path, mount_point)
        except (OSError, FileUnreadable) as error:
            failure = failure or error
    raise failure or FileUnreadable("the library holds no file of this photo at the moment")


def is_below(path: bytes, folder: bytes) -> bool:
    """Claim: `path` is `folder` or lies in it, by its name alone."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def _open(path: bytes, mount_point: bytes) -> LibraryFile:
    if is_below(path, mount_point):
        raise FileUnreadable(f"{shown(path)} lies in the mount itself")
    try:
        fd = os.open(path, _FLAGS | os.O_NOATIME)
    except PermissionError:  # O_NOATIME is for the file's owner
        fd = os.open(path, _FLAGS)
    try:
        _require_regular(fd, path)
        return LibraryFile(fd, _stamp(fd))
    except BaseException:
        os.close(fd)
        raise


def _require_regular(fd: int, path: bytes) -> None:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise FileUnreadable(f"{shown(path)} is not a regular file any more")


def _stamp(fd: int) -> Stamp:
    status = os.fstat(fd)
    return Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class Caching(enum.Enum):
    """What the kernel may do with its cached pages of a file that is being opened."""

    KEEP = enum.auto()
    DROP = enum.auto()
    BYPASS = enum.auto()


class PageTrust:
    """Whether the kernel's cached pages of an inode are the content that is being opened.

    Pages are shared by all handles of an inode and fetched through whichever handle reads. They can be trusted when
    they were all fetched under one stamp, so:
    - an inode with the stamp that was trusted last keeps its pages;
    - with another stamp its pages are dropped, and that stamp is trusted from then on;
    - while a handle with another stamp is open, that one may fetch old pages at any time: the new handle reads past
      the cache, and nothing is trusted.
    """

    def __init__(self) -> None:
        self._trusted: OrderedDict[int, Stamp] = OrderedDict()
        self._open: dict[int, Counter[Stamp]] = {}

    def opened(self, inode: int, stamp: Stamp, shown_size: int) -> Caching:
        """Note a new handle and say what it may do; `shown_size` is what stat() says, past which no page is read."""
        handles = self._open.setdefault(inode, Counter())
        is_mixed = any(other != stamp for other in handles)
        handles[stamp] += 1
        if is_mixed or stamp.size != shown_size:
            self._trusted.pop(inode, None)
            return Caching.BYPASS
        if self._trusted.get(inode) == stamp:
            self._trusted.move_to_end(inode)
            return Caching.KEEP
        self._trusted[inode] = stamp
        if len(self._trusted) > TRUSTED_MAX:
            self._trusted.popitem(last=False)
        return Caching.DROP

    def closed(self, inode: int, stamp: Stamp) -> None:
        """Note that a handle was closed."""
        handles = self._open[inode]
        handles[stamp] -= 1
        if not handles[stamp]:
            del handles[stamp]
        if not handles:
            del self._open[inode]

    def forgotten(self, inode: int) -> None:
        """Note that the kernel dropped the inode, and its pages with it."""
        self._trusted.pop(inode, None)
