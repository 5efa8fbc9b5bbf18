"""Opening the store: one LMDB environment, its tables, its transactions."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lmdb

from photofsd.durable import FULL
from photofsd.errors import StoreBusy, StoreError, StoreFull
from photofsd.store import damage, migrate, pages, rederive, schema
from photofsd.store.chunks import Chunks
from photofsd.store.schema import ALL_TABLES, Table, Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction

if TYPE_CHECKING:
    from datetime import tzinfo
    from types import TracebackType

_FILE = "data.mdb"
_FULL = FULL | {errno.EIO}
_DAMAGE = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.PageNotFoundError)

PAGES_MAX_BYTES = 128 << 20
"""Mapped pages that the daemon keeps: a day's use. More than these are given back."""


class Store:
    """An open store. Reads may come from any thread; writes from one thread at a time (see writer.py)."""

    def __init__(
        self, environment: lmdb.Environment, tables: Mapping[Table, Any], *, timezone: tzinfo | None = None
    ) -> None:
        self._environment = environment
        self._tables = tables
        self._timezone = timezone
        self._folder = Path(environment.path())
        self._chunks = Chunks()

    @classmethod
    def open(cls, folder: Path, *, timezone: tzinfo | None = None, readonly: bool = False) -> Store:
        """Open the store in `folder`; make or migrate it unless `readonly`. Once a process: LMDB allows no more.

        timezone: of photos that do not say theirs; None = the system's.
        Raises StoreError (not there, damaged, made by a newer photofsd, nothing of it is changed then), StoreFull.
        """
        try:
            environment = _environment(folder, readonly=readonly)
            try:
                _require_whole(environment, folder / _FILE)
                environment.reader_check()
                tables = _tables_to_read(environment) if readonly else _tables_to_write(environment, timezone)
            except BaseException:
                environment.close()
                raise
        except lmdb.Error as error:
            raise _translated(error, folder) from error
        except OSError as error:
            raise StoreError(f"the store in {folder} cannot be opened: {error}") from error
        return cls(environment, tables, timezone=timezone)

    def read(self) -> Reading:
        """A consistent view of everything, for one request: never keep it (a long reader makes the file grow)."""
        try:
            return Reading(self._environment.begin(), self._tables, self._timezone, self._chunks, self._folder)
        except lmdb.Error as error:
            raise _translated(error, self._folder) from error

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """One atomic change: derived tables are brought up to date on leaving, an exception leaves no trace."""
        try:
            self._environment.reader_check()  # a reader that was killed would make the file grow until the next start
            with self._environment.begin(write=True) as raw:
                txn = WriteTransaction(raw, self._tables, self._timezone)
                yield txn
                txn.finish()
        except lmdb.Error as error:
            raise _translated(error, self._folder) from error

    def give_pages_back(self) -> None:
        """Let go of the mapped pages when they are many, see pages.py. Cheap; call it now and then."""
        if pages.mapped_bytes() > PAGES_MAX_BYTES:
            pages.give_back(Path(self._environment.path()) / "data.mdb")

    def close(self) -> None:
        """Close the environment; no transaction may be open."""
        self._environment.close()


class Reading(ReadTransaction):
    """A read transaction that ends with its `with`. No generator: every lookup in the mount opens one."""

    __slots__ = ("_folder",)

    def __init__(
        self,
        raw: Any,  # noqa: ANN401
        tables: Mapping[Table, Any],
        timezone: tzinfo | None,
        chunks: Chunks,
        folder: Path,
    ) -> None:
        super().__init__(raw, tables, timezone, chunks)
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.abort()
        if error is not None and isinstance(error, lmdb.Error):
            raise _translated(error, self._folder) from error


def _environment(folder: Path, *, readonly: bool) -> lmdb.Environment:
    if not readonly:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif not (folder / _FILE).exists() or not (folder / _FILE).stat().st_size:
        raise StoreError(f"there is no store in {folder}: start the daemon once, or give --state")
    return lmdb.open(
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


def _require_whole(environment: lmdb.Environment, file: Path) -> None:
    """Raise StoreError when the file has been cut: reading on would end the process."""
    while True:
        page_bytes, pages = int(environment.stat()["psize"]), int(environment.info()["last_pgno"]) + 1
        if file.stat().st_size >= pages * page_bytes:
            return
        with environment.begin() as txn:
            is_whole = damage.is_whole(file, page_bytes, txn.id())
        if is_whole:
            return
        if is_whole is False:
            raise StoreError(_damaged(file.parent, "its file is cut short"))


def _tables_to_read(environment: lmdb.Environment) -> Mapping[Table, Any]:
    try:
        meta = environment.open_db(Tables.META.name.encode(), create=False)
        with environment.begin() as raw:
            migrate.require_current(ReadTransaction(raw, {Tables.META: meta}, None))
        return {table: environment.open_db(table.name.encode(), create=False) for table in ALL_TABLES}
    except lmdb.NotFoundError as error:
        raise StoreError(f"the store in {environment.path()} has not been set up: start the daemon once") from error


def _tables_to_write(environment: lmdb.Environment, timezone: tzinfo | None) -> Mapping[Table, Any]:
    """Open or make the tables and migrate, in one transaction: a store that is refused is left as it was."""
    with environment.begin(write=True) as raw:
        tables = {table: environment.open_db(table.name.encode(), txn=raw) for table in ALL_TABLES}
        txn = WriteTransaction(raw, tables, timezone)
        migrate.to_current(txn)
        rederive.begin(txn)
        txn.finish()
    return tables


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
    if isinstance(error, _DAMAGE):
        return StoreError(_damaged(folder, text))
    return StoreError(f"the store in {folder} failed: {text}")


def _damaged(folder: Path, how: str) -> str:
    return f"the store in {folder} is damaged ({how}): move it away, the daemon makes a new one"
