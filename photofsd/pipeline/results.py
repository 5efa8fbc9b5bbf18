"""Results come home: facts, the removal of their jobs and what follows from them, in one transaction.

Functions of a transaction and nothing else, called in the writer's thread (and again, if a batch must be redone).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from photofsd.pipeline.arrivals import on_sidecar
from photofsd.pipeline.beside import Beside
from photofsd.pipeline.retry import Decision, decide
from photofsd.pipeline.scheduler import CHANGED_WAIT_MS
from photofsd.pipeline.stage import AskingStage, Stage, Trouble, VisitReport
from photofsd.pipeline.stages.identify import STAGE as IDENTIFY
from photofsd.pipeline.stages.identify import Identity
from photofsd.pipeline.stages.metadata import STAGE as METADATA
from photofsd.records import Failure, JobRecord
from photofsd.store import assets, jobs, paths
from photofsd.types import AssetId, FileId

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.scheduler import FactTask, FileTask
    from photofsd.store.transaction import WriteTransaction


class Results:
    """What becomes of finished work."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def of_visit(self, txn: WriteTransaction, task: FileTask, report: VisitReport) -> None:
        """Keep what a visit found."""
        if task.stage == IDENTIFY.name:
            asset = self._identified(txn, FileId(task.subject), report)
        else:
            asset = None if self._is_outdated(txn, task, report) else AssetId(task.subject)
        if asset is None:
            return
        heard_all = METADATA.name not in report.results or self._has_heard_all(txn, task, asset)
        for stage in self._graph.file_stages:
            if stage is not IDENTIFY and (heard_all or stage is not METADATA):
                self._of_stage(txn, stage, asset, report)

    def _has_heard_all(self, txn: WriteTransaction, task: FileTask, asset: AssetId) -> bool:
        """Claim: the sidecars that were read are all that speak of the photo; else its metadata wait for a visit.

        One may have been found, or have changed, since the visit was made; at another path of the same photo lie
        others. And a photo that was known before has been read with what lay beside it then: it may be back alone.
        """
        record, beside = assets.asset(txn, asset), Beside(txn).of_photo(asset)
        is_at_one_path = record is not None and len(record.files) == 1
        is_said_anew = bool(beside or task.beside or is_at_one_path)
        if is_said_anew and jobs.get(txn, jobs.stage(txn, METADATA.name), asset) is None:
            on_sidecar(txn, (asset,))
        return beside == task.beside

    def of_facts(
        self, txn: WriteTransaction, stage: AskingStage[Any, Any], task: FactTask, result: msgspec.Struct | None
    ) -> None:
        """Keep what an asking stage found; None = there is nothing to find."""
        asset = AssetId(task.subject)
        record, known = jobs.stage(txn, stage.name), assets.asset(txn, asset)
        job = jobs.get(txn, record, asset)
        if known is None or not known.files:
            jobs.remove(txn, record, asset)  # it is done when it is back
        elif job is not None and stage.question(txn, asset) == task.question:  # else the photo has changed meanwhile
            self._keep(txn, stage, asset, result, job.priority)

    def nothing_to_read(self, txn: WriteTransaction, name: str, subject: int) -> None:
        """There is no file to visit any more; a photo that comes back gets its jobs then."""
        jobs.remove(txn, jobs.stage(txn, name), subject)

    def put_off(self, txn: WriteTransaction, name: str, subject: int, wait_ms: int) -> None:
        """Later, and that is no failure."""
        record = jobs.stage(txn, name)
        job = jobs.get(txn, record, subject)
        if job is not None:
            jobs.put(txn, record, subject, msgspec.structs.replace(job, not_before_ms=_now_ms() + wait_ms))

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

    def _identified(self, txn: WriteTransaction, file: FileId, report: VisitReport) -> AssetId | None:
        """Give the file its asset, and queue what comes after. None where that is for another visit to do."""
        record = jobs.stage(txn, IDENTIFY.name)
        job = jobs.get(txn, record, file)
        if job is None:
            return None
        identity = identity_in(report)
        if identity is None:
            self.failed(txn, IDENTIFY.name, file, report.troubles[IDENTIFY.name])
            return None
        if _has_moved_on(txn, file, report):
            jobs.put(txn, record, file, msgspec.structs.replace(job, not_before_ms=_now_ms() + CHANGED_WAIT_MS))
            return None
        before = paths.file(txn, file)
        asset = assets.identify(txn, file, identity.content, time.time_ns())
        if before is not None and before.asset not in {None, asset}:
            on_sidecar(txn, (before.asset,))  # a copy of it was edited: what lies beside that one is of another
        if asset is not None:
            jobs.finish(txn, record, file)
            for stage in self._graph:
                if stage is not IDENTIFY:
                    self.begin(txn, stage, asset, job.priority)
        return asset

    def _is_outdated(self, txn: WriteTransaction, task: FileTask, report: VisitReport) -> bool:
        """Claim: what was read is not the content that the asset has; its jobs wait until the two agree.

        The file was rewritten before it was read: unless a scan has seen that, it is identified first. Or the asset
        has got another content since the task was leased.
        """
        known, file, read = assets.asset(txn, AssetId(task.subject)), paths.file(txn, task.file), stat_in(report)
        if known is None or task.visit is None or read is None:
            return False
        if read == task.stat and known.content == task.content:
            return False
        if file is not None and read != (file.size, file.mtime_ns, file.inode):
            jobs.put(txn, jobs.stage(txn, IDENTIFY.name), task.file, JobRecord(jobs.NEW))
        for stage in task.visit.stages:
            self.put_off(txn, stage, task.subject, CHANGED_WAIT_MS)
        return True

    def _of_stage(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, report: VisitReport) -> None:
        """Commit one stage of a visit, if there is a job for it: what is done already came along for nothing."""
        record = jobs.stage(txn, stage.name)
        job = jobs.get(txn, record, asset)
        if job is None:
            return
        if stage.name in report.troubles:
            self.failed(txn, stage.name, asset, report.troubles[stage.name])
        elif stage.name in report.results:
            result = msgspec.msgpack.decode(report.results[stage.name], type=stage.result)
            self._keep(txn, stage, asset, result, job.priority)

    def _keep(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, result: Any, priority: int) -> None:  # noqa: ANN401
        is_news = stage.commit(txn, asset, result)
        jobs.finish(txn, jobs.stage(txn, stage.name), asset)
        self._follow(txn, stage, asset, priority, is_news=is_news)

    def begin(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId, priority: int = jobs.BACKLOG) -> None:
        """Queue a stage for a photo that is there, where it has not stood yet and what it needs has been made."""
        record = jobs.stage(txn, stage.name)
        is_queued = jobs.get(txn, record, asset) is not None
        if not is_queued and jobs.is_open(txn, record, asset) and self._is_ready(txn, stage, asset):
            jobs.put(txn, record, asset, JobRecord(priority))

    def redo(self, txn: WriteTransaction, stage: Stage[Any], asset: AssetId) -> None:
        """Queue a stage for a photo again, where what it needs has been made; what it did before does not count."""
        record = jobs.stage(txn, stage.name)
        if jobs.get(txn, record, asset) is None and self._is_ready(txn, stage, asset):
            jobs.undo(txn, record, asset)
            jobs.put(txn, record, asset, JobRecord(jobs.BACKLOG))

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


def identity_in(report: VisitReport) -> Identity | None:
    """What `identify` found in a visit; None where it has failed, or was not asked."""
    found = report.results.get(IDENTIFY.name)
    return None if found is None else msgspec.msgpack.decode(found, type=Identity)


def stat_in(report: VisitReport) -> paths.FileStat | None:
    """What was read, as stat() said at its opening; None where it could not be read to the end."""
    return None if report.read is None else paths.FileStat(*report.read)


def _has_moved_on(txn: WriteTransaction, file: FileId, report: VisitReport) -> bool:
    """Claim: what was read is not what the file's record describes; the record is set right.

    Either the file was rewritten since the scan, or the scan has seen a newer one since the reading began: only a
    second reading that agrees with the record tells, so an old content never overwrites a new one.
    """
    record, read = paths.file(txn, file), stat_in(report)
    if record is None or read is None or (record.size, record.mtime_ns, record.inode) == read:
        return False
    paths.set_stat(txn, file, read)
    return True


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
