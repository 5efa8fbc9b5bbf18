"""From an older store to this one: one function a version, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from photofsd.errors import StoreError
from photofsd.store.schema import VERSION, Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

KEY = b"schema_version"

MIGRATIONS: Mapping[int, Callable[[WriteTransaction], None]] = {}
"""MIGRATIONS[n] brings a store of version n to n + 1."""


def to_current(
    txn: WriteTransaction,
    migrations: Mapping[int, Callable[[WriteTransaction], None]] = MIGRATIONS,
    target: int = VERSION,
) -> None:
    """Bring the store to version `target`; a new store is of that version at once. Raises StoreError."""
    found = txn.number(Tables.META, KEY)
    if found == 0:
        txn.put_number(Tables.META, KEY, target)
        return
    _refuse_newer(found, target)
    for version in range(found, target):
        migrations[version](txn)
        txn.put_number(Tables.META, KEY, version + 1)


def require_current(txn: ReadTransaction) -> None:
    """Raise StoreError unless the store is of this version (a reader cannot migrate)."""
    found = txn.number(Tables.META, KEY)
    _refuse_newer(found, VERSION)
    if found < VERSION:
        raise StoreError(f"the store is of version {found}, this photofsd reads {VERSION}: start the daemon once")


def _refuse_newer(found: int, target: int) -> None:
    if found > target:
        raise StoreError(
            f"the store is of version {found}, this photofsd knows {target}: it was made by a newer photofsd, use that"
        )
