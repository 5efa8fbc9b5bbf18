"""Library folders that are no longer configured: their photos leave the views, and come back as they were with them.

What hangs on a photo (its id, view name, tags, people) stays in the store by its content, so that adding the folder
again, or finding its photos elsewhere, costs one reading of each file and loses nothing.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from photofsd.display import shown
from photofsd.store import paths
from photofsd.types import DirId

if TYPE_CHECKING:
    from photofsd.records import LibraryRecord
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

FILES_A_PIECE = 500


def forget_others(store: Store, writer: Writer, configured: Collection[bytes]) -> None:
    """Forget every library folder that is not `configured`, in transactions of FILES_A_PIECE files."""
    with store.read() as txn:
        others = [record for record in paths.libraries(txn) if record.path not in configured]
        folders = {record.path: list(paths.folders_below(txn, record.dir)) for record in others}
    for record in others:
        log.warning("%s is no longer configured: its photos leave the tree", shown(record.path))
        for folder in folders[record.path]:
            while writer.run(functools.partial(_remove_some, folder), rows=FILES_A_PIECE):
                pass
        writer.run(functools.partial(_remove_library, record))


def _remove_some(folder: DirId, txn: WriteTransaction) -> int:
    """Remove some files of a folder; how many these were."""
    files = [row.file for _, row in itertools.islice(paths.files_in(txn, folder), FILES_A_PIECE)]
    for file in files:
        paths.remove_file(txn, file)
    return len(files)


def _remove_library(record: LibraryRecord, txn: WriteTransaction) -> None:
    paths.remove_folder(txn, record.dir)
    paths.remove_library(txn, record)
