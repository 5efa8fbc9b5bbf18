"""One file of the library, opened read-only and read once: the digest, the parsers and the decoders share it.

A file of up to KEEP_BELOW bytes is read whole when something first asks for all of it, and kept in memory until it
is closed: one pass over the network, whatever the file system caches. A larger one (a video, a scan) is streamed,
and the parsers fetch the few blocks that they want.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import BinaryIO, Final, NoReturn, Self

from photofsd.display import shown
from photofsd.errors import FileChanged, FileUndecodable, FileUnreadable
from photofsd.media.span import Span

KEEP_BELOW: Final = 32 << 20
HEAD: Final = 64 << 10
BLOCK: Final = 1 << 20

_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK  # a fifo must not hold us up
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})


class Source:
    """An open library file; it is a context manager that gives the file back.

    path:     as the kernel gives it. sidecars: the files beside it that speak of it, most specific first.
    folder:   the path of its folder below the library, whose names may tell a date.
    stat:     as it was at opening.
    """

    def __init__(
        self, fd: int, path: bytes, status: os.stat_result, sidecars: Iterable[bytes] = (), folder: bytes = b""
    ) -> None:
        self._fd = fd
        self._head = b""
        self._content: bytes | None = None
        self.path = path
        self.stat = status
        self.sidecars = tuple(sidecars)
        self.folder = folder

    @classmethod
    def open(cls, path: bytes, sidecars: Iterable[bytes] = (), folder: bytes = b"") -> Source:
        """Open `path` without touching its access time, where that is allowed.

        Raises FileChanged (it is gone), FileUnreadable (the file system's trouble), FileUndecodable (no regular file).
        """
        fd = _open(path)
        source = cls(fd, path, os.fstat(fd), sidecars, folder)
        if stat.S_ISREG(source.stat.st_mode):
            return source
        source.close()
        raise FileUndecodable(f"{shown(path)} is no regular file")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back. A stream of a large file ends with it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._content = None

    @property
    def name(self) -> bytes:
        """The base name."""
        return self.path.rpartition(b"/")[2]

    @property
    def size(self) -> int:
        """Bytes, as at opening."""
        return self.stat.st_size

    @property
    def head(self) -> bytes:
        """The first HEAD bytes, or all of a shorter file."""
        if self._content is not None:
            return self._content[:HEAD]
        if not self._head:
            self._head = self._pread(0, min(HEAD, self.size))
        return self._head

    @property
    def span(self) -> Span:
        """The whole file for one parser, which may read so much and no more (see span.py)."""
        return Span.metered(self.read_at, self.size)

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`, fewer at the end. Raises FileUnreadable."""
        if self._content is not None:
            return self._content[offset : offset + size]
        if offset + size <= HEAD:
            return self.head[offset : offset + size]
        return self._pread(offset, size)

    def blocks(self) -> Iterator[bytes]:
        """Yield the content from the start: a small file whole, a large one a block at a time.

        Raises FileUnreadable, FileChanged.
        """
        if self.size <= KEEP_BELOW:
            yield self._whole()
            return
        for offset in range(0, self.size, BLOCK):
            wanted = min(BLOCK, self.size - offset)
            block = self._pread(offset, wanted)
            if len(block) != wanted:
                self._raise_changed()
            yield block

    def stream(self) -> BinaryIO:
        """The file as a seekable binary stream for decoders; it reads the disk only for a large file."""
        if self.size <= KEEP_BELOW:
            return io.BytesIO(self._whole())
        return open(self._fd, "rb", closefd=False)

    def verify_unchanged(self) -> None:
        """Raise FileChanged if the file was written to since it was opened."""
        try:
            now = os.fstat(self._fd)
        except OSError as error:
            _raise_unreadable(self.path, error)
        if (now.st_size, now.st_mtime_ns) != (self.stat.st_size, self.stat.st_mtime_ns):
            self._raise_changed()

    def _whole(self) -> bytes:
        if self._content is None:
            content = self._pread(0, self.size)
            if len(content) != self.size:
                self._raise_changed()
            self._content = content
        return self._content

    def _pread(self, offset: int, size: int) -> bytes:
        try:
            data = os.pread(self._fd, size, offset)
            while 0 < len(data) < size and (more := os.pread(self._fd, size - len(data), offset + len(data))):
                data += more
        except OSError as error:
            _raise_unreadable(self.path, error)
        return data

    def _raise_changed(self) -> NoReturn:
        raise FileChanged(f"{shown(self.path)} changed while it was read")


def _open(path: bytes) -> int:
    try:
        try:
            return os.open(path, _FLAGS | os.O_NOATIME)
        except PermissionError:  # somebody else's file: only its owner may leave the access time alone
            return os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _GONE:
            raise FileChanged(f"{shown(path)} is gone") from error
        if error.errno == errno.ENXIO:  # a socket, or a device without a driver
            raise FileUndecodable(f"{shown(path)} is no regular file") from error
        _raise_unreadable(path, error)


def _raise_unreadable(path: bytes, error: OSError) -> NoReturn:
    raise FileUnreadable(f"{shown(path)} cannot be read: {error.strerror}") from error
