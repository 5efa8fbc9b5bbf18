"""What is to be done with what the library finds: the jobs that new and changed files begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.pipeline.stages import identify, metadata
from photofsd.records import JobRecord
from photofsd.store import jobs
from photofsd.types import AssetId, FileId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from photofsd.store.transaction import WriteTransaction


def on_file(txn: WriteTransaction, file: FileId, priority: int) -> None:
    """A file has appeared or changed: find out which content it has; everything else follows from that."""
    jobs.put(txn, jobs.stage(txn, identify.STAGE.name), file, JobRecord(priority))


def on_sidecar(txn: WriteTransaction, photos: Iterable[AssetId]) -> None:
    """A sidecar of these photos has appeared, changed or vanished: read what they say again."""
    stage = jobs.stage(txn, metadata.STAGE.name)
    for photo in photos:
        jobs.put(txn, stage, photo, JobRecord(jobs.NEW))
