"""Reading files: a batch of visits to a child, whose reports come home one by one.

A file over which the child dies or hangs costs itself alone: reports come in order, so the first one missing is the
guilty file, those before it are kept and those behind it are simply due again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import trio

from photofsd.display import shown
from photofsd.errors import ChildDied, FileUnreadable
from photofsd.pipeline.outcome import Outcome
from photofsd.pipeline.stage import Trouble, Visit, VisitReport, Work
from photofsd.pipeline.worker import Request

if TYPE_CHECKING:
    from photofsd.media.thumbnails import Batch
    from photofsd.pipeline.crew import Crew
    from photofsd.pipeline.landing import Landing
    from photofsd.pipeline.outcome import Piece
    from photofsd.pipeline.rates import Pace
    from photofsd.pipeline.results import Results
    from photofsd.pipeline.scheduler import FileTask, Scheduler
    from photofsd.processes.child import Child

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one file may take: file_s, and on top what reading takes where the library gives mb_per_s of it."""

    file_s: float
    mb_per_s: float = 5.0

    def for_file(self, size: int) -> float:
        """Seconds for a file of `size` bytes: a video of ten gigabytes is no hang."""
        return self.file_s + size / (self.mb_per_s * 1e6)


class Visits:
    """The readers' work. patience: for one file, then its child is killed."""

    def __init__(
        self, scheduler: Scheduler, results: Results, landing: Landing, pace: Pace, *, work: Work, patience: Patience
    ) -> None:
        self._scheduler = scheduler
        self._results = results
        self._landing = landing
        self._pace = pace
        self._work = work
        self._patience = patience

    def take(self, batch: int) -> Sequence[FileTask]:
        """The next files to read."""
        return self._scheduler.file_tasks(batch)

    async def do(self, crew: Crew, tasks: Sequence[FileTask]) -> Outcome:
        """Read them; what came of it, to be committed. Raises ChildrenBroken; StoreFull, StoreError of thumbnails."""
        pieces = [self._void(task) for task in tasks if task.visit is None]
        waiting = [(task, task.visit) for task in tasks if task.visit is not None]
        thumbnails = self._landing.batch()
        child = await crew.child()
        try:
            await child.send(msgspec.msgpack.encode(Request(self._work, tuple(visit for _, visit in waiting))))
            with trio.CancelScope() as patience:  # one for all: a scope for every file would cost as much as a report
                while waiting:
                    task = waiting[0][0]
                    patience.deadline = trio.current_time() + self._patience.for_file(task.stat.size)
                    frame = await child.receive()
                    patience.deadline = math.inf
                    pieces.append(await self._reported(task, frame, thumbnails))
                    del waiting[0]
            if waiting:
                pieces.append(self._lost(*waiting[0], await self._took_long(child, *waiting[0])))
                crew.lose()
        except ChildDied as error:
            crew.lose()
            if waiting:
                pieces.append(self._lost(*waiting[0], error))
        except Exception:
            crew.lose()  # it goes on with its visits: the next report would be taken for another file's
            raise
        return Outcome(pieces, thumbnails.finish)

    async def _took_long(self, child: Child, task: FileTask, visit: Visit) -> ChildDied | FileUnreadable:
        """What is wrong with a file that takes too long: it keeps its reader busy, or the library does not answer."""
        took_long = f"{shown(visit.path)} took longer than {self._patience.for_file(task.stat.size):.3g} s"
        if await child.is_computing():
            return ChildDied(took_long)
        return FileUnreadable(f"{took_long}: the library does not answer")

    def _void(self, task: FileTask) -> Piece:
        if task.wait_ms:
            return lambda txn: self._results.put_off(txn, task.stage, task.subject, task.wait_ms)
        return lambda txn: self._results.nothing_to_read(txn, task.stage, task.subject)

    async def _reported(self, task: FileTask, frame: bytes, thumbnails: Batch) -> Piece:
        report = msgspec.msgpack.decode(frame, type=VisitReport)
        self._pace.retried.count(task.stage, int(task.attempts > 0))
        for name in report.results:
            self._pace.done.count(name)
        for name, trouble in report.troubles.items():
            log.info("stage %s: %s", name, trouble.message)
        if report.thumbnails:
            report = await trio.to_thread.run_sync(self._landing.land, thumbnails, task, report)
        return lambda txn: self._results.of_visit(txn, task, report)

    def _lost(self, task: FileTask, visit: Visit, error: ChildDied | FileUnreadable) -> Piece:
        log.warning("stage %s: %s (%s)", task.stage, error, shown(visit.path))
        trouble = Trouble(type(error).__name__, f"{error} ({shown(visit.path)})")
        return lambda txn: self._results.failed(txn, task.stage, task.subject, trouble)
