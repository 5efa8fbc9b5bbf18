"""What a scan writes: small changes, and how each is made.

A change names its folder by the names below the library folder, not by its id: the folder may be made by a change
before it that is not yet committed. The writer keeps the order in which changes were put.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from photofsd.library.rules import Names
from photofsd.records import FileRecord
from photofsd.store import moved, paths, sidecars
from photofsd.store.paths import FileStat
from photofsd.types import AssetId, DirId, FileId, Kind

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction


class FolderSeen(NamedTuple):
    """A folder is there; it has not been listed yet."""

    names: Names


class FolderListed(NamedTuple):
    """A folder has been listed. mtime_ns: 0 = list it again next time."""

    names: Names
    mtime_ns: int
    dev: int
    inode: int


class FolderDoubtful(NamedTuple):
    """A folder has to be listed again next time, whatever its mtime says."""

    names: Names


class FolderGone(NamedTuple):
    """A folder has vanished; what was in it has been moved or removed before."""

    folder: DirId


class FileAdded(NamedTuple):
    """A file has appeared."""

    names: Names
    name: bytes
    stat: FileStat
    kind: Kind


class FileChanged(NamedTuple):
    """A known file has another content, as far as size and mtime tell."""

    file: FileId
    stat: FileStat


class FileRenumbered(NamedTuple):
    """A known file has another inode and nothing else: restored from a backup, or the file system numbers anew."""

    file: FileId
    stat: FileStat


class FileMoved(NamedTuple):
    """A known file has been renamed or moved."""

    file: FileId
    names: Names
    name: bytes


class FileGone(NamedTuple):
    """A known file has vanished."""

    file: FileId


Change: TypeAlias = (
    FolderSeen
    | FolderListed
    | FolderDoubtful
    | FolderGone
    | FileAdded
    | FileChanged
    | FileRenumbered
    | FileMoved
    | FileGone
)


@dataclass(frozen=True, slots=True)
class Effects:
    """What follows from a change beyond the library: the pipeline's policy, given by the composition root.

    on_file:    queue what is to be done with a new or changed file: (transaction, file, priority).
    on_sidecar: the metadata of these photos is to be read again: (transaction, assets).
    Both are called inside the transaction of the change and may be called again for the same one.
    """

    on_file: Callable[[WriteTransaction, FileId, int], None]
    on_sidecar: Callable[[WriteTransaction, frozenset[AssetId]], None]


class Changes:
    """Applies changes within one transaction. A fresh one a transaction: it remembers the folders that it met."""

    def __init__(self, txn: WriteTransaction, root: DirId, effects: Effects, priority: int) -> None:
        self._txn = txn
        self._effects = effects
        self._priority = priority
        self._folders: dict[Names, DirId] = {(): root}

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply them in their order."""
        for change in changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        match change:
            case FileAdded():
                self._add(change)
            case FileChanged(file, stat):
                self._change(file, stat)
            case FileRenumbered(file, stat):
                paths.set_stat(self._txn, file, stat)
            case FileMoved():
                self._move(change)
            case FileGone(file):
                self._remove(file)
            case FolderSeen(names):
                self._folder(names)
            case FolderListed(names, mtime_ns, dev, inode):
                self._list(names, mtime_ns=mtime_ns, dev=dev, inode=inode)
            case FolderDoubtful(names):
                self._doubt(names)
            case FolderGone(folder):
                paths.remove_folder(self._txn, folder)
                self._forget_folders()

    def _folder(self, names: Names) -> DirId:
        """The folder, made where it is not known."""
        folder, unmet = self._nearest(names)
        for depth in range(len(names) - unmet, len(names)):
            folder = self._folders[names[: depth + 1]] = paths.add_folder(self._txn, folder, names[depth])
        return folder

    def _known_folder(self, names: Names) -> DirId | None:
        """The folder, where it has not been removed meanwhile."""
        folder, unmet = self._nearest(names)
        for depth in range(len(names) - unmet, len(names)):
            child = paths.child(self._txn, folder, names[depth])
            if child is None:
                return None
            folder = self._folders[names[: depth + 1]] = child
        return folder

    def _nearest(self, names: Names) -> tuple[DirId, int]:
        """The nearest folder on the way up that this transaction has met, and how many names it is away."""
        depth = len(names)
        while names[:depth] not in self._folders:
            depth -= 1
        return self._folders[names[:depth]], len(names) - depth

    def _forget_folders(self) -> None:
        self._folders = {(): self._folders[()]}

    def _add(self, change: FileAdded) -> None:
        folder = self._folder(change.names)
        file = paths.add_file(self._txn, folder, change.name, change.stat, change.kind)
        self._tell(file, change.kind, folder, change.name)

    def _change(self, file: FileId, stat: FileStat) -> None:
        record = paths.file(self._txn, file)
        if record is not None:
            paths.set_stat(self._txn, file, stat)
            self._tell(file, record.kind, record.dir, record.name)

    def _move(self, change: FileMoved) -> None:
        record = paths.file(self._txn, change.file)
        if record is None:
            return
        folder = self._folder(change.names)
        if paths.file_at(self._txn, folder, change.name) is not None:
            self._remove(change.file)
            return
        paths.move_file(self._txn, change.file, folder, change.name)
        for place, name in ((record.dir, record.name), (folder, change.name)):
            self._tell_of_place(record, place, name)

    def _remove(self, file: FileId) -> None:
        record = paths.file(self._txn, file)
        if record is not None:
            paths.remove_file(self._txn, file)
            self._tell_of_place(record, record.dir, record.name)

    def _list(self, names: Names, *, mtime_ns: int, dev: int, inode: int) -> None:
        folder = self._known_folder(names)
        if folder is not None:
            paths.set_listed(self._txn, folder, mtime_ns=mtime_ns, dev=dev, inode=inode)

    def _doubt(self, names: Names) -> None:
        folder = self._known_folder(names)
        record = paths.folder(self._txn, folder) if folder is not None else None
        if record is not None:
            self._list(names, mtime_ns=0, dev=record.dev, inode=record.inode)

    def move_folder(self, folder: DirId, names: Names) -> bool:
        """A known folder has been renamed or moved to `names`; False where it cannot be there as far as we know."""
        has_moved = moved.move_folder(self._txn, folder, self._folder(names[:-1]), names[-1])
        self._forget_folders()
        return has_moved

    def _tell(self, file: FileId, kind: Kind, folder: DirId, name: bytes) -> None:
        if kind is Kind.SIDECAR:
            self._tell_photos(folder, name)
        else:
            self._effects.on_file(self._txn, file, self._priority)

    def _tell_of_place(self, record: FileRecord, folder: DirId, name: bytes) -> None:
        """A file has come to that place, or left it: what sidecars say of its photo, or it of photos, is another."""
        if record.kind is Kind.SIDECAR:
            self._tell_photos(folder, name)
        elif record.asset is not None and sidecars.speak_of(self._txn, folder, name):
            self._effects.on_sidecar(self._txn, frozenset({record.asset}))

    def _tell_photos(self, folder: DirId, sidecar: bytes) -> None:
        photos = sidecars.photos_of(self._txn, folder, sidecar)
        if photos:
            self._effects.on_sidecar(self._txn, photos)
