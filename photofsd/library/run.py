"""One scan of one library folder while it runs: what its parts share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from photofsd.library.changes import FileAdded
from photofsd.library.disk import Disk
from photofsd.library.outbox import Outbox
from photofsd.library.report import Progress, Tally
from photofsd.library.rules import Names, Rules
from photofsd.library.settle import Look, Settler
from photofsd.store import moved
from photofsd.types import DirId

if TYPE_CHECKING:
    from photofsd.library.listing import Found
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer


class ScanCancelled(Exception):
    """Somebody does not want the scan any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the parts of one scan share.

    is_first:  the library folder has never been scanned to the end: nothing in it can have moved.
    is_sweep:  look at every file, not only into folders that have changed.
    """

    library: bytes
    root: DirId
    store: Store
    writer: Writer
    outbox: Outbox
    disk: Disk
    rules: Rules
    settler: Settler
    clock_ns: Callable[[], int]
    vanish_guard_percent: float
    is_first: bool
    is_sweep: bool
    confirm_deletions: bool
    progress: Callable[[Progress], None] | None
    cancel: threading.Event | None
    tally: Tally = field(default_factory=Tally)

    def path(self, names: Names) -> bytes:
        """The absolute path of something in the library folder."""
        return b"/".join((self.library.rstrip(b"/"), *names)) if names else self.library

    def check_cancelled(self) -> None:
        """Raise ScanCancelled when that is so."""
        if self.cancel is not None and self.cancel.is_set():
            raise ScanCancelled

    def step(self) -> None:
        """Something has been done: tell how far the scan is. Raises ScanCancelled."""
        self.check_cancelled()
        if self.progress is not None:
            self.progress(self.tally.progress())

    def tell_moves(self) -> None:
        """Tell the photos in folders that were moved, now or by a scan that was ended. Raises ScanCancelled."""
        moved.tell(self.store, self.writer, self.step)

    def is_settled(self, names: Names, found: Found) -> bool:
        """Claim: the file may be taken. Call it once for each look at a new or changed file."""
        look = Look(found.stat.size, found.stat.mtime_ns, found.ctime_ns)
        return self.settler.is_settled((names, found.name), look, self.clock_ns())

    def add(self, names: Names, found: Found) -> None:
        """A new file is to be taken."""
        self.outbox.put(FileAdded(names, found.name, found.stat, found.kind))
        self.tally.new += 1
