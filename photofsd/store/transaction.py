"""Transactions: a consistent read, and a write that keeps the derived tables right by itself.

A ReadTransaction is a thin, typed hold on the tables; the meaning lives in the modules beside it (paths, assets,
facets, jobs ...), as functions that take one. A WriteTransaction also remembers which assets were touched, and on
finishing recomputes their facets, rows and change-log entries once, however often they were changed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from photofsd.errors import StoreError
from photofsd.records import Person
from photofsd.store import derived
from photofsd.store.schema import I64, PEOPLE_CHANGES, U64, Table, Tables
from photofsd.types import AssetId, DirId, PersonId

if TYPE_CHECKING:
    from datetime import tzinfo

    from pyroaring import BitMap

    from photofsd.store.chunks import Chunks
    from photofsd.store.derived import Derived, FolderWords

R = TypeVar("R", bound=msgspec.Struct)
_encode = msgspec.msgpack.Encoder().encode


@functools.cache
def _decoder(kind: type[Any]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


def _decoded(value: bytes, kind: type[R]) -> R:
    try:
        record: R = _decoder(kind).decode(value)
    except msgspec.DecodeError as error:
        raise StoreError(f"the store is damaged: a {kind.__name__} cannot be read ({error})") from error
    return record


class ReadTransaction:
    """A consistent view of every table. chunks: what is known of facets already, see chunks.py."""

    __slots__ = ("_chunks", "_folder_words", "_handles", "_raw", "timezone")

    def __init__(
        self,
        raw: Any,  # noqa: ANN401  lmdb has no types
        handles: Mapping[Table, Any],
        timezone: tzinfo | None,
        chunks: Chunks | None = None,
    ) -> None:
        self._raw = raw
        self._handles = handles
        self._chunks = chunks
        self._folder_words: dict[DirId, FolderWords] | None = None
        self.timezone = timezone

    @property
    def folder_words(self) -> dict[DirId, FolderWords]:
        """The words of folders that were asked for, for `derived` to use and add to."""
        if self._folder_words is None:
            self._folder_words = {}
        return self._folder_words

    def chunks(self) -> dict[bytes, BitMap | None]:
        """Chunks of facets that are known to be as this transaction sees them, for `facets` to use and add to."""
        return {} if self._chunks is None else self._chunks.of(self._raw.id())

    def get(self, table: Table, key: bytes) -> bytes | None:
        """The value at `key`, or None."""
        value: bytes | None = self._raw.get(key, db=self._handles[table])
        return value

    def record(self, table: Table, key: bytes, kind: type[R]) -> R | None:
        """The record at `key`, or None. Raises StoreError where it cannot be read."""
        value = self._raw.get(key, db=self._handles[table])
        return None if value is None else _decoded(value, kind)

    def number(self, table: Table, key: bytes) -> int:
        """The u64 at `key`; 0 where there is none."""
        value = self._raw.get(key, db=self._handles[table])
        return 0 if value is None else int(U64.unpack(value)[0])

    def counter(self, name: bytes) -> int:
        """The counter called `name`; 0 where there is none."""
        value = self.get(Tables.COUNTERS, name)
        return 0 if value is None else int(I64.unpack(value)[0])

    def count(self, table: Table) -> int:
        """Rows of `table`."""
        return int(self._raw.stat(self._handles[table])["entries"])

    def items(self, table: Table, prefix: bytes = b"", start: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Rows whose key begins with `prefix`, in key order, from `start` on. Do not write to `table` meanwhile."""
        with self._raw.cursor(db=self._handles[table]) as cursor:
            if not cursor.set_range(prefix if start is None else start):
                return
            for key, value in cursor:
                if not key.startswith(prefix):
                    return
                yield key, value

    def keys(self, table: Table, prefix: bytes = b"", start: bytes | None = None) -> Iterator[bytes]:
        """Keys that begin with `prefix`, in order, from `start` on."""
        with self._raw.cursor(db=self._handles[table]) as cursor:
            if not cursor.set_range(prefix if start is None else start):
                return
            for key in cursor.iternext(keys=True, values=False):
                if not key.startswith(prefix):
                    return
                yield key

    def cursor(self, table: Table) -> Any:  # noqa: ANN401  lmdb has no types
        """A raw cursor, for walks that jump."""
        return self._raw.cursor(db=self._handles[table])

    def decode(self, value: bytes, kind: type[R]) -> R:
        """The record in `value`. Raises StoreError where it cannot be read."""
        return _decoded(value, kind)


class Touched(NamedTuple):
    """What a change was about.

    assets: those that it touched. people: those that it wrote, each as they were before; None = there were none such.
    """

    assets: tuple[AssetId, ...]
    people: Mapping[PersonId, Person | None]


class WriteTransaction(ReadTransaction):
    """A change to the store. Use the modules beside this one; `put` and `delete` are theirs."""

    def __init__(self, raw: Any, handles: Mapping[Table, Any], timezone: tzinfo | None) -> None:  # noqa: ANN401
        super().__init__(raw, handles, timezone)
        self._touched: dict[AssetId, Derived] = {}
        self._people: dict[PersonId, Person | None] = {}
        self._counts: dict[bytes, int] = {}

    @property
    def touched(self) -> Touched:
        """What this change is about."""
        return Touched(tuple(self._touched), self._people)

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Write a row."""
        self._raw.put(key, value, db=self._handles[table])

    def put_record(self, table: Table, key: bytes, record: msgspec.Struct) -> None:
        """Write a record."""
        self._raw.put(key, _encode(record), db=self._handles[table])

    def put_number(self, table: Table, key: bytes, number: int) -> None:
        """Write a u64."""
        self._raw.put(key, U64.pack(number), db=self._handles[table])

    def delete(self, table: Table, key: bytes) -> bool:
        """Remove a row; False where there was none."""
        return bool(self._raw.delete(key, db=self._handles[table]))

    def clear(self, table: Table) -> None:
        """Remove all rows."""
        self._raw.drop(self._handles[table], delete=False)

    def count_by(self, name: bytes, delta: int) -> None:
        """Change the counter called `name`, on finishing."""
        self._counts[name] = self._counts.get(name, 0) + delta

    def counter(self, name: bytes) -> int:
        """The counter called `name`, with this transaction's own changes."""
        return super().counter(name) + self._counts.get(name, 0)

    def next_id(self, name: bytes) -> int:
        """A fresh id of the kind `name` (next_asset, next_file, next_dir ...), from 1."""
        return self.next_ids(name, 1)

    def next_ids(self, name: bytes, count: int) -> int:
        """The first of `count` fresh ids that follow each other."""
        number = self.number(Tables.META, name) or 1
        if number + count > 1 << 32:
            raise OverflowError(f"{name.decode()} has run out of u32 ids")
        self.put_number(Tables.META, name, number + count)
        return number

    def touch(self, asset: AssetId) -> None:
        """Say that `asset` is about to change: call it BEFORE the first write that its derived rows depend on."""
        if asset not in self._touched:
            self._touched[asset] = derived.of(self, asset)

    def touch_person(self, person: PersonId, before: Person | None) -> None:
        """Say that a person, who was `before`, is about to change."""
        self._people.setdefault(person, before)

    def finish(self) -> None:
        """Bring derived rows, change log and counters up to date; called once, right before the commit."""
        derived.update(self, self._touched)
        if self._people:
            self.put_number(Tables.META, PEOPLE_CHANGES, self.number(Tables.META, PEOPLE_CHANGES) + 1)
        for name, delta in self._counts.items():
            total = super().counter(name) + delta
            self.put(Tables.COUNTERS, name, I64.pack(total))
        self._counts.clear()
