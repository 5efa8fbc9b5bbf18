"""Makes the kernel, and those who watch folders, notice what changed behind its caches."""

from __future__ import annotations

import enum
import functools
import itertools
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import pyfuse3
import trio

from photofsd.fuse.announce import Announcer, Event
from photofsd.fuse.guard import Tally
from photofsd.fuse.inode_table import InodeTable, KnownFolder
from photofsd.types import AssetId
from photofsd.vtree.inodes import photo_inode, rendered_inode
from photofsd.vtree.node import Directory

NOTICES_MAX: Final = 50_000
"""Entries invalidated for one report, about 0.2 s of one core; the rest come true when their time-out ends."""

ANNOUNCED_MAX: Final = 500
"""Events that wait to be emitted, and names looked at for one report: about what a window shows."""

REPORTS_MAX: Final = 1000
LOOKUPS_A_SLICE: Final = 64

_log = logging.getLogger(__name__)


class Invalidator:
    """Tells the kernel and file managers of changes, from its own thread.

    A thread, because the kernel makes the caller wait while a request in the same folder is under way, and that
    request may be waiting for the loop. One thread, so that it never waits for a request of its own announcer. Reports
    come first, in order, events when there are none. What exceeds the bounds is dropped: names and attributes come
    true when the kernel's memory times out (60 s), and watchers have to be refreshed by hand.
    """

    def __init__(self, table: InodeTable, announcer: Announcer, tally: Tally) -> None:
        self._table = table
        self._tally = tally
        self.announcer = announcer
        self._reports: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._events: deque[tuple[Event, KnownFolder, bytes]] = deque(maxlen=ANNOUNCED_MAX)
        self._token: trio.lowlevel.TrioToken | None = None
        self._is_full = False
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
            self._report(functools.partial(self._look_for_names, tuple(itertools.islice(appeared, ANNOUNCED_MAX))))

    def folders_changed(self, renamed: Collection[bytes], emptied: Collection[bytes] = ()) -> None:
        """Report names of folders that do not stand for what they did, in some folders or in all. From any thread.

        renamed: that came, went, or stand for something else. emptied: that hold much less than they did.
        """
        names = frozenset(itertools.islice(itertools.chain(renamed, emptied), ANNOUNCED_MAX))
        if names:
            self._report(functools.partial(self._look_for_folders, names, frozenset(emptied)))

    def entry_changed(self, folder: int, name: bytes) -> None:
        """Report that the entry `name` of the folder with that inode may be remembered wrongly. From any thread."""
        self._report(functools.partial(self._look_for_entry, folder, name))

    async def stop(self, within_s: float) -> bool:
        """Drop what is left and end the thread while requests are still answered. Claim: it ended within that time."""
        self._is_stopping = True
        self._reports.put(lambda: None)  # it may be waiting for one
        self.announcer.stop()
        with trio.move_on_after(within_s):
            if self._token is not None:
                await trio.to_thread.run_sync(self._thread.join, abandon_on_cancel=True)
        return not self._thread.is_alive()

    def _report(self, report: Callable[[], object]) -> None:
        is_full = self._reports.qsize() >= REPORTS_MAX
        if not is_full:
            self._reports.put(report)
        elif not self._is_full:
            _log.info("changes come faster than the kernel can be told: some show when its memory times out")
        self._is_full = is_full

    def _work(self) -> None:
        while not self._is_stopping:
            try:
                self._do_next()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever one report does
                if not self._is_stopping:
                    self._tally.unexpected("invalidate", error)

    def _do_next(self) -> None:
        """Work through one report, or emit one event when there is none; wait when there is neither."""
        try:
            report = self._reports.get(block=not self._events)
        except queue.Empty:
            event, known, name = self._events.popleft()
            self.announcer.announce(event, known.inode, known.path, name)
        else:
            report()

    def _forget_photos(self, assets: tuple[AssetId, ...]) -> None:
        for asset in itertools.islice(assets, NOTICES_MAX):
            if self._is_stopping:
                return
            _forget_inode(photo_inode(asset))
            _forget_inode(rendered_inode(asset))

    def _forget_names(self, names: tuple[bytes, ...]) -> None:
        """Invalidate the names in every known folder; where the kernel did know one, its watchers are told."""
        watched = {known.inode for known in self._table.listed_lately()}
        pairs = itertools.product(self._table.folders(), names)
        for known, name in itertools.islice(pairs, NOTICES_MAX):
            if self._is_stopping:
                return
            if known.working:  # its lock is held for long: waiting for it here could outlive the process
                continue
            if _forget_entry(known.inode, name) and known.inode in watched:
                self._events.append((Event.VANISHED, known, name))

    def _look_for_names(self, names: tuple[bytes, ...]) -> None:
        """Tell the kernel and the watchers of the folders listed last which of the names those hold now."""
        for known, some in itertools.product(self._table.listed_lately(), _sliced(names)):
            if self._is_stopping:
                return
            if known.working or not known.node.is_ready():
                continue
            held = trio.from_thread.run_sync(held_by, known.node, some, trio_token=self._token)
            gone = [name for name in some if name not in held and _forget_entry(known.inode, name)]
            self._events.extend((event, known, name) for name, event in held.items())
            self._events.extend((Event.VANISHED, known, name) for name in gone)

    def _look_for_entry(self, folder: int, name: bytes) -> None:
        """Make the kernel look anew; those who watch have seen something come that is not there."""
        _forget_entry(folder, name)
        known = self._table.folder(folder)
        if known is None or known.working or known not in self._table.listed_lately() or not known.node.is_ready():
            return
        if not trio.from_thread.run_sync(held_by, known.node, [name], trio_token=self._token):
            self._events.append((Event.VANISHED, known, name))

    def _look_for_folders(self, names: frozenset[bytes], emptied: frozenset[bytes]) -> None:
        """Make the kernel forget what these names stood for, in every folder it knows; tell those who watch it."""
        watched = {known.inode for known in self._table.listed_lately()}
        pairs = itertools.product(self._table.folders(), _sliced(sorted(names)))
        for known, some in itertools.islice(pairs, NOTICES_MAX // LOOKUPS_A_SLICE):
            if self._is_stopping:
                return
            if known.working or not known.node.is_ready() or known.node.is_open_to_any_name:
                continue
            look = functools.partial(self._standing, known, some)
            for name, standing in trio.from_thread.run_sync(look, trio_token=self._token).items():
                is_doubtful = standing in {_Standing.GONE, _Standing.OTHER} or name in emptied
                was_known = is_doubtful and _forget_entry(known.inode, name)
                if known.inode in watched and standing is _Standing.NEW:
                    self._events.append((Event.FOLDER_APPEARED, known, name))
                elif known.inode in watched and standing is _Standing.GONE and was_known:
                    self._events.append((Event.VANISHED, known, name))

    def _standing(self, known: KnownFolder, names: Iterable[bytes]) -> dict[bytes, _Standing]:
        """What `names` stand for in that folder, which is ready. Runs in the loop."""
        return {name: self._stands(known, name) for name in names}

    def _stands(self, known: KnownFolder, name: bytes) -> _Standing:
        """What a name stands for; another folder is that from now on for those, too, who hold the one before."""
        node, below = known.node.lookup(name), self._table.at(known.path + b"/" + name)
        if node is None:
            if below is not None:
                below.is_gone = True
            return _Standing.GONE
        if not isinstance(node, Directory) or node.is_on_demand:
            return _Standing.SAME
        if below is None:
            return _Standing.NEW
        below.renew(node)
        is_other, below.is_other = below.is_other, False
        is_back, below.is_gone = below.is_gone, False
        if is_back:
            return _Standing.NEW
        return _Standing.OTHER if is_other else _Standing.SAME


class _Standing(enum.Enum):
    """What the name of a folder stands for: something that watchers have not met, the same as before, or not."""

    NEW = enum.auto()
    SAME = enum.auto()
    OTHER = enum.auto()
    GONE = enum.auto()


def _sliced(names: Sequence[bytes]) -> list[Sequence[bytes]]:
    """The names, so many at a time as the loop may look up in one go."""
    return [names[start : start + LOOKUPS_A_SLICE] for start in range(0, len(names), LOOKUPS_A_SLICE)]


def held_by(directory: Directory, names: Iterable[bytes]) -> dict[bytes, Event]:
    """Which of `names` the folder, which is ready, holds, with the event that says so. Runs in the loop."""
    if directory.is_open_to_any_name:
        return {}
    nodes = ((name, directory.lookup(name)) for name in names)
    return {
        name: Event.FOLDER_APPEARED if isinstance(node, Directory) else Event.PHOTO_APPEARED
        for name, node in nodes
        if node is not None and not (isinstance(node, Directory) and node.is_on_demand)
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
