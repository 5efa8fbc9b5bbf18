"""A folder that has been renamed or moved is known again by its inode: one row changes, whatever is in it.

An inode number is used again after its folder has gone (ext4 does so at once), so it is only a hint: the folder must
also carry the modification time of its last listing, or hold at least half of what was known of it.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Final

from photofsd.library.disk import Disk
from photofsd.library.spelling import folded
from photofsd.store import paths
from photofsd.store.keys import storable_ns
from photofsd.types import DirId

if TYPE_CHECKING:
    from photofsd.records import DirRecord
    from photofsd.store.env import Store
    from photofsd.store.paths import PathRow
    from photofsd.store.transaction import ReadTransaction

SAMPLE: Final = 32
"""Known files, and as many folders, in a folder that are looked at to know it again."""


class Renames:
    """Finds the folder that an unknown one was before. One a scan: the known folders are read once, when needed."""

    def __init__(self, store: Store, disk: Disk, root: DirId) -> None:
        self._store = store
        self._disk = disk
        self._root = root
        self._by_inode: dict[int, list[DirId]] | None = None

    def former(self, path: bytes, status: os.stat_result) -> DirId | None:
        """The known folder that now lies at `path`; None where that one is new. Raises OSError.

        status: of `path`. The folder's former place must be empty, taken by another one, or another spelling of `path`.
        """
        if self._by_inode is None:
            with self._store.read() as txn:
                self._by_inode = _folders_by_inode(txn, self._root)
        for folder in self._by_inode.get(status.st_ino, ()):
            if self._is(folder, path, status):
                return folder
        return None

    def _is(self, folder: DirId, path: bytes, status: os.stat_result) -> bool:
        with self._store.read() as txn:
            record = paths.folder(txn, folder)
            if record is None or folder == self._root:
                return False
            former_path = paths.folder_path(txn, folder)
            sample = _sample(txn, folder)
        if former_path == path or (folded(former_path) != folded(path) and self._is_still_at(former_path, record)):
            return False
        return record.mtime_ns == storable_ns(status.st_mtime_ns) or self._holds(path, sample)

    def _is_still_at(self, path: bytes, record: DirRecord) -> bool:
        status = self._disk.find(path)
        return status is not None and status.st_ino == record.inode

    def _holds(self, path: bytes, sample: list[tuple[bytes, PathRow | None]]) -> bool:
        """Claim: at least half of the sample is in the folder; nothing known is nothing to know it by."""
        found = sum(self._is_there(os.path.join(path, name), row) for name, row in sample)
        return bool(sample) and found * 2 >= len(sample)

    def _is_there(self, path: bytes, row: PathRow | None) -> bool:
        status = self._disk.find(path)
        return status is not None and (
            row is None or (status.st_size, storable_ns(status.st_mtime_ns)) == (row.size, row.mtime_ns)
        )


def _folders_by_inode(txn: ReadTransaction, root: DirId) -> dict[int, list[DirId]]:
    found: dict[int, list[DirId]] = {}
    for folder in paths.folders_below(txn, root):
        record = paths.folder(txn, folder)
        if record is not None and record.inode:
            found.setdefault(record.inode, []).append(folder)
    return found


def _sample(txn: ReadTransaction, folder: DirId) -> list[tuple[bytes, PathRow | None]]:
    """Some of the known entries: files with their row, folders without."""
    return [
        *itertools.islice(paths.files_in(txn, folder), SAMPLE),
        *((name, None) for name, _ in itertools.islice(paths.children(txn, folder), SAMPLE)),
    ]
