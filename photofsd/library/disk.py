"""The system calls by which a library is looked at, in one place: nothing here can write, tests make them fail."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final

GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
"""What a path says that leads nowhere (any more)."""


class Disk:
    """The real thing. Every call may raise OSError, and may take as long as a NAS takes."""

    def stat(self, path: bytes) -> os.stat_result:
        """The status of a file; follows a symbolic link (a library folder may be one, nothing in it)."""
        return os.stat(path)

    def lstat(self, path: bytes) -> os.stat_result:
        """The status of a file or of a symbolic link itself."""
        return os.lstat(path)

    def find(self, path: bytes) -> os.stat_result | None:
        """As `lstat`, None where there is nothing of that name. Raises OSError where that cannot be told."""
        try:
            return self.lstat(path)
        except OSError as error:
            if error.errno in GONE:
                return None
            raise

    def entries(self, folder: bytes) -> AbstractContextManager[Iterator[os.DirEntry[bytes]]]:
        """The entries of a folder, one open file as long as the context is."""
        return os.scandir(folder)

    def identity(self, folder: bytes) -> int:
        """A number, never 0, that tells the file system and the folder apart from what is there without the mount.

        f_fsid outlives a reboot where a file system has one; st_dev stands in where it says 0 (NFS, FUSE).
        """
        status = os.stat(folder)
        file_system = os.statvfs(folder).f_fsid or status.st_dev
        digest = hashlib.blake2b(b"%d:%d" % (file_system, status.st_ino), digest_size=8).digest()
        return int.from_bytes(digest, "big") or 1
