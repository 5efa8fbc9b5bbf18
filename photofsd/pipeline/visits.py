"""Reading files: a batch of visits to a child, whose reports come home one by one.

A file over which the child dies or hangs costs itself alone: reports come in order, so the first one missing is the
guilty file, those before it are kept and those behind it are simply due again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import trio

from photofsd.errors import ChildDied, FileUnreadable
from photofsd.pipeline.stage import Trouble, Visit, VisitReport, Work, shown
from photofsd.pipeline.worker import Request

if TYPE_CHECKING:
    from photofsd.pipeline.crew import Crew
    from photofsd.pipeline.process import Child
    from photofsd.pipeline.rates import Rates
    from photofsd.pipeline.results import Piece, Results
    from photofsd.pipeline.scheduler import FileTask, Scheduler

log = logging.getLogger(__name__)


class Visits:
    """One reader's work. file_timeout_s: for one file, then its child is killed."""

    def __init__(
        self, scheduler: Scheduler, results: Results, rates: Rates, *, work: Work, file_timeout_s: float
    ) -> None:
        self._scheduler = scheduler
        self._results = results
        self._rates = rates
        self._work = work
        self._file_timeout_s = file_timeout_s

    def take(self, batch: int) -> Sequence[FileTask]:
        """The next files to read."""
        return self._scheduler.file_tasks(batch)

    async def do(self, crew: Crew, tasks: Sequence[FileTask]) -> Sequence[Piece]:
        """Read them; what came of it, to be committed."""
        pieces = [self._void(task) for task in tasks if task.visit is None]
        waiting = [(task, task.visit) for task in tasks if task.visit is not None]
        child = await crew.child()
        try:
            await child.send(msgspec.msgpack.encode(Request(self._work, tuple(visit for _, visit in waiting))))
            with trio.CancelScope() as patience:  # one for all: a scope for every file would cost as much as a report
                while waiting:
                    patience.deadline = trio.current_time() + self._file_timeout_s
                    report = msgspec.msgpack.decode(await child.receive(), type=VisitReport)
                    pieces.append(self._reported(waiting[0][0], report))
                    del waiting[0]
            if waiting:
                pieces.append(self._lost(*waiting[0], await self._took_long(child, waiting[0][1])))
                crew.lose()
        except ChildDied as error:
            crew.lose()
            if waiting:
                pieces.append(self._lost(*waiting[0], error))
        return pieces

    async def _took_long(self, child: Child, visit: Visit) -> ChildDied | FileUnreadable:
        """What is wrong with a file that takes too long: it keeps its reader busy, or the library does not answer."""
        took_long = f"{shown(visit.path)} took longer than {self._file_timeout_s:g} s"
        if await child.is_computing():
            return ChildDied(took_long)
        return FileUnreadable(f"{took_long}: the library does not answer")

    def _void(self, task: FileTask) -> Piece:
        settle = self._results.out_of_reach if task.is_offline else self._results.nothing_to_read
        return lambda txn: settle(txn, task.stage, task.subject)

    def _reported(self, task: FileTask, report: VisitReport) -> Piece:
        for name in report.results:
            self._rates.count(name)
        for name, trouble in report.troubles.items():
            log.info("stage %s: %s", name, trouble.message)
        return lambda txn: self._results.of_visit(txn, task, report)

    def _lost(self, task: FileTask, visit: Visit, error: ChildDied | FileUnreadable) -> Piece:
        log.warning("stage %s: %s (%s)", task.stage, error, shown(visit.path))
        trouble = Trouble(type(error).__name__, f"{error} ({shown(visit.path)})")
        return lambda txn: self._results.failed(txn, task.stage, task.subject, trouble)
