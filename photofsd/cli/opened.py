"""The store as commands read it: with or without the daemon, never writing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from photofsd.config.schema import Settings
from photofsd.store import paths
from photofsd.store.env import Store
from photofsd.store.transaction import ReadTransaction
from photofsd.types import FileId


@contextmanager
def opened_store(settings: Settings) -> Iterator[ReadTransaction]:
    """A consistent view of the store in the state folder. Raises StoreError."""
    with readable_store(settings) as store, store.read() as txn:
        yield txn


@contextmanager
def readable_store(settings: Settings) -> Iterator[Store]:
    """The store in the state folder, to be looked at again and again: a long look would make it grow."""
    store = Store.open(settings.state / "store", timezone=settings.zone, readonly=True)
    try:
        yield store
    finally:
        store.close()


def path_of(txn: ReadTransaction, file: FileId) -> str | None:
    """The absolute path of a file, as os.fsdecode gives it; None when it is gone."""
    record = paths.file(txn, file)
    return None if record is None else os.fsdecode(paths.file_path(txn, record))
