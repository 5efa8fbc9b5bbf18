"""Opening the store: one LMDB environment, its tables, its transactions."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from photofsd.errors import StoreBusy, StoreError, StoreFull
from photofsd.store import migrate, schema
from photofsd.store.schema import ALL_TABLES
from photofsd.store.transaction import ReadTransaction, WriteTransaction

if TYPE_CHECKING:
    from datetime import tzinfo

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


class Store:
    """An open store. Reads may come from any thread; writes from one thread at a time (see writer.py)."""

    def __init__(self, environment: lmdb.Environment, *, timezone: tzinfo | None, readonly: bool) -> None:
        self._environment = environment
        self._timezone = timezone
        self._readonly = readonly
        self._tables = {table: environment.open_db(table.name.encode(), create=not readonly) for table in ALL_TABLES}

    @classmethod
    def open(cls, folder: Path, *, timezone: tzinfo | None = None, readonly: bool = False) -> Store:
        """Open the store in `folder`; make or migrate it unless `readonly`.

        timezone: of photos that do not say theirs; None = the system's.
        Raises StoreError (not there, damaged, made by a newer photofsd), StoreBusy, StoreFull.
        """
        if not readonly:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        elif not (folder / "data.mdb").exists():
            raise StoreError(f"there is no store in {folder}: start the daemon once, or give --state")
        try:
            environment = lmdb.open(
                str(folder),
                map_size=schema.MAP_SIZE_BYTES,
                max_dbs=len(ALL_TABLES) + 8,
                max_readers=512,
                max_spare_txns=16,
                readonly=readonly,
                mode=0o600,
                metasync=True,
                writemap=False,
            )
            environment.reader_check()
            store = cls(environment, timezone=timezone, readonly=readonly)
        except lmdb.Error as error:
            raise _translated(error, folder) from error
        store.check_version()
        return store

    def check_version(self) -> None:
        """Bring the store to this schema. Raises StoreError when it cannot be."""
        if self._readonly:
            with self.read() as txn:
                migrate.require_current(txn)
        else:
            with self.write() as txn:
                migrate.to_current(txn)

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        """A consistent view of everything, for one request: never keep it (a long reader makes the file grow)."""
        with self._environment.begin() as txn:
            yield ReadTransaction(txn, self._tables, self._timezone)

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """One atomic change: derived tables are brought up to date on leaving, an exception leaves no trace."""
        try:
            with self._environment.begin(write=True) as raw:
                txn = WriteTransaction(raw, self._tables, self._timezone)
                yield txn
                txn.finish()
        except lmdb.Error as error:
            raise _translated(error, Path(self._environment.path())) from error

    def close(self) -> None:
        """Close the environment; no transaction may be open."""
        self._environment.close()

    def size_bytes(self) -> int:
        """Bytes of the file that hold data."""
        info = self._environment.info()
        return (int(info["last_pgno"]) + 1) * int(self._environment.stat()["psize"])


def _translated(error: lmdb.Error, folder: Path) -> StoreError:
    """The lmdb error as ours; a full disk shows as DiskError, MapFullError or a plain EIO (facts: tmpfs, ext4)."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else getattr(error, "code", None)
    text = str(error)
    if isinstance(error, lmdb.DiskError | lmdb.MapFullError) or number in _FULL:
        return StoreFull(f"the store in {folder} cannot be written ({text}): is the disk full?")
    if "No space left" in text or "Input/output error" in text or "quota" in text:
        return StoreFull(f"the store in {folder} cannot be written ({text}): is the disk full?")
    if isinstance(error, lmdb.LockError):
        return StoreBusy(f"the store in {folder} is in use by another process ({text})")
    if isinstance(error, lmdb.CorruptedError | lmdb.InvalidError | lmdb.VersionMismatchError):
        return StoreError(f"the store in {folder} is damaged ({text}): move it away, the daemon makes a new one")
    return StoreError(f"the store in {folder} failed: {text}")
