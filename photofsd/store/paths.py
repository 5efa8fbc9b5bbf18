"""What lies where: library folders, folders, files. Paths are (folder id, name), so a renamed folder is one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from photofsd.records import DirRecord, FileRecord, LibraryRecord
from photofsd.store import assets, jobs
from photofsd.store.keys import entry_key, has_long_name, root_key, storable_ns
from photofsd.store.schema import PATH_ROW, U32, Tables
from photofsd.types import NO_DIR, DirId, FileId, Kind, Subject

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


class PathRow(NamedTuple):
    """What a rescan compares of a file."""

    file: FileId
    size: int
    mtime_ns: int
    inode: int


class _Stat(NamedTuple):
    size: int
    mtime_ns: int
    inode: int


class FileStat(_Stat):
    """What stat() says of a file of the library.

    A time that the store has no room for is cut here, so that what is stored and what is compared with it agree.
    """

    __slots__ = ()

    def __new__(cls, size: int, mtime_ns: int, inode: int) -> Self:
        """Cut the time to what can be stored."""
        return super().__new__(cls, size, storable_ns(mtime_ns), inode)


def libraries(txn: ReadTransaction) -> list[LibraryRecord]:
    """Every library folder that the store knows, configured now or not."""
    return [txn.decode(value, LibraryRecord) for _, value in txn.items(Tables.ROOTS)]


def library(txn: ReadTransaction, path: bytes) -> LibraryRecord | None:
    """The library folder at `path`."""
    return txn.record(Tables.ROOTS, root_key(path), LibraryRecord)


def put_library(txn: WriteTransaction, record: LibraryRecord) -> None:
    """Remember what is known of a library folder."""
    txn.put_record(Tables.ROOTS, root_key(record.path), record)


def add_library(txn: WriteTransaction, path: bytes) -> LibraryRecord:
    """The library folder at `path`, known from now on."""
    known = library(txn, path)
    if known is not None:
        return known
    record = LibraryRecord(path, DirId(txn.next_id(b"next_dir")))
    txn.put_record(Tables.DIRS, U32.pack(record.dir), DirRecord(NO_DIR, path))
    put_library(txn, record)
    return record


def remove_library(txn: WriteTransaction, record: LibraryRecord) -> None:
    """Forget a library folder, whose files and folders have been removed before."""
    txn.delete(Tables.ROOTS, root_key(record.path))


def folder(txn: ReadTransaction, dir_id: DirId) -> DirRecord | None:
    """The record of a folder."""
    return txn.record(Tables.DIRS, U32.pack(dir_id), DirRecord)


def child(txn: ReadTransaction, parent: DirId, name: bytes) -> DirId | None:
    """The folder called `name` in `parent`."""
    value = txn.get(Tables.CHILDREN, entry_key(parent, name))
    return None if value is None else DirId(U32.unpack(value)[0])


def children(txn: ReadTransaction, parent: DirId) -> Iterator[tuple[bytes, DirId]]:
    """The folders in `parent`, by name."""
    for key, value in txn.items(Tables.CHILDREN, U32.pack(parent)):
        below = DirId(U32.unpack(value)[0])
        record = folder(txn, below) if has_long_name(key) else None
        yield key[4:] if record is None else record.name, below


def files_in(txn: ReadTransaction, parent: DirId, prefix: bytes = b"") -> Iterator[tuple[bytes, PathRow]]:
    """The files in `parent` whose name begins with `prefix`, by name."""
    for key, value in txn.items(Tables.PATHS, U32.pack(parent) + prefix):
        row = PathRow._make(PATH_ROW.unpack(value))
        record = file(txn, row.file) if has_long_name(key) else None
        yield key[4:] if record is None else record.name, row


def names_in(txn: ReadTransaction, parent: DirId, beginnings: Iterable[bytes]) -> Iterator[bytes]:
    """The names of the files in `parent` that begin in any of these ways; one that begins in two ways comes twice."""
    head = U32.pack(parent)
    with txn.cursor(Tables.PATHS) as cursor:
        for begin in beginnings:
            prefix = head + begin
            is_there = cursor.set_range(prefix)
            while is_there and (key := cursor.key()).startswith(prefix):
                record = file(txn, PathRow._make(PATH_ROW.unpack(cursor.value())).file) if has_long_name(key) else None
                yield key[4:] if record is None else record.name
                is_there = cursor.next()


def file(txn: ReadTransaction, file_id: FileId) -> FileRecord | None:
    """The record of a file."""
    return txn.record(Tables.FILES, U32.pack(file_id), FileRecord)


def file_at(txn: ReadTransaction, parent: DirId, name: bytes) -> PathRow | None:
    """The file called `name` in `parent`."""
    value = txn.get(Tables.PATHS, entry_key(parent, name))
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


def lineage(txn: ReadTransaction, dir_id: DirId) -> Iterator[DirId]:
    """The folder and its parents, root last."""
    while dir_id != NO_DIR:
        yield dir_id
        record = folder(txn, dir_id)
        dir_id = record.parent if record is not None else NO_DIR


def folder_path(txn: ReadTransaction, dir_id: DirId) -> bytes:
    """The absolute path of a folder; empty where it is not known."""
    names = [record.name.rstrip(b"/") for record in reversed(ancestry(txn, dir_id))]
    return b"/" if names == [b""] else b"/".join(names)


def names_below_root(txn: ReadTransaction, dir_id: DirId) -> list[bytes]:
    """The names from below the library folder down to the folder itself."""
    return [record.name for record in reversed(ancestry(txn, dir_id)[:-1])]


def file_path(txn: ReadTransaction, record: FileRecord) -> bytes:
    """The absolute path of a file."""
    return folder_path(txn, record.dir).rstrip(b"/") + b"/" + record.name


def file_by_path(txn: ReadTransaction, path: bytes) -> FileId | None:
    """The file at that absolute path; None where there is none, or nobody has seen it yet."""
    for library in libraries(txn):
        root = library.path.rstrip(b"/") + b"/"
        if path.startswith(root):
            *names, name = path[len(root) :].split(b"/")
            folder: DirId | None = library.dir
            for below in names:
                folder = None if folder is None else child(txn, folder, below)
            row = None if folder is None else file_at(txn, folder, name)
            return None if row is None else row.file
    return None


def add_folder(txn: WriteTransaction, parent: DirId, name: bytes) -> DirId:
    """The folder called `name` in `parent`, known from now on. Raises LookupError where `parent` is not."""
    known = child(txn, parent, name)
    if known is not None:
        return known
    _require_folder(txn, parent)
    dir_id = DirId(txn.next_id(b"next_dir"))
    txn.put_record(Tables.DIRS, U32.pack(dir_id), DirRecord(parent, name))
    txn.put(Tables.CHILDREN, entry_key(parent, name), U32.pack(dir_id))
    return dir_id


def _require_folder(txn: ReadTransaction, dir_id: DirId) -> None:
    if txn.get(Tables.DIRS, U32.pack(dir_id)) is None:
        raise LookupError(f"there is no folder {dir_id}: it has been removed")


def set_listed(txn: WriteTransaction, dir_id: DirId, *, mtime_ns: int, dev: int, inode: int = 0) -> None:
    """The folder has been listed completely when its mtime was `mtime_ns` (0 = list it again next time)."""
    record = folder(txn, dir_id)
    mtime_ns = storable_ns(mtime_ns)
    if record is not None and (record.mtime_ns, record.dev, record.inode) != (mtime_ns, dev, inode):
        changed = msgspec.structs.replace(record, mtime_ns=mtime_ns, dev=dev, inode=inode)
        txn.put_record(Tables.DIRS, U32.pack(dir_id), changed)


def remove_folder(txn: WriteTransaction, dir_id: DirId) -> None:
    """Forget a folder and everything below it; with a library's root, the library."""
    for below in reversed(list(folders_below(txn, dir_id))):  # no recursion: folders may be nested by the thousand
        for _, row in list(files_in(txn, below)):
            remove_file(txn, row.file)
        record = folder(txn, below)
        if record is not None:
            _unlink(txn, record)
            txn.delete(Tables.DIRS, U32.pack(below))
            txn.delete(Tables.MOVED, U32.pack(below))


def _unlink(txn: WriteTransaction, record: DirRecord) -> None:
    if record.parent == NO_DIR:
        txn.delete(Tables.ROOTS, root_key(record.name))
    else:
        txn.delete(Tables.CHILDREN, entry_key(record.parent, record.name))


def relink_folder(txn: WriteTransaction, dir_id: DirId, parent: DirId, name: bytes) -> bool:
    """Hang a folder, with everything in it, elsewhere in the tree. Its photos are not told of it: see moved.py.

    What was known at the new place has been replaced by it, and is forgotten. False, and nothing is changed, where
    that cannot be: a folder that is not known, a library's root, a place that lies within the folder itself.
    """
    record = folder(txn, dir_id)
    if record is None or record.parent == NO_DIR or not _lies_elsewhere(txn, parent, dir_id):
        return False
    _unlink(txn, record)
    replaced = child(txn, parent, name)
    if replaced is not None:
        remove_folder(txn, replaced)
    txn.put(Tables.CHILDREN, entry_key(parent, name), U32.pack(dir_id))
    moved = msgspec.structs.replace(record, parent=parent, name=name)
    txn.put_record(Tables.DIRS, U32.pack(dir_id), moved)
    return True


def _lies_elsewhere(txn: ReadTransaction, dir_id: DirId, other: DirId) -> bool:
    """Claim: `dir_id` is a known folder, and neither `other` nor in it."""
    while dir_id != other:
        record = folder(txn, dir_id)
        if record is None or record.parent == NO_DIR:
            return record is not None
        dir_id = record.parent
    return False


def folders_below(txn: ReadTransaction, dir_id: DirId) -> Iterator[DirId]:
    """The folder and every folder below it."""
    waiting = [dir_id]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(below for _, below in children(txn, current))


def add_file(txn: WriteTransaction, parent: DirId, name: bytes, stat: FileStat, kind: Kind) -> FileId:
    """A file has appeared; a known path keeps its id. Raises LookupError where the folder `parent` is not known."""
    known = file_at(txn, parent, name)
    if known is not None:
        set_stat(txn, known.file, stat)
        return known.file
    _require_folder(txn, parent)
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
    """A file has been renamed or moved: it keeps its id, its photo keeps everything.

    The file that was known at the new place has been replaced by it. Raises LookupError for an unknown `parent`.
    """
    record = file(txn, file_id)
    if record is None:
        return
    _require_folder(txn, parent)
    replaced = file_at(txn, parent, name)
    if replaced is not None and replaced.file != file_id:
        remove_file(txn, replaced.file)
    if record.asset is not None:
        txn.touch(record.asset)
    txn.delete(Tables.PATHS, entry_key(record.dir, record.name))
    _put_file(txn, file_id, msgspec.structs.replace(record, dir=parent, name=name))


def remove_file(txn: WriteTransaction, file_id: FileId) -> None:
    """A file has vanished. Its photo is gone when that was the last path; it comes back with the content."""
    record = file(txn, file_id)
    if record is None:
        return
    if record.asset is not None:
        assets.detach(txn, record.asset, file_id)
    jobs.forget(txn, Subject.FILE, file_id)
    txn.delete(Tables.PATHS, entry_key(record.dir, record.name))
    txn.delete(Tables.FILES, U32.pack(file_id))
    txn.count_by(b"files", -1)


def _put_file(txn: WriteTransaction, file_id: FileId, record: FileRecord) -> None:
    row = PATH_ROW.pack(file_id, record.size, record.mtime_ns, record.inode)
    txn.put(Tables.PATHS, entry_key(record.dir, record.name), row)
    txn.put_record(Tables.FILES, U32.pack(file_id), record)
