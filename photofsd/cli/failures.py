"""What failed for good, from the store: the answer of `photofsd status --failed`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TypedDict

from photofsd.cli.opened import opened_store, path_of
from photofsd.config.schema import Settings
from photofsd.query.listed import original_of
from photofsd.store import jobs
from photofsd.store.transaction import ReadTransaction
from photofsd.types import AssetId, FileId, Subject


class FailedJob(TypedDict):
    """A job that will not run again by itself. path: None when its file is gone; at: RFC 3339 in UTC."""

    stage: str
    path: str | None
    reason: str
    attempts: int
    at: str


def failed_jobs(settings: Settings) -> list[FailedJob]:
    """Everything that failed, stage by stage. Raises StoreError."""
    with opened_store(settings) as txn:
        return list(_failed_jobs(txn))


def _failed_jobs(txn: ReadTransaction) -> Iterator[FailedJob]:
    for name, stage in jobs.stages(txn).items():
        for subject, failure in jobs.failures(txn, stage):
            is_file = stage.subject is Subject.FILE
            path = path_of(txn, FileId(subject)) if is_file else original_of(txn, AssetId(subject))
            at = dt.datetime.fromtimestamp(failure.at_ns // 10**9, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield FailedJob(stage=name, path=path, reason=failure.reason, attempts=failure.attempts, at=at)
