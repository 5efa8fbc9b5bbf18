"""A walk through a library folder: what of it is not as the store says.

A known folder is read again only when its own mtime, file system or inode has changed, or when it was read so shortly
after its last change that another one could carry the same mtime (the racily clean entries of git, see its
Documentation/technical/racy-git.adoc). Rewriting a file in place does not change its folder: only a sweep sees that.

The walk holds one open folder at a time and a stack of names; what it finds new or changed goes straight to the
writer, except where it could be one half of a move (see vanished.py).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pyroaring import BitMap

from photofsd.display import shown
from photofsd.library.changes import FileChanged, FileRenumbered, FolderDoubtful, FolderListed, FolderSeen
from photofsd.library.disk import GONE
from photofsd.library.listing import Found, Listing
from photofsd.library.marker import count_present, known_names
from photofsd.library.renames import Renames
from photofsd.library.rules import Names
from photofsd.library.run import Run
from photofsd.library.vanished import Arrival, Vanished
from photofsd.records import DirRecord
from photofsd.store import paths
from photofsd.store.keys import storable_ns
from photofsd.store.paths import PathRow
from photofsd.types import DirId, FileId

RACY_NS: Final = 2_000_000_000
"""Coarsest step of an mtime (FAT counts in two seconds)."""

ARRIVALS_MAX: Final = 100_000
"""New files that are kept back for matching with vanished ones; about 350 bytes each."""


class Visit(NamedTuple):
    """A folder to be looked at.

    folder:       its id, None = not known before. must_list: read it even if it looks unchanged.
    goes_deeper:  look at its known sub-folders too; new ones are always looked at.
    parent_dev:   st_dev of its parent as last recorded, 0 = not known.
    """

    names: Names
    folder: DirId | None
    must_list: bool = False
    goes_deeper: bool = True
    parent_dev: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store says of a folder; of a new one, nothing."""

    record: DirRecord
    children: Mapping[bytes, DirId]


_NOTHING: Final = _Known(DirRecord(DirId(0), b""), {})


class Walk:
    """One walk. What it could not settle by itself is for Resolution.

    vanished:  what is known and was not found. arrivals: new files that may be part of a move.
    doubtful:  folders that must be listed again next time.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._renames = Renames(run.store, run.disk, run.root)
        self._waiting: list[Visit] = []
        self._visited: set[Names] = set()
        self._moved: dict[DirId, Names] = {}
        self._unsettled_in: set[Names] = set()
        self._unsure: set[Names] = set()
        self.vanished = Vanished()
        self.arrivals: list[Arrival] = []
        self._listed: dict[Names, FolderListed] = {}
        self.doubtful: set[Names] = set()

    def walk(self, starts: Iterable[Visit]) -> None:
        """Look at the folders and at what is below them. Raises StoreError, StoreFull, ScanCancelled."""
        starts = list(starts)
        self._visited = {visit.names for visit in starts}
        for start in starts:
            self._visit(start)
            while self._waiting:
                self._visit(self._waiting.pop())

    def closing_changes(self) -> Iterator[FolderListed | FolderDoubtful]:
        """What is to be written when everything that vanished has been dealt with."""
        for names, listed in self._listed.items():
            yield listed._replace(mtime_ns=0) if names in self.doubtful else listed
        for names in self.doubtful - self._listed.keys():
            yield FolderDoubtful(names)

    def _push(self, visit: Visit) -> None:
        if visit.names not in self._visited:
            self._waiting.append(visit)

    def _visit(self, visit: Visit) -> None:
        self._run.tally.folders += 1
        self._run.step()
        if visit.folder is not None and self._moved.get(visit.folder, visit.names) != visit.names:
            visit = visit._replace(folder=None)
        known = self._known(visit.folder)
        try:
            status = self._status(visit.names)
            if status is None:
                self._missing_folder(visit)
            elif self._is_mount_away(visit, known.record, status):
                self._hold_mount(visit.names)
            elif not visit.must_list and self._is_unchanged(known.record, status):
                self._unchanged(visit, known)
            else:
                self._list(visit, known, status)
        except OSError as error:
            if error.errno in GONE and visit.names:  # moved or removed since it was looked at
                self._missing_folder(visit)
            else:
                self._unreadable(visit, error)

    def _known(self, folder: DirId | None) -> _Known:
        if folder is None:
            return _NOTHING
        with self._run.store.read() as txn:
            record = paths.folder(txn, folder)
            return _NOTHING if record is None else _Known(record, dict(paths.children(txn, folder)))

    def _status(self, names: Names) -> os.stat_result | None:
        """What stat() says of a folder; None where there is none. Only the library folder itself may be a link."""
        if not names:
            return self._run.disk.stat(self._run.library)
        status = self._run.disk.find(self._run.path(names))
        return status if status is not None and stat.S_ISDIR(status.st_mode) else None

    def _missing_folder(self, visit: Visit) -> None:
        if visit.folder is not None:
            self.vanished.folders.add(visit.folder)
            self.doubtful.add(visit.names[:-1])

    def _is_unchanged(self, record: DirRecord, status: os.stat_result) -> bool:
        then = (record.mtime_ns, record.dev, record.inode)
        now = (storable_ns(status.st_mtime_ns), status.st_dev, status.st_ino)
        return record.mtime_ns != 0 and then == now and not self._run.is_sweep

    def _is_mount_away(self, visit: Visit, record: DirRecord, status: os.stat_result) -> bool:
        """Claim: a file system was mounted here, another is now, and it lacks most of what is known in the folder."""
        was_mount = 0 not in {record.dev, visit.parent_dev} and record.dev != visit.parent_dev
        if not was_mount or status.st_dev == record.dev or visit.folder is None or self._run.confirm_deletions:
            return False
        with self._run.store.read() as txn:
            names = known_names(txn, visit.folder)
        return count_present(self._run.disk, self._run.path(visit.names), names) * 2 < len(names)

    def _hold_mount(self, names: Names) -> None:
        self._run.tally.alert(
            f"{shown(self._run.path(names))} lies on another file system than before and lacks most of what was in it: "
            f"its photos are kept until the mount is back "
            f"(if it is gone for good: `photofsd scan --confirm-deletions`)"
        )

    def _unreadable(self, visit: Visit, error: OSError) -> None:
        """Nothing is known of what is in the folder now, so nothing in it has vanished."""
        self._run.tally.alert(f"{shown(self._run.path(visit.names))} cannot be read: {error.strerror}; kept as it was")

    def _unchanged(self, visit: Visit, known: _Known) -> None:
        for name, child in known.children.items():
            if not self._run.rules.enters((*visit.names, name)):
                self.vanished.folders.add(child)
            elif visit.goes_deeper:
                self._push(Visit((*visit.names, name), child, parent_dev=known.record.dev))

    def _list(self, visit: Visit, known: _Known, status: os.stat_result) -> None:
        started_ns = self._run.clock_ns()
        listing = Listing(self._run.disk, self._run.rules, self._run.path(visit.names), visit.names)
        seen = BitMap()
        for chunk in listing.chunks():
            self._run.step()
            self._compare(visit, chunk, seen)
        self._run.tally.listed += 1
        self._tell_troubles(visit.names, listing)
        self._note_lost(visit, known, listing, seen)
        self._sub_folders(visit, known, listing.folders)
        mtime_ns = status.st_mtime_ns if status.st_mtime_ns < started_ns - RACY_NS else 0
        listed = FolderListed(visit.names, mtime_ns, status.st_dev, status.st_ino)
        if visit.names in self._unsure or visit.names in self.doubtful:
            self._listed[visit.names] = listed
        else:
            self._run.outbox.put(listed)

    def _compare(self, visit: Visit, chunk: Sequence[Found], seen: BitMap) -> None:
        self._run.tally.files += len(chunk)
        for found, row in zip(chunk, self._rows(visit.folder, chunk), strict=True):
            if row is None:
                self._arrived(visit.names, found)
                continue
            seen.add(row.file)
            if (row.size, row.mtime_ns) != (found.stat.size, found.stat.mtime_ns):
                self._changed(visit.names, found, row.file)
            elif row.inode != found.stat.inode:
                self._run.outbox.put(FileRenumbered(row.file, found.stat))

    def _rows(self, folder: DirId | None, chunk: Sequence[Found]) -> list[PathRow | None]:
        if folder is None:
            return [None] * len(chunk)
        with self._run.store.read() as txn:
            return [paths.file_at(txn, folder, found.name) for found in chunk]

    def _arrived(self, names: Names, found: Found) -> None:
        is_settled = self._run.is_settled(names, found)
        if not is_settled:
            self._unsettled(names)
        if self._run.is_first:
            if is_settled:
                self._run.add(names, found)
            return
        self._unsure.add(names)
        self.arrivals.append(Arrival(names, found, is_settled))
        if len(self.arrivals) >= ARRIVALS_MAX:
            self._let_go()

    def _let_go(self) -> None:
        """Too many to be kept back: those among them that have moved will be known by their content."""
        for arrival in self.arrivals:
            if arrival.is_settled:
                self._run.add(arrival.names, arrival.found)
        self.arrivals.clear()

    def _changed(self, names: Names, found: Found, file: FileId) -> None:
        if self._run.is_settled(names, found):
            self._run.outbox.put(FileChanged(file, found.stat))
            self._run.tally.changed += 1
        else:
            self._unsettled(names)

    def _unsettled(self, names: Names) -> None:
        if names not in self._unsettled_in:
            self._unsettled_in.add(names)
            self.doubtful.add(names)
            self._run.tally.unsettled.append(self._run.path(names))

    def _tell_troubles(self, names: Names, listing: Listing) -> None:
        """Entries that are there but cannot be looked at. They will be missed, and kept when that is looked into."""
        for name, error in listing.troubles:
            self._run.tally.alert(f"{shown(self._run.path((*names, name)))} cannot be read: {error.strerror}")
            self.doubtful.add(names)

    def _note_lost(self, visit: Visit, known: _Known, listing: Listing, seen: BitMap) -> None:
        """What is known to be in the folder and was not found."""
        found = set(listing.folders)
        folders = [child for name, child in known.children.items() if name not in found]
        files = BitMap()
        if visit.folder is not None:
            with self._run.store.read() as txn:
                files.update(row.file for _, row in paths.files_in(txn, visit.folder))
            files -= seen
        self.vanished.folders.update(folders)
        self.vanished.files |= files
        if files or folders:
            self._unsure.add(visit.names)

    def _sub_folders(self, visit: Visit, known: _Known, found: Sequence[bytes]) -> None:
        for name in found:
            names = (*visit.names, name)
            child = known.children.get(name)
            if child is None:
                self._new_folder(names)
            elif visit.goes_deeper:
                self._push(Visit(names, child, parent_dev=known.record.dev))

    def _new_folder(self, names: Names) -> None:
        """A folder of an unknown name: one that has moved, or a new one. Its row is written before its parent's."""
        former = None if self._run.is_first else self._former(names)
        if former is not None and self._run.outbox.move_folder(former, names):
            self._run.tell_moves()
            self._moved[former] = names
            self.vanished.folders.discard(former)
            self._push(Visit(names, former))
        else:
            self._run.outbox.put(FolderSeen(names))
            self._push(Visit(names, None))

    def _former(self, names: Names) -> DirId | None:
        try:
            status = self._status(names)
            return None if status is None else self._renames.former(self._run.path(names), status)
        except OSError:  # it is visited next, and says so then
            return None
