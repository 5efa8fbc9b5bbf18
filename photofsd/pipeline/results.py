"""Results come home: facts, the removal of their jobs and what follows from them, in one transaction.

Functions of a transaction and nothing else, called in the writer's thread (and again, if a batch must be redone).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from photofsd.pipeline.retry import Decision, decide
from photofsd.pipeline.stage import Stage, Trouble, VisitReport
from photofsd.pipeline.stages.identify import STAGE as IDENTIFY
from photofsd.pipeline.stages.identify import Identity
from photofsd.records import Failure, JobRecord
from photofsd.store import assets, jobs, paths
from photofsd.types import AssetId, FileId

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.scheduler import FileTask
    from photofsd.store.transaction import WriteTransaction

Piece = Callable[["WriteTransaction"], None]
"""Something to be written: a function of a transaction."""

OFFLINE_WAIT_MS = 60_000
CHANGED_WAIT_MS = 2_000


class Results:
    """What becomes of finished work."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def of_visit(self, txn: WriteTransaction, task: FileTask, report: VisitReport) -> None:
        """Keep what a visit found."""
        asset, priority = AssetId(task.subject), jobs.BACKLOG
        if task.stage == IDENTIFY.name:
            job = jobs.get(txn, jobs.stage(txn, IDENTIFY.name), task.subject)
            identified = None if job is None else self._identified(txn, FileId(task.subject), report, job)
            if job is None or identified is None:
                return
            asset, priority = identified, job.priority
        for stage in self._graph.file_stages:
            if stage is not IDENTIFY and (stage.name in report.results or stage.name in report.troubles):
                self._of_stage(txn, stage, asset, report, priority)

    def of_facts(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, result: msgspec.Struct | None) -> None:
        """Keep what a fact stage found; None = there is nothing to find."""
        record, known = jobs.stage(txn, stage.name), assets.asset(txn, asset)
        if known is None or not known.files:
            jobs.remove(txn, record, asset)  # it is done when it is back
        elif jobs.get(txn, record, asset) is not None:
            self._keep(txn, stage, asset, result, jobs.BACKLOG)

    def nothing_to_read(self, txn: WriteTransaction, name: str, subject: int) -> None:
        """There is no file to visit any more; a photo that comes back gets its jobs then."""
        jobs.remove(txn, jobs.stage(txn, name), subject)

    def out_of_reach(self, txn: WriteTransaction, name: str, subject: int) -> None:
        """The library is offline: later, and that is no failure."""
        record = jobs.stage(txn, name)
        job = jobs.get(txn, record, subject)
        if job is not None:
            later = msgspec.structs.replace(job, not_before_ms=_now_ms() + OFFLINE_WAIT_MS)
            jobs.put(txn, record, subject, later)

    def failed(self, txn: WriteTransaction, name: str, subject: int, trouble: Trouble) -> None:
        """The job failed: again later, or never."""
        record = jobs.stage(txn, name)
        job = jobs.get(txn, record, subject)
        if job is None:
            return
        verdict = decide(trouble, job.attempts)
        if verdict.decision is Decision.RETRY:
            not_before_ms = _now_ms() + int(verdict.after_s * 1000) if verdict.after_s else 0
            jobs.postpone(txn, record, subject, not_before_ms, trouble.message)
        else:
            why = Failure(trouble.message, job.attempts + 1, record.version, time.time_ns())
            jobs.fail(txn, record, subject, why)

    def _identified(self, txn: WriteTransaction, file: FileId, report: VisitReport, job: JobRecord) -> AssetId | None:
        """Give the file its asset, and queue what comes after."""
        trouble = report.troubles.get(IDENTIFY.name)
        if trouble is not None:
            self.failed(txn, IDENTIFY.name, file, trouble)
            return None
        record = jobs.stage(txn, IDENTIFY.name)
        if _has_moved_on(txn, file, report):
            jobs.put(txn, record, file, msgspec.structs.replace(job, not_before_ms=_now_ms() + CHANGED_WAIT_MS))
            return None
        identity = msgspec.msgpack.decode(report.results[IDENTIFY.name], type=Identity)
        asset = assets.identify(txn, file, identity.content, time.time_ns())
        if asset is not None:
            jobs.finish(txn, record, file)
            for stage in self._graph:
                if stage is not IDENTIFY:
                    self.begin(txn, stage, asset, job.priority)
        return asset

    def _of_stage(
        self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, report: VisitReport, priority: int
    ) -> None:
        """Commit one stage of a visit, if there is a job for it: what is done already came along for nothing."""
        record = jobs.stage(txn, stage.name)
        if jobs.get(txn, record, asset) is None:
            return
        trouble = report.troubles.get(stage.name)
        if trouble is not None:
            self.failed(txn, stage.name, asset, trouble)
        else:
            result = msgspec.msgpack.decode(report.results[stage.name], type=stage.result)
            self._keep(txn, stage, asset, result, priority)

    def _keep(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, result: Any, priority: int) -> None:  # noqa: ANN401
        is_news = stage.commit(txn, asset, result)
        jobs.finish(txn, jobs.stage(txn, stage.name), asset)
        self._follow(txn, stage, asset, priority, is_news=is_news)

    def begin(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, priority: int = jobs.BACKLOG) -> None:
        """Queue a stage for a photo that is there, where it has not stood yet and what it needs has been made."""
        record = jobs.stage(txn, stage.name)
        has_stood = jobs.version_done(txn, record, asset) == stage.version or jobs.failure(txn, record, asset)
        if not has_stood and jobs.get(txn, record, asset) is None and self._is_ready(txn, stage, asset):
            jobs.put(txn, record, asset, JobRecord(priority))

    def _follow(
        self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, priority: int, *, is_news: bool
    ) -> None:
        """Queue the stages that come after, where they have not stood, or their ground has shifted."""
        for later in self._graph.after(stage.name):
            record = jobs.stage(txn, later.name)
            if not is_news:
                self.begin(txn, later, asset, priority)
            elif jobs.get(txn, record, asset) is None and self._is_ready(txn, later, asset):
                jobs.put(txn, record, asset, JobRecord(priority))

    def _is_ready(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId) -> bool:
        """Claim: all that the stage needs has been made, and there is something to do."""
        needed = (jobs.stage(txn, name) for name in self._graph.needed_by(stage.name) if name != IDENTIFY.name)
        return all(jobs.version_done(txn, record, asset) is not None for record in needed) and stage.wanted(txn, asset)


def _has_moved_on(txn: WriteTransaction, file: FileId, report: VisitReport) -> bool:
    """Claim: what was read is not what the file's record describes; the record is set right.

    Either the file was rewritten since the scan, or the scan has seen a newer one since the reading began: only a
    second reading that agrees with the record tells, so an old content never overwrites a new one.
    """
    record = paths.file(txn, file)
    read = paths.FileStat(report.size, report.mtime_ns, report.inode)
    if record is None or (record.size, record.mtime_ns, record.inode) == read:
        return False
    paths.set_stat(txn, file, read)
    return True


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
