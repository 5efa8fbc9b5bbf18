"""What the control socket's commands do."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import trio

from photofsd import __version__
from photofsd.daemon.commands import (
    Health,
    Nothing,
    People,
    Ping,
    Pong,
    Reload,
    ReloadResult,
    Said,
    Scan,
    ScanResult,
    Search,
    SearchResult,
    Stages,
    StagesResult,
    Status,
    Stop,
    Undo,
    Wait,
)
from photofsd.errors import UsageError
from photofsd.pipeline import runner
from photofsd.store import jobs

if TYPE_CHECKING:
    from photofsd.daemon.control import Handlers, Report
    from photofsd.daemon.health import Doctor
    from photofsd.daemon.sayings import Sayings
    from photofsd.daemon.scans import Scans
    from photofsd.pipeline.runner import Runner
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

LOOK_S = 0.2
SEARCHES_MAX = 8
RETRY_ROWS = 1000


class Control:
    """Answers the commands. stop: ends the daemon; reload: reads the configuration again."""

    def __init__(
        self,
        *,
        doctor: Doctor,
        writer: Writer,
        runner: Runner,
        scans: Scans,
        search: Callable[[Search], SearchResult],
        sayings: Sayings,
        stop: Callable[[], None],
        reload: Callable[[], Awaitable[ReloadResult]],
    ) -> None:
        self._doctor = doctor
        self._writer = writer
        self._runner = runner
        self._scans = scans
        self._stop = stop
        self._reload = reload
        self._search = search
        self._sayings = sayings
        self._searching = trio.CapacityLimiter(SEARCHES_MAX)

    def handlers(self) -> Handlers:
        """Every command with what it does."""
        return {
            Ping: self.ping,
            Status: self.status,
            Scan: self.scan,
            Wait: self.wait,
            Stages: self.stages,
            Search: self.search,
            People: self.people,
            Undo: self.undo,
            Reload: self.reload,
            Stop: self.stop,
        }

    async def ping(self, command: Ping, report: Report) -> Pong:
        return Pong(version=__version__, pid=os.getpid(), state=self._doctor.phase)

    async def status(self, command: Status, report: Report) -> Health:
        return await trio.to_thread.run_sync(self._doctor.health)

    async def scan(self, command: Scan, report: Report) -> ScanResult:
        """Scan now, or put a scan in line."""
        paths = tuple(os.fsencode(path) for path in command.paths)
        request = self._scans.request(paths, sweep=command.full, confirm_deletions=command.confirm_deletions)
        if not command.wait:
            return ScanResult(folders=0, files=0, added=0, changed=0, moved=0, gone=0, problems=[])
        with trio.CancelScope() as done:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._report_scan, report)
                result = await request.finished()
                done.cancel()
        return result

    async def _report_scan(self, report: Report) -> None:
        while True:
            await trio.sleep(LOOK_S)
            await report({**self._scans.progress})

    async def wait(self, command: Wait, report: Report) -> Nothing:
        """Return when the first scan has finished, nothing is due, and the indexes (no stage) are up to date."""
        if command.stage is not None:
            self._known(command.stage)
        await self._runner.models.look_again()
        while not await self._is_done(command.stage):
            stages = await trio.to_thread.run_sync(self._doctor.stages)
            due = sum(stage["queued"] + stage["running"] for stage in stages.values())
            done = sum(stage["done"] for stage in stages.values())
            await report({"scanned": self._scans.has_finished_once, "due": due, "done": done})
            await trio.sleep(LOOK_S)
        return Nothing()

    async def _is_done(self, stage: str | None) -> bool:
        if not self._scans.has_finished_once or not self._scans.is_settled:
            return False
        is_idle = functools.partial(self._runner.scheduler.is_idle, stage)
        # A model that is taken into use makes work, work that ends may exchange a model: neither in between.
        for is_so in (is_idle, self._runner.models.is_settled, is_idle):
            if not await trio.to_thread.run_sync(is_so):
                return False
        return stage is not None or await trio.to_thread.run_sync(self._doctor.is_indexed)

    async def stages(self, command: Stages, report: Report) -> StagesResult:
        """List the stages, after doing something to one or all of them."""
        names = self._runner.scheduler.names if command.stage is None else (self._known(command.stage),)
        touched = 0
        if command.action != "list":
            touched = await trio.to_thread.run_sync(self._act, command.action, names)
            self._runner.wake()
        stages = await trio.to_thread.run_sync(self._doctor.stages)
        shown = names if command.stage is not None else tuple(stages)
        return StagesResult(stages={name: stages[name] for name in shown}, jobs=touched)

    def _known(self, name: str) -> str:
        if name not in self._runner.scheduler.names:
            known = ", ".join(self._runner.scheduler.names)
            raise UsageError(f"there is no stage {name!r}: the stages are {known}")
        return name

    def _act(self, action: str, names: Sequence[str]) -> int:
        match action:
            case "pause" | "resume":
                for name in names:
                    self._writer.run(functools.partial(jobs.pause, name=name, is_paused=action == "pause"))
                return 0
            case "retry":
                return sum(self._retry(name) for name in names)
            case _:
                return sum(runner.reset(self._writer, name) for name in names)

    def _retry(self, name: str) -> int:
        total = 0
        while count := self._writer.run(functools.partial(_retry_some, name), rows=RETRY_ROWS):
            total += count
        return total

    async def search(self, command: Search, report: Report) -> SearchResult:
        return await trio.to_thread.run_sync(self._search, command, limiter=self._searching)

    async def people(self, command: People, report: Report) -> Said:
        return await trio.to_thread.run_sync(self._sayings.say, command)

    async def undo(self, command: Undo, report: Report) -> Said:
        return await trio.to_thread.run_sync(self._sayings.take_back, command)

    async def reload(self, command: Reload, report: Report) -> ReloadResult:
        return await self._reload()

    async def stop(self, command: Stop, report: Report) -> Nothing:
        self._stop()
        return Nothing()


def _retry_some(name: str, txn: WriteTransaction) -> int:
    return jobs.retry(txn, jobs.stage(txn, name), limit=RETRY_ROWS)
