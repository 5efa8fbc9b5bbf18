"""When the library is scanned: at start, at intervals, where the watcher hints, where files must settle, when asked.

One Keeper a library folder, with a task of its own: a NAS that hangs holds up nothing but itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

import trio

from photofsd.daemon.commands import ScanCount
from photofsd.daemon.keeper import Keeper, Request
from photofsd.display import shown
from photofsd.errors import UsageError
from photofsd.library.changes import Effects
from photofsd.library.hints import Hint
from photofsd.library.rules import Rules
from photofsd.library.scan import Scanner, ScanOptions
from photofsd.library.watch import Watcher
from photofsd.pipeline.arrivals import on_file, on_sidecar
from photofsd.store import paths

if TYPE_CHECKING:
    from photofsd.config.schema import LibrarySettings
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer


class Scans:
    """Keeps every library folder up to date."""

    def __init__(self, store: Store, writer: Writer, settings: LibrarySettings, *, on_work: Callable[[], None]) -> None:
        self._store = store
        self._writer = writer
        self._on_work = on_work
        self._settings = settings
        self._rules = Rules(prune=settings.prune, exclude=settings.exclude)
        libraries = [os.fsencode(folder) for folder in settings.folders]
        self._watcher = Watcher(dict.fromkeys(libraries, self._rules), quiet_s=settings.settle_s)
        self._keepers = [self._keeper(library) for library in libraries]
        self.set_intervals(settings.scan_interval_s, settings.full_scan_interval_s)

    def _keeper(self, library: bytes) -> Keeper:
        settings = self._settings
        scanner = Scanner(
            library,
            self._store,
            self._writer,
            effects=Effects(on_file, on_sidecar),
            rules=self._rules,
            options=ScanOptions(
                settle_s=settings.settle_s,
                vanish_guard_percent=settings.vanish_guard_percent,
                marker=os.fsencode(settings.marker),
            ),
        )
        return Keeper(
            library,
            scanner.scan,
            settle_s=settings.settle_s,
            swept_age_s=self._swept_age_s(library),
            on_work=self._on_work,
            on_whole=self._renew_watches,
        )

    def _swept_age_s(self, library: bytes) -> float:
        """How long ago every file was looked at; a first scan is such a look."""
        with self._store.read() as txn:
            record = paths.library(txn, library)
        if record is None or not record.swept_ns:
            return 0.0
        return max(0.0, (time.time_ns() - record.swept_ns) / 1e9)

    def set_intervals(self, scan_s: float, sweep_s: float) -> None:
        """How often to look at the folders, and at every file."""
        for keeper in self._keepers:
            keeper.interval_s, keeper.sweep_interval_s = scan_s, sweep_s

    @property
    def has_finished_once(self) -> bool:
        """Claim: every library folder has been scanned to the end, in this run or before it went offline."""
        return all(keeper.has_finished_once or self._is_known_offline(keeper) for keeper in self._keepers)

    def _is_known_offline(self, keeper: Keeper) -> bool:
        with self._store.read() as txn:
            record = paths.library(txn, keeper.library)
        return record is not None and bool(record.scanned_ns) and not record.is_online

    @property
    def is_settled(self) -> bool:
        """Claim: nothing is being scanned or waited for."""
        return all(keeper.is_settled for keeper in self._keepers)

    @property
    def progress(self) -> ScanCount:
        """How far the scans are that run."""
        return ScanCount(
            folders=sum(keeper.progress.folders for keeper in self._keepers),
            files=sum(keeper.progress.files for keeper in self._keepers),
        )

    def alerts(self) -> list[str]:
        """What is wrong with the library, one line each."""
        return [line for keeper in self._keepers for line in keeper.alerts]

    def request(self, folders: Collection[bytes], *, sweep: bool, confirm_deletions: bool) -> Request:
        """Scan as soon as may be: everything, or the folders given (each in its library). Raises UsageError."""
        strange = [
            folder for folder in folders if not any(_concerns(keeper.library, [folder]) for keeper in self._keepers)
        ]
        if strange:
            raise UsageError(f"{shown(strange[0])} lies in no library folder: `photofsd status` lists them")
        request = Request(frozenset(folders), sweep, confirm_deletions)
        concerned = [keeper for keeper in self._keepers if not folders or _concerns(keeper.library, folders)]
        request.waiting_for = len(concerned)
        for keeper in concerned:
            keeper.request(request)
        return request

    def unwatched(self) -> list[str]:
        """Which library folders are not watched, and why: there, only scans find changes."""
        return [
            f"{shown(path)} is not watched but scanned every {self._keepers[0].interval_s:g} s: {why}"
            for path, why in self._watcher.unwatched.items()
        ]

    async def run(self) -> None:
        """Keep every folder, until cancelled."""
        async with trio.open_nursery() as nursery:
            for keeper in self._keepers:
                nursery.start_soon(keeper.run)
            if self._settings.watch:
                send, receive = trio.open_memory_channel[Hint](0)
                nursery.start_soon(self._watcher.run, send)
                nursery.start_soon(self._take_hints, receive)

    async def _take_hints(self, hints: trio.MemoryReceiveChannel[Hint]) -> None:
        keepers = {keeper.library: keeper for keeper in self._keepers}
        async for hint in hints:
            if hint.folders is None:
                keepers[hint.library].hint_everywhere()
            else:
                keepers[hint.library].hint(hint.folders)

    async def _renew_watches(self) -> None:
        if self._settings.watch:
            await self._watcher.renew()


def _concerns(library: bytes, folders: Iterable[bytes]) -> bool:
    return any(folder == library or folder.startswith(library.rstrip(b"/") + b"/") for folder in folders)
