"""What lies where: library folders, folders, files. Paths are (folder id, name), so a renamed folder is one row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from photofsd.records import DirRecord, FileRecord, LibraryRecord
from photofsd.store import assets, facets, jobs
from photofsd.store.schema import PATH_ROW, U32, Tables
from photofsd.types import NO_DIR, AssetId, DirId, Facet, FileId, Kind, Subject

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


class PathRow(NamedTuple):
    """What a rescan compares of a file."""

    file: FileId
    size: int
    mtime_ns: int
    inode: int


class FileStat(NamedTuple):
    """What stat() says of a file of the library."""

    size: int
    mtime_ns: int
    inode: int


def _root_key(path: bytes) -> bytes:
    return hashlib.blake2b(path, digest_size=16).digest()


def libraries(txn: ReadTransaction) -> list[LibraryRecord]:
    """Every library folder that the store knows, configured now or not."""
    return [txn.decode(value, LibraryRecord) for _, value in txn.items(Tables.ROOTS)]


def library(txn: ReadTransaction, path: bytes) -> LibraryRecord | None:
    """The library folder at `path`."""
    return txn.record(Tables.ROOTS, _root_key(path), LibraryRecord)


def put_library(txn: WriteTransaction, record: LibraryRecord) -> None:
    """Remember what is known of a library folder."""
    txn.put_record(Tables.ROOTS, _root_key(record.path), record)


def add_library(txn: WriteTransaction, path: bytes) -> LibraryRecord:
    """The library folder at `path`, known from now on."""
    known = library(txn, path)
    if known is not None:
        return known
    root = DirId(txn.next_id(b"next_dir"))
    txn.put_record(Tables.DIRS, U32.pack(root), DirRecord(NO_DIR, path))
    record = LibraryRecord(path, root)
    put_library(txn, record)
    return record


def folder(txn: ReadTransaction, dir_id: DirId) -> DirRecord | None:
    """The record of a folder."""
    return txn.record(Tables.DIRS, U32.pack(dir_id), DirRecord)


def child(txn: ReadTransaction, parent: DirId, name: bytes) -> DirId | None:
    """The folder called `name` in `parent`."""
    value = txn.get(Tables.CHILDREN, U32.pack(parent) + name)
    return None if value is None else DirId(U32.unpack(value)[0])


def children(txn: ReadTransaction, parent: DirId) -> Iterator[tuple[bytes, DirId]]:
    """The folders in `parent`, by name."""
    for key, value in txn.items(Tables.CHILDREN, U32.pack(parent)):
        yield key[4:], DirId(U32.unpack(value)[0])


def files_in(txn: ReadTransaction, parent: DirId, prefix: bytes = b"") -> Iterator[tuple[bytes, PathRow]]:
    """The files in `parent` whose name begins with `prefix`, by name."""
    for key, value in txn.items(Tables.PATHS, U32.pack(parent) + prefix):
        yield key[4:], PathRow._make(PATH_ROW.unpack(value))


def file(txn: ReadTransaction, file_id: FileId) -> FileRecord | None:
    """The record of a file."""
    return txn.record(Tables.FILES, U32.pack(file_id), FileRecord)


def file_at(txn: ReadTransaction, parent: DirId, name: bytes) -> PathRow | None:
    """The file called `name` in `parent`."""
    value = txn.get(Tables.PATHS, U32.pack(parent) + name)
    return None if value is None else PathRow._make(PATH_ROW.unpack(value))


def ancestry(txn: ReadTransaction, dir_id: DirId) -> list[DirRecord]:
    """The folder and its parents, root last. Empty where the folder is not known."""
    records = []
    while dir_id != NO_DIR:
        record = folder(txn, dir_id)
        if record is None:
            return []
        records.append(record)
        dir_id = record.parent
    return records


def folder_path(txn: ReadTransaction, dir_id: DirId) -> bytes:
    """The absolute path of a folder."""
    return b"/".join(record.name.rstrip(b"/") for record in reversed(ancestry(txn, dir_id)))


def names_below_root(txn: ReadTransaction, dir_id: DirId) -> list[bytes]:
    """The names from below the library folder down to the folder itself."""
    return [record.name for record in reversed(ancestry(txn, dir_id)[:-1])]


def file_path(txn: ReadTransaction, record: FileRecord) -> bytes:
    """The absolute path of a file."""
    return folder_path(txn, record.dir) + b"/" + record.name


def resolve(txn: ReadTransaction, path: bytes) -> DirId | None:
    """The folder at an absolute path, where it lies in a library and is known."""
    for record in libraries(txn):
        if path == record.path or path.startswith(record.path.rstrip(b"/") + b"/"):
            dir_id: DirId | None = record.dir
            for name in path[len(record.path) :].split(b"/"):
                if name and dir_id is not None:
                    dir_id = child(txn, dir_id, name)
            return dir_id
    return None


def add_folder(txn: WriteTransaction, parent: DirId, name: bytes) -> DirId:
    """The folder called `name` in `parent`, known from now on."""
    known = child(txn, parent, name)
    if known is not None:
        return known
    dir_id = DirId(txn.next_id(b"next_dir"))
    txn.put_record(Tables.DIRS, U32.pack(dir_id), DirRecord(parent, name))
    txn.put(Tables.CHILDREN, U32.pack(parent) + name, U32.pack(dir_id))
    return dir_id


def set_listed(txn: WriteTransaction, dir_id: DirId, *, mtime_ns: int, dev: int, inode: int = 0) -> None:
    """The folder has been listed completely when its mtime was `mtime_ns` (0 = list it again next time)."""
    record = folder(txn, dir_id)
    if record is not None and (record.mtime_ns, record.dev, record.inode) != (mtime_ns, dev, inode):
        changed = msgspec.structs.replace(record, mtime_ns=mtime_ns, dev=dev, inode=inode)
        txn.put_record(Tables.DIRS, U32.pack(dir_id), changed)


def remove_folder(txn: WriteTransaction, dir_id: DirId) -> None:
    """Forget a folder and everything below it."""
    for _, below in list(children(txn, dir_id)):
        remove_folder(txn, below)
    for _, row in list(files_in(txn, dir_id)):
        remove_file(txn, row.file)
    record = folder(txn, dir_id)
    if record is not None:
        txn.delete(Tables.CHILDREN, U32.pack(record.parent) + record.name)
        txn.delete(Tables.DIRS, U32.pack(dir_id))


def move_folder(txn: WriteTransaction, dir_id: DirId, parent: DirId, name: bytes) -> None:
    """A folder has been renamed or moved with everything in it: its files keep their ids, its photos everything."""
    record = folder(txn, dir_id)
    if record is None:
        return
    for asset in assets_below(txn, dir_id):
        txn.touch(asset)
    txn.delete(Tables.CHILDREN, U32.pack(record.parent) + record.name)
    txn.put(Tables.CHILDREN, U32.pack(parent) + name, U32.pack(dir_id))
    moved = msgspec.structs.replace(record, parent=parent, name=name)
    txn.put_record(Tables.DIRS, U32.pack(dir_id), moved)
    txn.folder_words.clear()


def folders_below(txn: ReadTransaction, dir_id: DirId) -> Iterator[DirId]:
    """The folder and every folder below it."""
    waiting = [dir_id]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(below for _, below in children(txn, current))


def assets_below(txn: ReadTransaction, dir_id: DirId) -> Iterator[AssetId]:
    """Every asset with a file in the folder or below it."""
    for below in folders_below(txn, dir_id):
        for asset in facets.bitmap(txn, Facet.DIR, b"%d" % below):
            yield AssetId(asset)


def add_file(txn: WriteTransaction, parent: DirId, name: bytes, stat: FileStat, kind: Kind) -> FileId:
    """A file has appeared; what has to be done with it is the pipeline's to say."""
    file_id = FileId(txn.next_id(b"next_file"))
    _put_file(txn, file_id, FileRecord(parent, name, *stat, kind))
    txn.count_by(b"files", 1)
    return file_id


def set_stat(txn: WriteTransaction, file_id: FileId, stat: FileStat) -> None:
    """The file at a known path has another size, mtime or inode."""
    record = file(txn, file_id)
    if record is not None:
        changed = msgspec.structs.replace(record, size=stat.size, mtime_ns=stat.mtime_ns, inode=stat.inode)
        _put_file(txn, file_id, changed)


def move_file(txn: WriteTransaction, file_id: FileId, parent: DirId, name: bytes) -> None:
    """A file has been renamed or moved: it keeps its id, its photo keeps everything."""
    record = file(txn, file_id)
    if record is None:
        return
    if record.asset is not None:
        txn.touch(record.asset)
    txn.delete(Tables.PATHS, U32.pack(record.dir) + record.name)
    _put_file(txn, file_id, msgspec.structs.replace(record, dir=parent, name=name))


def remove_file(txn: WriteTransaction, file_id: FileId) -> None:
    """A file has vanished. Its photo is gone when that was the last path; it comes back with the content."""
    record = file(txn, file_id)
    if record is None:
        return
    if record.asset is not None:
        assets.detach(txn, record.asset, file_id)
    jobs.forget(txn, Subject.FILE, file_id)
    txn.delete(Tables.PATHS, U32.pack(record.dir) + record.name)
    txn.delete(Tables.FILES, U32.pack(file_id))
    txn.count_by(b"files", -1)


def _put_file(txn: WriteTransaction, file_id: FileId, record: FileRecord) -> None:
    row = PATH_ROW.pack(file_id, record.size, record.mtime_ns, record.inode)
    txn.put(Tables.PATHS, U32.pack(record.dir) + record.name, row)
    txn.put_record(Tables.FILES, U32.pack(file_id), record)
