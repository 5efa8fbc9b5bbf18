"""The part of `check` about the queue: jobs, their order, what is done and what failed (I6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pyroaring import BitMap

from photofsd.records import JobRecord, StageRecord
from photofsd.store import jobs
from photofsd.store.schema import DUE_KEY, STAGE_SUBJECT, Table, Tables
from photofsd.types import Subject

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

TABLES = (Tables.JOBS, Tables.FAILED, Tables.DONE)


class Subjects(NamedTuple):
    """What there is to be worked on: paths, assets, and assets that have a path."""

    files: BitMap
    assets: BitMap
    live: BitMap


def check(txn: ReadTransaction, subjects: Subjects, counted: Counter[bytes], step: Callable[[], None]) -> Iterator[str]:
    """I6. `counted` is filled with what the counters should say. `step` is called once a row of TABLES."""
    stages = {record.number: record for record in jobs.stages(txn).values()}
    for what, table in zip(("queued", "failed", "done"), TABLES, strict=True):
        counted.update({b"%b:%d" % (what.encode(), number): 0 for number in stages})
        for key in txn.keys(table):
            number, subject = STAGE_SUBJECT.unpack(key)
            record = stages.get(number)
            if record is None:
                yield f"I6 {table.name} {number}/{subject}: there is no stage {number}"
            elif subject not in _possible(record, table, subjects):
                yield f"I6 {table.name} {number}/{subject}: there is no such {record.subject}"
            counted[b"%b:%d" % (what.encode(), number)] += 1
            step()
    yield from _order(txn)


def _possible(record: StageRecord, table: Table, subjects: Subjects) -> BitMap:
    """What the stage may have rows of in `table`: an asset that is gone has been done, but there is nothing to do."""
    if record.subject is Subject.FILE:
        return subjects.files
    return subjects.assets if table is Tables.DONE else subjects.live


def _order(txn: ReadTransaction) -> Iterator[str]:
    """That every job stands in `due`, once, and has not failed."""
    due = 0
    for key, value in txn.items(Tables.JOBS):
        number, subject = STAGE_SUBJECT.unpack(key)
        if txn.get(Tables.DUE, _due_key(key, txn.decode(value, JobRecord))) is None:
            yield f"I6 jobs {number}/{subject}: `due` does not have it"
        else:
            due += 1
        if txn.get(Tables.FAILED, key) is not None:
            yield f"I6 jobs {number}/{subject}: queued, and failed as well"
    if due != txn.count(Tables.DUE):
        yield from _without_job(txn)


def _without_job(txn: ReadTransaction) -> Iterator[str]:
    for key in txn.keys(Tables.DUE):
        number, _, _, subject = DUE_KEY.unpack(key)
        job_key = STAGE_SUBJECT.pack(number, subject)
        job = txn.record(Tables.JOBS, job_key, JobRecord)
        if job is None or _due_key(job_key, job) != key:
            yield f"I6 due {number}/{subject}: there is no such job"


def _due_key(job_key: bytes, job: JobRecord) -> bytes:
    number, subject = STAGE_SUBJECT.unpack(job_key)
    return DUE_KEY.pack(number, job.priority, job.not_before_ms, subject)
