"""What is known but was not found: moved, gone, or too much at once to be believed.

Nothing is taken for gone because a listing lacked it. Each candidate is looked for by its path once more; then files
are matched with new ones by size, mtime and inode (a move: nothing is processed again); and only then, if no more than
the configured share of the library is gone at once, are they removed.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pyroaring import BitMap

from photofsd.display import shown
from photofsd.library.changes import FileGone, FileMoved, FolderGone
from photofsd.library.listing import Found
from photofsd.library.rules import Names
from photofsd.library.spelling import folded
from photofsd.records import FileRecord
from photofsd.store import paths
from photofsd.store.paths import FileStat
from photofsd.types import DirId, FileId, Kind

if TYPE_CHECKING:
    from photofsd.library.run import Run
    from photofsd.store.transaction import ReadTransaction

_READ_AT_ONCE: Final = 500

_Key: TypeAlias = tuple[FileStat, Kind]


class Arrival(NamedTuple):
    """A file at a path that is not known. Until it has settled it may only be taken for one that has moved."""

    names: Names
    found: Found
    is_settled: bool


class Vanished:
    """What a walk did not find where it is known to be; FileIds and DirIds."""

    def __init__(self) -> None:
        self.files = BitMap()
        self.folders = BitMap()

    def __bool__(self) -> bool:
        return bool(self.files or self.folders)


class Resolution:
    """Decides what has become of everything that vanished, and of the new files that may be part of it.

    doubtful: folders whose listing is not to be relied on next time; what is kept despite its absence adds to it.
    """

    def __init__(self, run: Run, arrivals: Sequence[Arrival], doubtful: set[Names]) -> None:
        self._run = run
        self._doubtful = doubtful
        self._arrivals: dict[_Key, list[Arrival]] = {}
        for arrival in arrivals:
            self._arrivals.setdefault((arrival.found.stat, arrival.found.kind), []).append(arrival)
        self._spellings = {(each.names, each.found.stat.inode, folded(each.found.name)) for each in arrivals}
        self._gone = BitMap()
        self._gone_folders: list[DirId] = []
        self._gone_from: set[Names] = set()

    def resolve(self, vanished: Vanished) -> None:
        """Move, remove or hold what vanished; then add the settled rest of the arrivals."""
        self._gone |= self._files_gone(vanished.files)
        for folder in vanished.folders:
            self._look_for_folder(DirId(folder))
        self._match_moves()
        if self._is_too_much():
            self._hold()
        else:
            self._remove()
        self._add_arrivals()

    def _files_gone(self, candidates: BitMap) -> BitMap:
        gone = BitMap()
        for records in self._records(candidates):
            for file, record, names in records:
                if self._is_gone(names, record.name):
                    gone.add(file)
                    self._gone_from.add(names)
                else:
                    self._doubtful.add(names)
        return gone

    def _records(self, files: BitMap) -> Iterator[list[tuple[FileId, FileRecord, Names]]]:
        """The files that are still known, with the names of their folders, some at a time."""
        waiting = iter(files)
        while chunk := list(itertools.islice(waiting, _READ_AT_ONCE)):
            self._run.check_cancelled()
            with self._run.store.read() as txn:
                records = list(_known_files(txn, chunk))
            yield records

    def _is_gone(self, names: Names, name: bytes) -> bool:
        if self._run.rules.kind_of(names, name) is None:
            return True
        return self._is_absent((*names, name), is_folder=False) or self._is_respelled(names, name)

    def _is_respelled(self, names: Names, name: bytes) -> bool:
        """Claim: the file is there still only because the file system does not tell two spellings of its name apart."""
        try:
            status = self._run.disk.find(self._run.path((*names, name)))
        except OSError:
            return False
        return status is not None and (names, status.st_ino, folded(name)) in self._spellings

    def _is_absent(self, names: Names, *, is_folder: bool) -> bool:
        """Claim: nothing of that kind has that path. What cannot be told is taken for there."""
        try:
            status = self._run.disk.find(self._run.path(names))
        except OSError:
            return False
        is_kind = stat.S_ISDIR if is_folder else stat.S_ISREG
        return status is None or not is_kind(status.st_mode)

    def _look_for_folder(self, folder: DirId) -> None:
        with self._run.store.read() as txn:
            record = paths.folder(txn, folder)
            if record is None:
                return
            names = tuple(paths.names_below_root(txn, folder))
            mount = _mount_in(txn, folder)
        parent = names[:-1]
        if self._run.rules.enters(names) and not self._is_absent(names, is_folder=True):
            self._doubtful.add(parent)
        elif mount is not None and not self._run.confirm_deletions:
            self._doubtful.add(parent)
            self._run.tally.alert(
                f"{shown(mount)} is not there, and was a mount: its photos are kept until it is back "
                f"(if it is gone for good: `photofsd scan --confirm-deletions`)"
            )
        else:
            self._take_for_gone(folder)
            self._gone_from.add(parent)

    def _take_for_gone(self, folder: DirId) -> None:
        with self._run.store.read() as txn:
            below = list(paths.folders_below(txn, folder))
        self._gone_folders += below
        for each in below:
            with self._run.store.read() as txn:
                self._gone.update(row.file for _, row in paths.files_in(txn, each))

    def _match_moves(self) -> None:
        if not self._arrivals:
            return
        moved = BitMap()
        for records in self._records(self._gone):
            for file, record, _ in records:
                stat_then = FileStat(record.size, record.mtime_ns, record.inode)
                same = self._arrivals.get((stat_then, record.kind))
                if same:
                    arrival = same.pop()
                    self._run.outbox.put(FileMoved(file, arrival.names, arrival.found.name))
                    moved.add(file)
        self._run.tally.moved += len(moved)
        self._gone -= moved

    def _is_too_much(self) -> bool:
        """Claim: more than the allowed share of what is known has gone at once. Counts no further than it must."""
        if self._run.confirm_deletions or not self._gone:
            return False
        enough = len(self._gone) * 100
        known = 0
        with self._run.store.read() as txn:
            folders = list(paths.folders_below(txn, self._run.root))
        for folder in folders:
            with self._run.store.read() as txn:
                known += sum(1 for _ in paths.files_in(txn, folder))
            if known * self._run.vanish_guard_percent >= enough:
                return False
        return True

    def _hold(self) -> None:
        held = len(self._gone)
        self._run.tally.held += held
        self._doubtful |= self._gone_from
        self._run.tally.alert(
            f"{held:,} files of {shown(self._run.library)} are gone, more than {self._run.vanish_guard_percent:g} % at "
            f"once: they are kept until they are back (if they are gone for good: `photofsd scan --confirm-deletions`)"
        )

    def _remove(self) -> None:
        for file in self._gone:
            self._run.check_cancelled()
            self._run.outbox.put(FileGone(FileId(file)))
        for folder in reversed(self._gone_folders):
            self._run.outbox.put(FolderGone(folder))
        self._run.tally.gone += len(self._gone)

    def _add_arrivals(self) -> None:
        for same in self._arrivals.values():
            for arrival in same:
                if arrival.is_settled:
                    self._run.add(arrival.names, arrival.found)


def _known_files(txn: ReadTransaction, files: Iterable[int]) -> Iterator[tuple[FileId, FileRecord, Names]]:
    folders: dict[DirId, Names] = {}
    for number in files:
        record = paths.file(txn, FileId(number))
        if record is not None:
            if record.dir not in folders:
                folders[record.dir] = tuple(paths.names_below_root(txn, record.dir))
            yield FileId(number), record, folders[record.dir]


def _mount_in(txn: ReadTransaction, top: DirId) -> bytes | None:
    """The path of a folder, `top` or below it, that lay on another file system than its parent."""
    for folder in paths.folders_below(txn, top):
        record = paths.folder(txn, folder)
        parent = paths.folder(txn, record.parent) if record is not None else None
        if record is not None and parent is not None and 0 not in {record.dev, parent.dev} and record.dev != parent.dev:
            return paths.folder_path(txn, folder)
    return None
