"""The queue: what has to be done, in what order, what has been done, what failed. Durable, exactly once.

A job is (stage, subject). Its result and its removal are one transaction, so whatever is killed when, a result is
there with its job gone, or neither. Who may run now, retries and pauses are policy: see pipeline/.
"""

from __future__ import annotations

import enum
import heapq
import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from photofsd.records import AssetRecord, Failure, JobRecord, StageRecord
from photofsd.store.schema import DUE_KEY, STAGE_SUBJECT, U32, Table, Tables
from photofsd.types import Subject

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

NEW = 0
"""Priority of what has just arrived."""
BACKLOG = 1
"""Priority of what was there before, and of everything done again."""
PRIORITIES = (NEW, BACKLOG)
"""Every priority, in the order in which jobs run."""
POSTPONED_MAX_MS = 3_600_000
"""No job is put off for longer: one that seems to be was put off before the clock was set back, and is due."""


class Counts(NamedTuple):
    """How a stage stands."""

    queued: int
    done: int
    failed: int


def stages(txn: ReadTransaction) -> dict[str, StageRecord]:
    """Every stage that the store has ever known, by name."""
    return {key.decode(): txn.decode(value, StageRecord) for key, value in txn.items(Tables.STAGES)}


def stage(txn: ReadTransaction, name: str) -> StageRecord:
    """The stage called `name`. Raises KeyError."""
    record = txn.record(Tables.STAGES, name.encode(), StageRecord)
    if record is None:
        raise KeyError(name)
    return record


class Registered(enum.Enum):
    """What a stage was to the store before it was registered."""

    NEW = enum.auto()
    BACK = enum.auto()
    SAME = enum.auto()
    OF_ANOTHER_VERSION = enum.auto()


def register(txn: WriteTransaction, name: str, version: int, subject: Subject) -> Registered:
    """Make a stage known, and say what it was: a new one has its work before it, another version has to redo it.

    One that a daemon without it has left out meanwhile is back: what came in then waits for it.

    One that comes while all others are paused is paused, too: who paused everything meant it as well.
    """
    known = txn.record(Tables.STAGES, name.encode(), StageRecord)
    if known is None:
        others = stages(txn).values()
        number = 1 + max((record.number for record in others), default=0)
        is_paused = bool(others) and all(record.is_paused for record in others)
        txn.put_record(Tables.STAGES, name.encode(), StageRecord(number, version, subject, is_paused))
        return Registered.NEW
    if known.version == version and not known.is_left_out:
        return Registered.SAME
    changed = msgspec.structs.replace(known, version=version, is_left_out=False)
    txn.put_record(Tables.STAGES, name.encode(), changed)
    return Registered.BACK if known.version == version else Registered.OF_ANOTHER_VERSION


def leave_out_others(txn: WriteTransaction, known: Collection[str]) -> None:
    """Note that this daemon has only the stages in `known`: what comes in now, the others do not hear of."""
    for name, record in stages(txn).items():
        if name not in known and not record.is_left_out:
            txn.put_record(Tables.STAGES, name.encode(), msgspec.structs.replace(record, is_left_out=True))


def pause(txn: WriteTransaction, name: str, *, is_paused: bool) -> None:
    """Pause a stage or let it go on; survives a restart."""
    record = msgspec.structs.replace(stage(txn, name), is_paused=is_paused)
    txn.put_record(Tables.STAGES, name.encode(), record)


def counts(txn: ReadTransaction, record: StageRecord) -> Counts:
    """How many subjects are queued, done and failed."""
    return Counts(*(txn.counter(_counter(what, record.number)) for what in Counts._fields))


def _counter(what: str, number: int) -> bytes:
    return b"%b:%d" % (what.encode(), number)


def _due_key(number: int, job: JobRecord, subject: int) -> bytes:
    return DUE_KEY.pack(number, job.priority, job.not_before_ms, subject)


def get(txn: ReadTransaction, record: StageRecord, subject: int) -> JobRecord | None:
    """The job of that stage for that subject."""
    return txn.record(Tables.JOBS, STAGE_SUBJECT.pack(record.number, subject), JobRecord)


def failure(txn: ReadTransaction, record: StageRecord, subject: int) -> Failure | None:
    """Why that stage will not run again for that subject."""
    return txn.record(Tables.FAILED, STAGE_SUBJECT.pack(record.number, subject), Failure)


def version_done(txn: ReadTransaction, record: StageRecord, subject: int) -> int | None:
    """With which version the stage has done the subject."""
    value = txn.get(Tables.DONE, STAGE_SUBJECT.pack(record.number, subject))
    return None if value is None else int.from_bytes(value, "big")


def is_open(txn: ReadTransaction, record: StageRecord, subject: int) -> bool:
    """Claim: the stage is to be done for the subject, or has never stood there in its present version."""
    has_stood = version_done(txn, record, subject) == record.version or failure(txn, record, subject)
    return not has_stood or get(txn, record, subject) is not None


def is_there(txn: ReadTransaction, record: StageRecord, subject: int) -> bool:
    """Claim: the path exists, or the asset has one."""
    if record.subject is Subject.FILE:
        return txn.get(Tables.FILES, U32.pack(subject)) is not None
    asset = txn.record(Tables.ASSETS, U32.pack(subject), AssetRecord)
    return asset is not None and bool(asset.files)


def put(txn: WriteTransaction, record: StageRecord, subject: int, job: JobRecord) -> None:
    """Queue a job, in place of the one that may be queued already; a former failure is forgotten.

    For a subject that is not there (any more) nothing is queued.
    """
    _forget_failure(txn, record, subject)
    if not is_there(txn, record, subject):
        return
    known = get(txn, record, subject)
    if known is None:
        txn.count_by(_counter("queued", record.number), 1)
    else:
        txn.delete(Tables.DUE, _due_key(record.number, known, subject))
    key = STAGE_SUBJECT.pack(record.number, subject)
    txn.put_record(Tables.JOBS, key, job)
    txn.put(Tables.DUE, _due_key(record.number, job, subject), b"")


def remove(txn: WriteTransaction, record: StageRecord, subject: int) -> bool:
    """Take a job out of the queue; False where there was none."""
    known = get(txn, record, subject)
    if known is None:
        return False
    txn.delete(Tables.DUE, _due_key(record.number, known, subject))
    txn.delete(Tables.JOBS, STAGE_SUBJECT.pack(record.number, subject))
    txn.count_by(_counter("queued", record.number), -1)
    return True


def finish(txn: WriteTransaction, record: StageRecord, subject: int) -> None:
    """The job is done: call it in the transaction that writes its result. Nothing is kept of a path that is gone."""
    remove(txn, record, subject)
    _forget_failure(txn, record, subject)
    if record.subject is Subject.FILE and not is_there(txn, record, subject):
        return
    if version_done(txn, record, subject) is None:
        txn.count_by(_counter("done", record.number), 1)
    key = STAGE_SUBJECT.pack(record.number, subject)
    txn.put(Tables.DONE, key, record.version.to_bytes(2, "big"))


def postpone(txn: WriteTransaction, record: StageRecord, subject: int, not_before_ms: int, error: str) -> None:
    """The job was tried in vain: it may run again from `not_before_ms` on. Nothing where it is not queued any more."""
    job = get(txn, record, subject)
    if job is not None:
        put(txn, record, subject, JobRecord(job.priority, not_before_ms, job.attempts + 1, error))


def fail(txn: WriteTransaction, record: StageRecord, subject: int, why: Failure) -> None:
    """The job cannot be done: it does not run again until something changes or the user says so."""
    remove(txn, record, subject)
    if not is_there(txn, record, subject):
        return
    key = STAGE_SUBJECT.pack(record.number, subject)
    if txn.get(Tables.FAILED, key) is None:
        txn.count_by(_counter("failed", record.number), 1)
    txn.put_record(Tables.FAILED, key, why)


def _forget_failure(txn: WriteTransaction, record: StageRecord, subject: int) -> None:
    if txn.delete(Tables.FAILED, STAGE_SUBJECT.pack(record.number, subject)):
        txn.count_by(_counter("failed", record.number), -1)


def retry(txn: WriteTransaction, record: StageRecord, *, limit: int) -> int:
    """Queue at most `limit` subjects of a stage again that failed, or wait for their next try.

    returns: how many these were: call it until that is 0.
    """
    found = list(itertools.islice(itertools.chain(_postponed(txn, record), _failed(txn, record)), limit))
    for subject, priority in found:
        put(txn, record, subject, JobRecord(priority))
    return len(found)


def _failed(txn: ReadTransaction, record: StageRecord) -> Iterator[tuple[int, int]]:
    return ((subject, BACKLOG) for subject, _ in failures(txn, record))


def _postponed(txn: ReadTransaction, record: StageRecord) -> Iterator[tuple[int, int]]:
    for priority in (NEW, BACKLOG):
        begin = bytes((record.number, priority))
        for key in txn.keys(Tables.DUE, begin, DUE_KEY.pack(record.number, priority, 1, 0)):
            yield DUE_KEY.unpack(key)[3], priority


def reset(txn: WriteTransaction, record: StageRecord, *, after: int, limit: int) -> int | None:
    """Queue what a stage has done or failed again, at most `limit` subjects above `after` (0 = from the first).

    returns: the last of them, to go on after in another transaction; None when there are no more. Jobs that are
    queued already keep their priority and may run at once. An asset that is gone is done again when it comes back.
    """
    lists = (_subjects(txn, table, record, after) for table in (Tables.DONE, Tables.FAILED))
    found = list(itertools.islice((subject for subject, _ in itertools.groupby(heapq.merge(*lists))), limit))
    for subject in found:
        known = get(txn, record, subject)
        undo(txn, record, subject)
        put(txn, record, subject, JobRecord(BACKLOG if known is None else known.priority))
    return found[-1] if len(found) == limit else None


def _subjects(txn: ReadTransaction, table: Table, record: StageRecord, after: int) -> Iterator[int]:
    """The subjects above `after` in a table whose keys are stage and subject."""
    for key in txn.keys(table, bytes((record.number,)), STAGE_SUBJECT.pack(record.number, after + 1)):
        yield STAGE_SUBJECT.unpack(key)[1]


def undo(txn: WriteTransaction, record: StageRecord, subject: int) -> None:
    """What the stage has done for the subject does not count any more; nothing is queued."""
    if txn.delete(Tables.DONE, STAGE_SUBJECT.pack(record.number, subject)):
        txn.count_by(_counter("done", record.number), -1)


def forget(txn: WriteTransaction, kind: Subject, subject: int, *, keep_done: bool = True) -> None:
    """The subject has vanished or changed: nothing is to be done for it as it was.

    keep_done: what has been done stays done (an asset that may come back). Paths never come back as they were.
    """
    for record in stages(txn).values():
        if record.subject is not kind:
            continue
        remove(txn, record, subject)
        _forget_failure(txn, record, subject)
        if kind is Subject.FILE or not keep_done:
            undo(txn, record, subject)


def due(
    txn: ReadTransaction,
    record: StageRecord,
    *,
    now_ms: int,
    limit: int,
    leased: Collection[int] = (),
    priorities: Sequence[int] = PRIORITIES,
) -> list[int]:
    """The next subjects of a stage, best first, without those that somebody works on (`leased`)."""
    found: list[int] = []
    for priority in priorities:
        for subject in _due_of(txn, record.number, priority, now_ms):
            if len(found) >= limit:
                return found
            if subject not in leased:
                found.append(subject)
    return found


def _due_of(txn: ReadTransaction, number: int, priority: int, now_ms: int) -> Iterator[int]:
    """Those that were never meant to wait that long (the clock has been set back), then those whose time has come."""
    begin = bytes((number, priority))
    for key in txn.keys(Tables.DUE, begin, DUE_KEY.pack(number, priority, now_ms + POSTPONED_MAX_MS + 1, 0)):
        yield DUE_KEY.unpack(key)[3]
    for key in txn.keys(Tables.DUE, begin):
        _, _, not_before_ms, subject = DUE_KEY.unpack(key)
        if not_before_ms > now_ms:
            return
        yield subject


def next_due_ms(txn: ReadTransaction, record: StageRecord, leased: Collection[int] = ()) -> int | None:
    """When the earliest job of the stage that nobody works on may run (0 = at once); None where there is none."""
    firsts = (_first_due_ms(txn, record.number, priority, leased) for priority in PRIORITIES)
    return min((due_ms for due_ms in firsts if due_ms is not None), default=None)


def _first_due_ms(txn: ReadTransaction, number: int, priority: int, leased: Collection[int]) -> int | None:
    for key in txn.keys(Tables.DUE, bytes((number, priority))):
        _, _, not_before_ms, subject = DUE_KEY.unpack(key)
        if subject not in leased:
            return int(not_before_ms)
    return None


def failures(txn: ReadTransaction, record: StageRecord) -> Iterator[tuple[int, Failure]]:
    """The subjects that failed, and why."""
    for key, value in txn.items(Tables.FAILED, bytes((record.number,))):
        yield STAGE_SUBJECT.unpack(key)[1], txn.decode(value, Failure)
