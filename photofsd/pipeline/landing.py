"""Thumbnails come home beside the facts that they belong to: written before these are committed, or both dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from photofsd.pipeline.results import identity_in, stat_in
from photofsd.store import assets, jobs

if TYPE_CHECKING:
    from photofsd.media.thumbnails import Batch, Thumbnails
    from photofsd.pipeline.scheduler import FileTask
    from photofsd.pipeline.stage import VisitReport
    from photofsd.store.env import Store


class Landing:
    """Decides which thumbnails are written, and under which content."""

    def __init__(self, store: Store, thumbnails: Thumbnails) -> None:
        self._store = store
        self._thumbnails = thumbnails

    def batch(self) -> Batch:
        """An empty batch."""
        return self._thumbnails.batch()

    def land(self, batch: Batch, task: FileTask, report: VisitReport) -> VisitReport:
        """Add the report's thumbnails to `batch`; returns what is left to be committed. For a thread; as Batch.add."""
        content = content_of(task, report)
        results = dict(report.results)
        for stage, jpegs in report.thumbnails.items():
            if content is not None and self._is_awaited(stage, content):
                batch.add(content, jpegs)
            else:
                results.pop(stage)
        return msgspec.structs.replace(report, results=results, thumbnails={})

    def _is_awaited(self, stage: str, content: bytes) -> bool:
        """Claim: what the stage made of that content is news: a copy of a known photo brings nothing."""
        with self._store.read() as txn:
            asset = assets.with_content(txn, content)
            return asset is None or jobs.is_open(txn, jobs.stage(txn, stage), asset)


def content_of(task: FileTask, report: VisitReport) -> bytes | None:
    """The digest of what was read; None where it is not what was known when the task was leased."""
    if task.content is None:
        identity = identity_in(report)
        return None if identity is None else identity.content
    return task.content if stat_in(report) == task.stat else None
