"""Reading one folder: its photos, in chunks, and its sub-folders. What the rules leave out is not looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from photofsd.library.disk import Disk
from photofsd.library.rules import Names, Rules
from photofsd.store.paths import FileStat
from photofsd.types import Kind

CHUNK: Final = 1000
"""Files that are held at once: a folder may have a million."""


class Found(NamedTuple):
    """A file that lies in a folder."""

    name: bytes
    stat: FileStat
    ctime_ns: int
    kind: Kind


class Listing:
    """One reading of a folder; `folders` and `troubles` are complete when `chunks` has come to its end.

    folders:  names of the sub-folders to be looked into.
    troubles: entries that are there but cannot be looked at, and why.
    Symbolic links, devices, sockets and pipes are left out: a link's target is found where it lies, or not ours.
    """

    def __init__(self, disk: Disk, rules: Rules, path: bytes, names: Names) -> None:
        self._disk = disk
        self._rules = rules
        self._path = path
        self._names = names
        self.folders: list[bytes] = []
        self.troubles: list[tuple[bytes, OSError]] = []

    def chunks(self) -> Iterator[list[Found]]:
        """The files, up to CHUNK at a time, in the order of the file system. Raises OSError."""
        chunk: list[Found] = []
        with self._disk.entries(self._path) as entries:
            for entry in entries:
                found = self._look_at(entry)
                if found is not None:
                    chunk.append(found)
                if len(chunk) >= CHUNK:
                    yield chunk
                    chunk = []
        yield chunk

    def _look_at(self, entry: os.DirEntry[bytes]) -> Found | None:
        try:
            if entry.is_dir(follow_symlinks=False):
                if self._rules.enters((*self._names, entry.name)):
                    self.folders.append(entry.name)
                return None
            kind = self._rules.kind_of(self._names, entry.name)
            if kind is None or not entry.is_file(follow_symlinks=False):
                return None
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # it went while we were reading
            return None
        except OSError as error:
            self.troubles.append((entry.name, error))
            return None
        stat = FileStat(status.st_size, status.st_mtime_ns, status.st_ino)
        return Found(entry.name, stat, status.st_ctime_ns, kind)
