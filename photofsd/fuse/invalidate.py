"""Makes the kernel, and those who watch folders, notice what changed behind its caches."""

from __future__ import annotations

import functools
import itertools
import logging
import queue
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Final

import pyfuse3
import trio

from photofsd.fuse.announce import Announcer, Event
from photofsd.fuse.guard import Tally
from photofsd.fuse.inode_table import InodeTable, KnownFolder
from photofsd.types import AssetId
from photofsd.vtree.inodes import photo_inode
from photofsd.vtree.node import Directory

NOTICES_MAX: Final = 50_000
"""Entries invalidated for one report, about 0.2 s of one core; the rest come true when their time-out ends."""

ANNOUNCED_MAX: Final = 500
"""Events for one report: about what a window shows."""

REPORTS_MAX: Final = 1000
LOOKUPS_A_SLICE: Final = 64

_log = logging.getLogger(__name__)


class Invalidator:
    """Tells the kernel and file managers of changes, from its own thread.

    A thread, because the kernel makes the caller wait while a request in the same folder is under way, and that
    request may be waiting for the loop. Reports are worked through in order; when they come faster than that, or are
    larger than the bounds, the rest is dropped and comes true when the kernel's memory times out (60 s).
    """

    def __init__(self, table: InodeTable, announcer: Announcer, tally: Tally) -> None:
        self._table = table
        self._tally = tally
        self.announcer = announcer
        self._reports: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._token: trio.lowlevel.TrioToken | None = None
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="photofsd-invalidator", daemon=True)

    def start(self) -> None:
        """Begin to work; called from the loop."""
        self._token = trio.lowlevel.current_trio_token()
        self._thread.start()

    def photos_changed(self, assets: Iterable[AssetId]) -> None:
        """Report photos whose content or attributes changed. From any thread."""
        self._report(functools.partial(self._forget_photos, tuple(assets)))

    def names_changed(self, *, appeared: Collection[bytes] = (), vanished: Collection[bytes] = ()) -> None:
        """Report names of photos or folders that changed their place. From any thread.

        appeared: in some folders now, perhaps no longer in others. vanished: in no folder any more.
        """
        if vanished:
            self._report(functools.partial(self._forget_names, tuple(vanished)))
        if appeared:
            self._report(functools.partial(self._announce_names, tuple(appeared)))

    def entry_changed(self, folder: int, name: bytes) -> None:
        """Report that the entry `name` of the folder with that inode may be remembered wrongly. From any thread."""
        self._report(functools.partial(_forget_entry, folder, name))

    async def stop(self, within_s: float) -> bool:
        """Drop what is left and end the thread while requests are still answered. Claim: it ended within that time."""
        self._is_stopping = True
        self._reports.put(None)
        self.announcer.stop()
        with trio.move_on_after(within_s):
            if self._token is not None:
                await trio.to_thread.run_sync(self._thread.join, abandon_on_cancel=True)
        return not self._thread.is_alive()

    def _report(self, report: Callable[[], object]) -> None:
        if self._reports.qsize() < REPORTS_MAX:
            self._reports.put(report)
        else:
            _log.info("changes come faster than the kernel can be told: some show when its memory times out")

    def _work(self) -> None:
        while (report := self._reports.get()) is not None and not self._is_stopping:
            try:
                report()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever one report does
                if not self._is_stopping:
                    self._tally.unexpected("invalidate", error)

    def _forget_photos(self, assets: tuple[AssetId, ...]) -> None:
        for asset in itertools.islice(assets, NOTICES_MAX):
            if self._is_stopping:
                return
            _forget_inode(photo_inode(asset))

    def _forget_names(self, names: tuple[bytes, ...]) -> None:
        """Invalidate the names in every known folder; where the kernel did know one, its watchers are told."""
        watched = {known.inode for known in self._table.listed_lately()}
        pairs = itertools.product(self._table.folders(), names)
        announced = 0
        for known, name in itertools.islice(pairs, NOTICES_MAX):
            if self._is_stopping:
                return
            if known.working:  # its lock is held for long: waiting for it here could outlive the process
                continue
            was_known = _forget_entry(known.inode, name)
            if was_known and known.inode in watched and announced < ANNOUNCED_MAX:
                self._announce(Event.VANISHED, known, name)
                announced += 1

    def _announce_names(self, names: tuple[bytes, ...]) -> None:
        """Tell the kernel and the watchers of the folders listed last which of the names those hold now."""
        left = ANNOUNCED_MAX
        slices = [names[start : start + LOOKUPS_A_SLICE] for start in range(0, len(names), LOOKUPS_A_SLICE)]
        for known, some in itertools.product(self._table.listed_lately(), slices):
            if left <= 0 or self._is_stopping:
                return
            if known.working or not known.node.is_ready():
                continue
            held = trio.from_thread.run_sync(held_by, known.node, some, trio_token=self._token)
            for name in some:
                event = held.get(name, Event.VANISHED)
                if event is not Event.VANISHED or _forget_entry(known.inode, name):
                    self._announce(event, known, name)
                    left -= 1

    def _announce(self, event: Event, known: KnownFolder, name: bytes) -> None:
        self.announcer.announce(event, known.inode, known.path, name)


def held_by(directory: Directory, names: Iterable[bytes]) -> dict[bytes, Event]:
    """Which of `names` the folder, which is ready, holds, with the event that says so. Runs in the loop."""
    nodes = ((name, directory.lookup(name)) for name in names)
    return {
        name: Event.FOLDER_APPEARED if isinstance(node, Directory) else Event.PHOTO_APPEARED
        for name, node in nodes
        if node is not None
    }


def _forget_inode(inode: int) -> None:
    try:
        pyfuse3.invalidate_inode(inode)
    except FileNotFoundError:
        return  # the kernel does not know it


def _forget_entry(folder: int, name: bytes) -> bool:
    """Make the kernel look `name` up anew. Claim: it knew it."""
    try:
        pyfuse3.invalidate_entry(folder, name)
    except FileNotFoundError:
        return False
    return True
