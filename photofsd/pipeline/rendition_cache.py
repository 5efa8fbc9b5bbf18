"""Renditions on disk: made again when they are gone, so they make way for whatever needs the room.

A file is complete from the moment that it has its name: it is written beside it, synced, and renamed. Its modification
time is when it was last wanted, to the hour, so that a restart knows which to let go first.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from photofsd.durable import unwritable

FREE_MIN_BYTES: Final = 256 << 20
"""Of the disk: below that, renditions go. The store needs it more."""

_UNFINISHED: Final = ".part"
_BLOCK_BYTES: Final = 512
_FRESH_S: Final = 3600.0
_SHARD_CHARS: Final = 2


class RenditionCache:
    """Files by key, in `folder`, of at most `limit_bytes` altogether; from any thread.

    Bytes are those that the disk holds: the zeros at a rendition's end take none.
    """

    def __init__(self, folder: Path, limit_bytes: int, *, free_min_bytes: int = FREE_MIN_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._free_min_bytes = free_min_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """Bytes on disk."""
        return sum(self._sizes.values())

    def load(self) -> None:
        """Find what an earlier daemon left; what it was writing is thrown away. Raises StoreError."""
        try:
            found = self._found()
        except OSError as error:
            raise unwritable(f"JPEGs for /jpeg in {self._folder}", error) from error
        with self._lock:
            self._sizes = OrderedDict((name, size) for _, name, size in sorted(found))
            self._evict()

    def _found(self) -> list[tuple[float, str, int]]:
        """When each file was wanted, its key, its bytes on disk."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = []
        for path in self._folder.glob("*/*"):
            status = path.stat()
            if path.suffix == _UNFINISHED:
                path.unlink()
            else:
                found.append((status.st_mtime, path.name, status.st_blocks * _BLOCK_BYTES))
        return found

    def open(self, key: str, size: int) -> int | None:
        """A descriptor of the file called `key`; None where there is none of that size."""
        with self._lock:
            try:
                fd = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:  # it is not there, or of no use
                self._sizes.pop(key, None)
                return None
            status = os.fstat(fd)
            if status.st_size != size:
                os.close(fd)
                self._drop(key)
                return None
            self._wanted(key, fd, status)
            return fd

    def keep(self, key: str, pieces: Sequence[bytes], size: int) -> int:
        """Write a file of `size` bytes, `pieces` and then zeros; return a descriptor of it.

        The descriptor stays good whatever happens to the file. Raises StoreFull where the disk is full even without
        all other renditions, StoreError.
        """
        try:
            return self._kept(key, pieces, size)
        except OSError as error:
            raise unwritable(f"JPEGs for /jpeg in {self._folder}", error) from error

    def _kept(self, key: str, pieces: Sequence[bytes], size: int) -> int:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._make_room(sum(map(len, pieces)))
        unfinished = path.with_suffix(f".{threading.get_ident()}{_UNFINISHED}")
        fd = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "wb", closefd=False) as file:
                file.writelines(pieces)
            os.ftruncate(fd, size)
            os.fsync(fd)
            with self._lock:
                unfinished.rename(path)
                self._wanted(key, fd, os.fstat(fd))
                self._evict()
        except BaseException:
            os.close(fd)
            unfinished.unlink(missing_ok=True)
            raise
        return fd

    def make_way(self) -> bool:
        """Let renditions go while the disk has less room than FREE_MIN_BYTES. Claim: it has as much now."""
        try:
            self._make_room(0)
        except OSError:
            return False
        return True

    def _make_room(self, wanted_bytes: int) -> None:
        with self._lock:
            while shutil.disk_usage(self._folder).free < self._free_min_bytes + wanted_bytes:
                if not self._sizes:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))
                self._drop(next(iter(self._sizes)))

    def _evict(self) -> None:
        """Drop the ones that were wanted least lately while there are too many. The lock is held."""
        used = self.used_bytes
        while used > self._limit_bytes and self._sizes:
            used -= self._drop(next(iter(self._sizes)))

    def _drop(self, key: str) -> int:
        """Drop a file; the bytes that it took. The lock is held."""
        self._path(key).unlink(missing_ok=True)
        return self._sizes.pop(key, 0)

    def _wanted(self, key: str, fd: int, status: os.stat_result) -> None:
        """Note that a file is wanted now. The lock is held."""
        now = time.time()
        if now - status.st_mtime > _FRESH_S:
            os.utime(fd, (now, now))
        self._sizes[key] = status.st_blocks * _BLOCK_BYTES
        self._sizes.move_to_end(key)

    def _path(self, key: str) -> Path:
        return self._folder / key[:_SHARD_CHARS] / key
