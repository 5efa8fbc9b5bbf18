"""Scanning: the truth about a library folder, as opposed to what the watcher hints at.

For the daemon
--------------
One `Scanner` a library folder, kept as long as the daemon lives (it remembers files that must settle). `scan` blocks on
the disk, so it runs in a thread, one scan of a scanner at a time; scanners of several folders may run side by side.

    scanner = Scanner(folder, store, writer, options=..., rules=..., effects=...)
    report = await trio.to_thread.run_sync(partial(scanner.scan, cancel=event), abandon_on_cancel=True)

`scan()`                     every folder; only those whose mtime has changed are read. Every `scan_interval_s`.
`scan(sweep=True)`           every file. Nightly; changed rules take effect for known folders then, at the latest.
`scan(folders=hint.folders)` what the watcher found dirty (see watch.py): those folders, and new ones in them.
`scan(folders=[PATH], is_recursive=True)`   `photofsd scan PATH`.
`scan(confirm_deletions=True)`              `photofsd scan --confirm-deletions`.

Afterwards: `report.unsettled` are folders to be given to `scan` again after `settle_s`; `report.alerts` go to the
status. A scan that a dead NAS holds in a system call cannot be ended; abandon its thread and start no other.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from photofsd.library import marker
from photofsd.library.changes import Effects
from photofsd.library.disk import Disk
from photofsd.library.marker import Lookout, Offline, Verdict, believed, offline_line
from photofsd.library.outbox import Outbox
from photofsd.library.report import Progress, ScanReport, Tally
from photofsd.library.rules import Names, Rules
from photofsd.library.run import Run, ScanCancelled
from photofsd.library.settle import Settler
from photofsd.library.vanished import Resolution
from photofsd.library.walk import Visit, Walk
from photofsd.media.sniff import LOOKED_FOR
from photofsd.records import LibraryRecord
from photofsd.store import paths
from photofsd.store.jobs import BACKLOG, NEW
from photofsd.types import DirId

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction
    from photofsd.store.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What of the configuration a scan needs.

    vanish_guard_percent: more than this share of the files gone at once is not believed.
    marker: name of the user's marker file, empty = none. look_timeout_s: then a folder counts as offline.
    """

    settle_s: float = 2.0
    vanish_guard_percent: float = 20.0
    marker: bytes = b""
    look_timeout_s: float = 10.0


class Scanner:
    """Scans one library folder and writes what it finds.

    library:  absolute path. effects: what follows from new and changed files.
    disk, clock_ns: for tests that make disks fail and time pass.
    """

    def __init__(
        self,
        library: bytes,
        store: Store,
        writer: Writer,
        *,
        effects: Effects,
        rules: Rules,
        options: ScanOptions,
        disk: Disk | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._library = library
        self._store = store
        self._writer = writer
        self._effects = effects
        self._rules = rules
        self._options = options
        self._disk = disk or Disk()
        self._clock_ns = clock_ns
        self._settler = Settler(options.settle_s)
        self._lookout = Lookout(self._disk, marker=options.marker, timeout_s=options.look_timeout_s)

    def scan(
        self,
        *,
        folders: Collection[bytes] | None = None,
        is_recursive: bool = False,
        sweep: bool = False,
        confirm_deletions: bool = False,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> ScanReport:
        """Find out what has changed and write it.

        folders:           absolute paths of the only ones to look at, None = all. One that is gone is looked for in
                           its parent. is_recursive: with everything below them, otherwise only new folders are entered.
        sweep:             look at every file, not only into folders that have changed.
        confirm_deletions: believe that what is missing is gone, however much it is.
        progress:          called in this thread for every folder and every thousand files.
        cancel:            when set, the scan ends soon; what it found is written, and nothing has vanished.
        Raises StoreError, StoreFull. What the file system does is in the report.
        """
        record = self._writer.run(lambda txn: paths.add_library(txn, self._library))
        verdict = self._look(record)
        online = believed(verdict, confirm_deletions=confirm_deletions)
        if online is None:
            return self._offline(verdict, Tally())
        record = self._update(is_online=True, fsid=online.fsid, has_marker=online.has_marker)
        run = Run(
            library=self._library,
            root=record.dir,
            store=self._store,
            writer=self._writer,
            outbox=Outbox(self._writer, record.dir, self._effects, NEW if record.scanned_ns else BACKLOG),
            disk=self._disk,
            rules=self._rules,
            settler=self._settler,
            clock_ns=self._clock_ns,
            vanish_guard_percent=self._options.vanish_guard_percent,
            is_first=not record.scanned_ns,
            is_sweep=sweep or (folders is None and record.looked_for != LOOKED_FOR),
            confirm_deletions=confirm_deletions,
            progress=progress,
            cancel=cancel,
        )
        try:
            return self._scan(run, folders, is_recursive=is_recursive)
        except ScanCancelled:
            run.outbox.drain()
            return run.tally.report(self._library)

    def _scan(self, run: Run, folders: Collection[bytes] | None, *, is_recursive: bool) -> ScanReport:
        run.tell_moves()
        walk = Walk(run)
        walk.walk([Visit((), run.root)] if folders is None else self._starts(run, folders, is_recursive=is_recursive))
        run.outbox.drain()
        if walk.vanished:
            verdict = self._look(self._record())
            if believed(verdict, confirm_deletions=run.confirm_deletions) is None:
                return self._offline(verdict, run.tally)
        Resolution(run, walk.arrivals, walk.doubtful).resolve(walk.vanished)
        for change in walk.closing_changes():
            run.outbox.put(change)
        run.outbox.drain()
        is_whole = folders is None
        if is_whole:
            self._finish(run)
        return run.tally.report(self._library, is_complete=is_whole)

    def _finish(self, run: Run) -> None:
        now_ns = self._clock_ns()
        if run.is_sweep or run.is_first:
            self._update(scanned_ns=now_ns, swept_ns=now_ns, looked_for=LOOKED_FOR)
        else:
            self._update(scanned_ns=now_ns)

    def _look(self, record: LibraryRecord) -> Verdict:
        with self._store.read() as txn:
            known = marker.remembered(txn, record)
        return self._lookout.look(self._library, known)

    def _offline(self, verdict: Verdict, tally: Tally) -> ScanReport:
        if isinstance(verdict, Offline):
            tally.alert(offline_line(self._library, verdict))
        self._update(is_online=False)
        return tally.report(self._library, is_online=False)

    def _record(self) -> LibraryRecord:
        with self._store.read() as txn:
            return _known_library(txn, self._library)

    def _update(self, **fields: int) -> LibraryRecord:
        """Change fields of the library's record, where they are not so already."""
        record = self._record()
        changed = msgspec.structs.replace(record, **fields)
        if changed != record:
            self._writer.run(lambda txn: paths.put_library(txn, changed))
        return changed

    def _starts(self, run: Run, folders: Iterable[bytes], *, is_recursive: bool) -> list[Visit]:
        """Where to begin: each folder, or its nearest parent that is there and known."""
        starts: dict[Names, Visit] = {}
        for path in folders:
            names = self._names(path)
            if names is None or not self._rules.enters_all(names):
                continue
            there = self._nearest(run, names)
            with self._store.read() as txn:
                visit = _visit_of_known(txn, run.root, there)
            goes_deeper = is_recursive and visit.names == names
            starts.setdefault(visit.names, visit._replace(must_list=True, goes_deeper=goes_deeper))
        return sorted(starts.values())

    def _names(self, path: bytes) -> Names | None:
        """The names of a path below the library folder; None for a path elsewhere."""
        path = os.path.normpath(path)
        prefix = self._library.rstrip(b"/") + b"/"
        if path == self._library:
            return ()
        return tuple(path[len(prefix) :].split(b"/")) if path.startswith(prefix) else None

    def _nearest(self, run: Run, names: Names) -> Names:
        """The folder itself or its nearest parent that is there. What cannot be told is taken for there."""
        while names:
            try:
                status = self._disk.find(run.path(names))
            except OSError:
                break
            if status is not None and stat.S_ISDIR(status.st_mode):
                break
            names = names[:-1]
        return names


def _known_library(txn: ReadTransaction, library: bytes) -> LibraryRecord:
    record = paths.library(txn, library)
    if record is None:
        raise LookupError(f"library folder {library!r} without its record")
    return record


def _visit_of_known(txn: ReadTransaction, root: DirId, names: Names) -> Visit:
    """A visit to the folder, or to its nearest parent that is known."""
    folder, parent_dev = root, 0
    for depth, name in enumerate(names):
        child = paths.child(txn, folder, name)
        if child is None:
            return Visit(names[:depth], folder, parent_dev=parent_dev)
        record = paths.folder(txn, folder)
        folder, parent_dev = child, record.dev if record is not None else 0
    return Visit(names, folder, parent_dev=parent_dev)
