"""Proof that the store is as schema.py says: every invariant, one line a violation.

Reads everything once and writes nothing. Memory: some bytes an id, and the facets of 64k assets at a time.
What an asset's row says depends on the time zone that the store is opened with, for photos that do not say theirs.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.records import AssetRecord, DirRecord, FileRecord, LibraryRecord
from photofsd.store import check_embeddings, check_facets, check_jobs, check_people, check_similar, check_stacks
from photofsd.store.keys import entry_key, root_key
from photofsd.store.schema import ALL_TABLES, I64, PATH_ROW, U32, U64, Table, Tables
from photofsd.types import NO_DIR, Kind

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

Progress = Callable[[int, int], None]
"""Is told (rows looked at, rows in all) now and then."""

_REPORT_EVERY = 4096


def check(txn: ReadTransaction, progress: Progress | None = None) -> Iterator[str]:
    """Every violation of the invariants, as it is found. Raises StoreError where a record cannot be read at all."""
    steps = _Steps(txn, progress)
    folders = BitMap()
    yield from _folders(txn, steps, folders)
    ownership = _Ownership(txn)
    yield from ownership.of_assets(steps)
    yield from ownership.of_files(steps, folders)
    yield from _strays(txn, Tables.CONTENTS, "I4", ownership.assets)
    yield from _strays(txn, Tables.NAMES, "I4", ownership.assets)
    for table in (table for table in ALL_TABLES if table.is_of_assets):
        yield from _without_asset(txn, table, ownership.assets)
    yield from check_facets.check(txn, ownership.assets, steps.step)
    yield from check_stacks.check(txn, ownership.assets, steps.step)
    counted = Counter({b"files": len(ownership.files), b"photos": len(ownership.live)})
    subjects = check_jobs.Subjects(ownership.files, ownership.assets, ownership.live)
    yield from check_jobs.check(txn, subjects, counted, steps.step)
    yield from check_similar.check(txn, ownership.live)
    yield from check_embeddings.check(txn)
    yield from check_people.check(txn, counted)
    yield from _counters(txn, counted)
    yield from _numbers(txn, folders, ownership)
    steps.end()


class _Steps:
    """Counts the rows that were looked at: every row of these tables once, assets again for facets and for stacks."""

    def __init__(self, txn: ReadTransaction, progress: Progress | None) -> None:
        tables = (Tables.DIRS, *(Tables.ASSETS,) * 3, Tables.FILES, *check_jobs.TABLES)
        self._total = sum(txn.count(table) for table in tables)
        self._progress = progress
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._progress is not None and self._done % _REPORT_EVERY == 0:
            self._progress(self._done, self._total)

    def end(self) -> None:
        if self._progress is not None:
            self._progress(self._total, self._total)


def _folders(txn: ReadTransaction, steps: _Steps, folders: BitMap) -> Iterator[str]:
    """I2. Fills `folders` with the ids of those that are there."""
    parents: dict[int, int] = {}
    linked = 0
    for key, value in txn.items(Tables.DIRS):
        (number,) = U32.unpack(key)
        record = txn.decode(value, DirRecord)
        folders.add(number)
        parents[number] = record.parent
        if record.parent == NO_DIR:
            library = txn.record(Tables.ROOTS, root_key(record.name), LibraryRecord)
            if library is None or library.dir != number or library.path != record.name:
                yield f"I2 dirs {number}: a root without its library {record.name!r}"
        elif txn.get(Tables.CHILDREN, entry_key(record.parent, record.name)) == key:
            linked += 1
        else:
            yield f"I2 dirs {number}: `children` does not have it as {record.name!r} in folder {record.parent}"
        steps.step()
    if linked != txn.count(Tables.CHILDREN):
        yield from _unlinked(txn)
    for (number,) in map(U32.unpack, txn.keys(Tables.MOVED)):
        if number not in folders:
            yield f"I2 moved {number}: there is no such folder"
    yield from _libraries(txn)
    yield from _uprooted(parents)


def _unlinked(txn: ReadTransaction) -> Iterator[str]:
    for key, value in txn.items(Tables.CHILDREN):
        record = txn.record(Tables.DIRS, value, DirRecord)
        if record is None or record.parent == NO_DIR or entry_key(record.parent, record.name) != key:
            yield f"I2 children {_entry(key)}: folder {U32.unpack(value)[0]} is not there"


def _libraries(txn: ReadTransaction) -> Iterator[str]:
    for key, value in txn.items(Tables.ROOTS):
        library = txn.decode(value, LibraryRecord)
        root = txn.record(Tables.DIRS, U32.pack(library.dir), DirRecord)
        if root is None or root.parent != NO_DIR or root.name != library.path or key != root_key(library.path):
            yield f"I2 roots {library.path!r}: folder {library.dir} is not its root"


def _uprooted(parents: dict[int, int]) -> Iterator[str]:
    """Folders from which no way leads up to a root."""
    rooted = BitMap([NO_DIR])
    for folder in parents:
        way: list[int] = []
        at, seen = folder, set[int]()
        while at not in rooted and at in parents and at not in seen:
            seen.add(at)
            way.append(at)
            at = parents[at]
        if at in rooted:
            rooted.update(way)
        else:
            yield f"I2 dirs {folder}: its parents do not end at a root"


class _Ownership:
    """Which asset lists which file, and which file names which asset: I1, I3, I4."""

    def __init__(self, txn: ReadTransaction) -> None:
        self._txn = txn
        self._asset_of = array("I", bytes(4 * max(1, txn.number(Tables.META, b"next_file"))))
        self.assets = BitMap()
        self.files = BitMap()
        self.live = BitMap()

    def of_assets(self, steps: _Steps) -> Iterator[str]:
        """I4, and that no two assets list the same file."""
        for key, value in self._txn.items(Tables.ASSETS):
            (asset,) = U32.unpack(key)
            record = self._txn.decode(value, AssetRecord)
            self.assets.add(asset)
            if record.files:
                self.live.add(asset)
            if self._txn.get(Tables.CONTENTS, record.content) != key:
                yield f"I4 assets {asset}: `contents` does not have its content {record.content.hex()}"
            if self._txn.get(Tables.NAMES, record.name) != key:
                yield f"I4 assets {asset}: `names` does not have its name {record.name!r}"
            for file in record.files:
                yield from self._claim(file, asset)
            steps.step()

    def _claim(self, file: int, asset: int) -> Iterator[str]:
        if file >= len(self._asset_of) or self._txn.get(Tables.FILES, U32.pack(file)) is None:
            yield f"I3 assets {asset}: it lists file {file}, which is not there"
        elif self._asset_of[file]:
            yield f"I3 assets {asset}: it lists file {file}, as asset {self._asset_of[file]} does"
        else:
            self._asset_of[file] = asset

    def of_files(self, steps: _Steps, folders: BitMap) -> Iterator[str]:
        """I1, I3."""
        listed = 0
        for key, value in self._txn.items(Tables.FILES):
            (file,) = U32.unpack(key)
            record = self._txn.decode(value, FileRecord)
            self.files.add(file)
            row = PATH_ROW.pack(file, record.size, record.mtime_ns, record.inode)
            if self._txn.get(Tables.PATHS, entry_key(record.dir, record.name)) == row:
                listed += 1
            else:
                yield f"I1 files {file}: `paths` does not say the same of {record.name!r} in folder {record.dir}"
            if record.dir not in folders:
                yield f"I1 files {file}: folder {record.dir} is not there"
            yield from self._of_file(file, record)
            steps.step()
        if listed != self._txn.count(Tables.PATHS):
            yield from self._stray_paths()

    def _of_file(self, file: int, record: FileRecord) -> Iterator[str]:
        claimed = self._asset_of[file] if file < len(self._asset_of) else 0
        if record.kind is Kind.SIDECAR and record.asset is not None:
            yield f"I3 files {file}: a sidecar, and yet of asset {record.asset}"
        if claimed != (record.asset or 0):
            yield f"I3 files {file}: it is of asset {record.asset}, but listed by {claimed or None}"

    def _stray_paths(self) -> Iterator[str]:
        for key, value in self._txn.items(Tables.PATHS):
            (file, *_) = PATH_ROW.unpack(value)
            record = self._txn.record(Tables.FILES, U32.pack(file), FileRecord)
            if record is None or entry_key(record.dir, record.name) != key:
                yield f"I1 paths {_entry(key)}: file {file} is not there"


def _entry(key: bytes) -> str:
    return f"{key[4:]!r} in folder {U32.unpack(key[:4])[0]}"


def _strays(txn: ReadTransaction, table: Table, invariant: str, assets: BitMap) -> Iterator[str]:
    """Rows of contents or names beyond the one of every asset."""
    if txn.count(table) == len(assets):
        return
    for key, value in txn.items(table):
        record = txn.record(Tables.ASSETS, value, AssetRecord)
        if record is None or key not in (record.content, record.name):
            yield f"{invariant} {table.name} {key!r}: not what asset {U32.unpack(value)[0]} has"


def _without_asset(txn: ReadTransaction, table: Table, assets: BitMap) -> Iterator[str]:
    for key in txn.keys(table):
        (asset,) = U32.unpack(key)
        if asset not in assets:
            yield f"I4 {table.name} {asset}: there is no such asset"


def _counters(txn: ReadTransaction, counted: Counter[bytes]) -> Iterator[str]:
    """I7."""
    stored = {key: int(I64.unpack(value)[0]) for key, value in txn.items(Tables.COUNTERS)}
    for name in sorted(counted.keys() | stored.keys()):
        if name not in counted:
            yield f"I7 counters {name.decode()}: nothing is counted under that name"
        elif stored.get(name, 0) != counted[name]:
            yield f"I7 counters {name.decode()}: it says {stored.get(name, 0)}, there are {counted[name]}"


def _numbers(txn: ReadTransaction, folders: BitMap, ownership: _Ownership) -> Iterator[str]:
    """I8."""
    for name, used in ((b"next_dir", folders), (b"next_file", ownership.files), (b"next_asset", ownership.assets)):
        following = txn.number(Tables.META, name) or 1
        if used and used.max() >= following:
            yield f"I8 meta {name.decode()}: it says {following}, but {used.max()} is in use"
    sequence = txn.number(Tables.META, b"sequence")
    for key, value in txn.items(Tables.CHANGES):
        if U64.unpack(key)[0] > sequence:
            yield f"I8 changes {U64.unpack(key)[0]}: beyond the sequence {sequence}"
        if U32.unpack(value)[0] not in ownership.assets:
            yield f"I8 changes {U64.unpack(key)[0]}: there is no asset {U32.unpack(value)[0]}"
    for key, value in txn.items(Tables.WATERMARKS):
        if U64.unpack(value)[0] > sequence:
            yield f"I8 watermarks {key.decode()}: at {U64.unpack(value)[0]}, beyond the sequence {sequence}"
