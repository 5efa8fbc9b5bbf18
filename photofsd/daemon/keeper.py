"""Keeps one library folder up to date: what is due when, one scan at a time, in a thread.

A scan that a dead NAS holds in a system call is abandoned with the daemon; nothing else waits for it.
"""

from __future__ import annotations

import functools
import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import trio

from photofsd.daemon.commands import ScanResult
from photofsd.display import shown
from photofsd.errors import StoreFull
from photofsd.library.report import Progress, ScanReport

log = logging.getLogger(__name__)

FULL_WAIT_S: Final = 10.0
OFFLINE_WAIT_S: Final = 30.0
SETTLE_SLACK_S: Final = 0.1
HANGS_S: Final = 60.0


@dataclass(eq=False)
class Request:
    """A scan that somebody asked for. folders: the only ones to look at, with all below them; none = everything."""

    folders: frozenset[bytes] = frozenset()
    sweep: bool = False
    confirm_deletions: bool = False
    reports: list[ScanReport] = field(default_factory=list)
    waiting_for: int = 0
    done: trio.Event = field(default_factory=trio.Event)

    async def finished(self) -> ScanResult:
        """Wait for it; what it found in all library folders together."""
        await self.done.wait()
        return ScanResult(
            folders=sum(report.folders for report in self.reports),
            files=sum(report.files for report in self.reports),
            added=sum(report.new for report in self.reports),
            changed=sum(report.changed for report in self.reports),
            moved=sum(report.moved for report in self.reports),
            gone=sum(report.gone for report in self.reports),
            problems=[line for report in self.reports for line in report.alerts],
        )


class Keeper:
    """Keeps one library folder up to date.

    scan: as Scanner.scan, without its folder. swept_age_s: how long ago every file was looked at.
    on_work: called after every scan, for what it may have found. on_whole: awaited after a scan of everything.
    """

    def __init__(
        self,
        library: bytes,
        scan: Callable[..., ScanReport],
        *,
        settle_s: float,
        swept_age_s: float,
        on_work: Callable[[], None],
        on_whole: Callable[[], Awaitable[None]],
    ) -> None:
        self.library = library
        self._alerts: tuple[str, ...] = ()
        self.progress = Progress(0, 0, 0, 0)
        self.has_finished_once = False
        self._scan = scan
        self._settle_s = settle_s
        self._on_work = on_work
        self._on_whole = on_whole
        self._requests: list[Request] = []
        self._dirty: dict[bytes, float] = {}
        self._is_overflowed = False
        self._is_scanning = False
        self._asked = trio.Event()
        self._moved_s = time.monotonic()
        self._scanned_s = -math.inf
        self._swept_s = trio.current_time() - swept_age_s
        self.interval_s = self.sweep_interval_s = math.inf

    @property
    def alerts(self) -> tuple[str, ...]:
        """What is wrong with the folder, one line each."""
        if self._is_scanning and time.monotonic() - self._moved_s > HANGS_S:
            where = shown(self.library)
            return (*self._alerts, f"{where} does not answer: a scan waits for it since {HANGS_S:g} s or longer")
        return self._alerts

    @property
    def is_settled(self) -> bool:
        """Claim: no scan runs or is asked for, and no file is being waited for."""
        return not (self._is_scanning or self._requests or self._dirty or self._is_overflowed)

    def request(self, request: Request) -> None:
        """Put a scan in line."""
        self._requests.append(request)
        self._asked.set()

    def hint(self, folders: Iterable[bytes], *, after_s: float = 0.0) -> None:
        """Something may have changed in these folders: look there, after a while."""
        at_s = trio.current_time() + after_s
        for folder in folders:
            self._dirty[folder] = max(at_s, self._dirty.get(folder, at_s))
        self._asked.set()

    def hint_everywhere(self) -> None:
        """Something may have changed anywhere."""
        self._is_overflowed = True
        self._asked.set()

    async def run(self) -> None:
        """Scan whenever there is reason to, until cancelled."""
        while True:
            self._asked = trio.Event()
            wait_s = self._next_s() - trio.current_time()
            if wait_s > 0 and not self._requests and not self._is_overflowed:
                with trio.move_on_after(wait_s):
                    await self._asked.wait()
                continue
            await self._next_scan()

    def _next_s(self) -> float:
        """When the next scan is due."""
        dirty_s = min(self._dirty.values(), default=math.inf)
        return min(dirty_s, self._scanned_s + self.interval_s, self._swept_s + self.sweep_interval_s)

    async def _next_scan(self) -> None:
        """Make the most important scan that is due: asked for, nightly, regular, hinted."""
        now_s = trio.current_time()
        if self._requests:
            request = self._requests.pop(0)
            folders = request.folders or None
            report = await self._look(
                folders=folders, is_recursive=True, sweep=request.sweep, confirm_deletions=request.confirm_deletions
            )
            request.reports.append(report)
            request.waiting_for -= 1
            if not request.waiting_for:
                request.done.set()
        elif now_s >= self._swept_s + self.sweep_interval_s:
            await self._look(sweep=True)
        elif self._is_overflowed or now_s >= self._scanned_s + self.interval_s:
            await self._look()
        else:
            await self._look(folders=self._take_dirty(now_s))

    def _take_dirty(self, now_s: float) -> frozenset[bytes]:
        due = frozenset(folder for folder, at_s in self._dirty.items() if at_s <= now_s)
        for folder in due:
            del self._dirty[folder]
        return due

    async def _look(
        self,
        *,
        folders: Collection[bytes] | None = None,
        is_recursive: bool = False,
        sweep: bool = False,
        confirm_deletions: bool = False,
    ) -> ScanReport:
        """Scan in a thread; a scan that a dead NAS holds is abandoned with the daemon."""
        cancel = threading.Event()
        if folders is None:
            self._is_overflowed = False
            self._dirty.clear()
        self._is_scanning = True
        self._moved_s = time.monotonic()
        scan = functools.partial(
            self._scan,
            folders=folders,
            is_recursive=is_recursive,
            sweep=sweep,
            confirm_deletions=confirm_deletions,
            progress=self._note_progress,
            cancel=cancel,
        )
        try:
            report = await trio.to_thread.run_sync(scan, abandon_on_cancel=True)
        except StoreFull as error:
            report = ScanReport(self.library, is_online=True, alerts=(str(error),))
            self.hint_everywhere()
            await trio.sleep(FULL_WAIT_S)
        finally:
            cancel.set()
            self._is_scanning = False
        self._conclude(report, sweep=sweep, is_whole=folders is None)
        if folders is None:
            await self._on_whole()
        return report

    def _note_progress(self, progress: Progress) -> None:
        self.progress = progress
        self._moved_s = time.monotonic()

    def _conclude(self, report: ScanReport, *, sweep: bool, is_whole: bool) -> None:
        now_s = trio.current_time()
        if report.alerts != self._alerts:
            for line in report.alerts:
                log.warning("%s", line)
        self._alerts = report.alerts if is_whole or report.alerts else self._alerts
        self.hint(report.unsettled, after_s=self._settle_s + SETTLE_SLACK_S)
        if is_whole:
            self.has_finished_once = self.has_finished_once or report.is_complete
            wait_s = 0.0 if report.is_online else max(0.0, self.interval_s - OFFLINE_WAIT_S)
            self._scanned_s = now_s - wait_s
            self._swept_s = now_s if sweep else self._swept_s
        self._on_work()
