"""What may run now: due jobs, new arrivals first, in the order of the stages; none that is paused, held or leased."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from photofsd.pipeline.beside import Beside
from photofsd.pipeline.stage import AskingStage, FileStage, Visit
from photofsd.records import FileRecord, StageRecord
from photofsd.store import assets, jobs, paths
from photofsd.store.paths import FileStat, PathRow
from photofsd.types import AssetId, DirId, FileId, Subject

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction

OFFLINE_WAIT_MS = 60_000
CHANGED_WAIT_MS = 2_000
NO_MODEL_YET = "looking for a model"
NO_FILE = FileId(0)
NO_STAT = FileStat(0, 0, 0)


@dataclass(frozen=True, slots=True)
class FileTask:
    """A visit and whom it is for. `visit` is None where there is nothing to visit, any more or (`wait_ms`) yet.

    file, stat: what is to be read, and what was known of it when the task was leased.
    content:    the digest that what looks like `stat` has; None where the visit is to find it out.
    attempts:   how often the job has been tried in vain.
    beside:     the sidecars that the visit is told of, as they were known then.
    """

    stage: str
    subject: int
    visit: Visit | None
    wait_ms: int = 0
    file: FileId = NO_FILE
    stat: FileStat = NO_STAT
    content: bytes | None = None
    attempts: int = 0
    beside: Mapping[bytes, PathRow | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FactTask:
    """A question about an asset; None where there is nothing to ask any more. attempts: as of a FileTask."""

    stage: str
    subject: int
    question: msgspec.Struct | None
    attempts: int = 0


class Hold(NamedTuple):
    """Why a stage is held, and until when (time.monotonic)."""

    why: str
    until: float = math.inf


class Scheduler:
    """Hands out work and remembers who has it. A lease is memory only: after a crash the job is simply due again."""

    def __init__(self, store: Store, graph: Graph) -> None:
        self._store = store
        self._graph = graph
        self._lock = threading.Lock()
        self._leased: defaultdict[str, set[int]] = defaultdict(set)
        self._held: dict[str, Hold] = {stage.name: Hold(NO_MODEL_YET) for stage in graph.model_stages}

    @property
    def names(self) -> tuple[str, ...]:
        """The stages, in order."""
        return self._graph.names

    def leased(self, stage: str) -> int:
        """How many subjects of a stage are being worked on."""
        return len(self._leased[stage])

    def hold(self, stage: str, why: str, wait_s: float = math.inf) -> None:
        """Hand out nothing of a stage for so long, since it lacks what no photo can help."""
        with self._lock:
            self._held[stage] = Hold(why, time.monotonic() + wait_s)

    def let_go(self, stage: str) -> None:
        """The stage lacks nothing any more."""
        with self._lock:
            self._held.pop(stage, None)

    def held(self, stage: str) -> str | None:
        """Why a stage is held; None = it is not."""
        hold = self._held.get(stage)
        return hold.why if hold is not None and hold.until > time.monotonic() else None

    def file_tasks(self, limit: int) -> list[FileTask]:
        """The next files to visit, at most `limit`, leased to the caller."""
        with self._lock, self._store.read() as txn:
            records = jobs.stages(txn)
            active = [stage for stage in self._graph.file_stages if not records[stage.name].is_paused]
            for priority, stage in itertools.product(jobs.PRIORITIES, active):
                subjects = self._due(txn, records[stage.name], stage.name, limit, priority)
                if subjects:
                    visitor = _Visitor(txn, records, active)
                    return [self._leasing(visitor.task(stage, subject)) for subject in subjects]
        return []

    def fact_tasks(self) -> list[FactTask]:
        """The next questions of one fact stage, leased to the caller."""
        return self._questions([(stage, stage.batch_max) for stage in self._graph.fact_stages])

    def model_tasks(self, limit: int, first: str = "") -> list[FactTask]:
        """The next questions of one model stage, at most `limit`, leased to the caller.

        first: the stage whose turn it is, before others with jobs as urgent.
        """
        stages = sorted(self._graph.model_stages, key=lambda stage: stage.name != first)
        return self._questions([(stage, limit) for stage in stages])

    def _questions(self, stages: Sequence[tuple[AskingStage[Any, Any], int]]) -> list[FactTask]:
        """The next questions of one of the stages, at most so many."""
        with self._lock, self._store.read() as txn:
            records = jobs.stages(txn)
            active = [(stage, most) for stage, most in stages if self._may_run(stage.name, records[stage.name])]
            for priority, (stage, most) in itertools.product(jobs.PRIORITIES, active):
                record = records[stage.name]
                subjects = self._due(txn, record, stage.name, most, priority)
                if subjects:
                    return [self._leasing(_fact_task(txn, stage, record, subject)) for subject in subjects]
        return []

    def release(self, tasks: Iterable[FileTask | FactTask]) -> None:
        """The tasks are done with: committed, or to be handed out again."""
        with self._lock:
            for task in tasks:
                self._leased[task.stage].discard(task.subject)

    def next_due_s(self) -> float | None:
        """Seconds until some job may run; 0 = now, None = no job is queued (or only paused, held and leased ones)."""
        with self._lock, self._store.read() as txn:
            active = [(name, record) for name, record in jobs.stages(txn).items() if self._may_run(name, record)]
            dues = [jobs.next_due_ms(txn, record, self._leased[name]) for name, record in active]
        waits = [max(0.0, due / 1000 - time.time()) for due in dues if due is not None]
        return min(waits, default=None)

    def is_idle(self, stage: str | None = None) -> bool:
        """Claim: no job (of `stage`) is due, none is being worked on. What is paused, held or postponed is not due."""
        with self._lock, self._store.read() as txn:
            for name in self._graph.names if stage is None else (stage,):
                record = jobs.stage(txn, name)
                may_run = self._may_run(name, record)
                if self._leased[name] or (may_run and jobs.due(txn, record, now_ms=_now_ms(), limit=1)):
                    return False
        return True

    def _may_run(self, name: str, record: StageRecord) -> bool:
        return not record.is_paused and self.held(name) is None

    def _due(self, txn: ReadTransaction, record: StageRecord, name: str, limit: int, priority: int) -> list[int]:
        leased = self._leased[name]
        return jobs.due(txn, record, now_ms=_now_ms(), limit=limit, leased=leased, priorities=(priority,))

    def _leasing(self, task: Any) -> Any:  # noqa: ANN401 - either kind of task
        self._leased[task.stage].add(task.subject)
        return task


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _fact_task(txn: ReadTransaction, stage: AskingStage[Any, Any], record: StageRecord, subject: int) -> FactTask:
    question = stage.question(txn, AssetId(subject))
    return FactTask(stage.name, subject, question, _attempts(txn, record, subject))


def _attempts(txn: ReadTransaction, record: StageRecord, subject: int) -> int:
    job = jobs.get(txn, record, subject)
    return 0 if job is None else job.attempts


class _Visitor:
    """Makes visits within one read transaction; folder paths and libraries are looked up once."""

    def __init__(self, txn: ReadTransaction, records: dict[str, StageRecord], active: list[FileStage[Any]]) -> None:
        self._txn = txn
        self._records = records
        self._of_files = [record for record in records.values() if record.subject is Subject.FILE]
        self._active = active
        self._folders: dict[DirId, tuple[bytes, bytes]] = {}
        self._beside = Beside(txn)
        offline = (library.path for library in paths.libraries(txn) if not library.is_online)
        self._offline = frozenset(path.rstrip(b"/") for path in offline)

    def task(self, stage: FileStage[Any], subject: int) -> FileTask:
        """The visit for a due job, with every other stage that is due for the same file."""
        file, content = self._file(stage, subject)
        found = paths.file(self._txn, file)
        if found is None or (content is not None and self._is_a_riddle(file)):
            return FileTask(stage.name, subject, None)
        root, folder = self._folder(found.dir)
        if root in self._offline:
            return FileTask(stage.name, subject, None, OFFLINE_WAIT_MS)
        doubt_ms = 0 if content is None else self._doubt_ms(file)
        if doubt_ms:
            return FileTask(stage.name, subject, None, doubt_ms)
        above = b"/".join([root, folder]) if folder else root
        stages = tuple(self._stages(stage, subject))
        beside = self._sidecars(stage, found)
        known = self._known(found) if content is None else {}
        return FileTask(
            stage.name,
            subject,
            Visit(above + b"/" + found.name, stages, tuple(beside), folder, known),
            file=file,
            stat=FileStat(found.size, found.mtime_ns, found.inode),
            content=content,
            attempts=_attempts(self._txn, self._records[stage.name], subject),
            beside=beside,
        )

    def _file(self, stage: FileStage[Any], subject: int) -> tuple[FileId, bytes | None]:
        """The file to read, and the content that it is known to have."""
        if stage.subject is Subject.FILE:
            return FileId(subject), None
        record = assets.asset(self._txn, AssetId(subject))
        if record is None or not record.files:
            return NO_FILE, None
        return next(filter(self._can_be_read, record.files), record.files[0]), record.content

    def _can_be_read(self, file: FileId) -> bool:
        """Claim: its library is online, and it is known which content it has: no copy need wait for another."""
        found = paths.file(self._txn, file)
        is_online = found is not None and self._folder(found.dir)[0] not in self._offline
        return is_online and not self._doubt_ms(file) and not self._is_a_riddle(file)

    def _known(self, file: FileRecord) -> dict[bytes, tuple[str, ...]]:
        """By content that the file may turn out to have, what is not to be done then.

        Its own of before (it was only touched, or restored), or that of the photo of its name (the library was moved).
        """
        candidates = (file.asset, assets.named(self._txn, file.name))
        records = {asset: assets.asset(self._txn, asset) for asset in candidates if asset is not None}
        return {
            record.content: tuple(self._done(asset))
            for asset, record in records.items()
            if record is not None and record.size == file.size
        }

    def _done(self, asset: AssetId) -> Iterator[str]:
        """The stages that have stood for the asset, of those that follow from its content."""
        for stage in self._active:
            if stage.is_of_content and not jobs.is_open(self._txn, self._records[stage.name], asset):
                yield stage.name

    def _doubt_ms(self, file: FileId) -> int:
        """How long to wait until it may be known which content the file has now; 0 where that is known."""
        queued = (jobs.get(self._txn, record, file) for record in self._of_files)
        now_ms = _now_ms()
        waits = (CHANGED_WAIT_MS + max(0, job.not_before_ms - now_ms) for job in queued if job is not None)
        return max(waits, default=0)

    def _is_a_riddle(self, file: FileId) -> bool:
        """Claim: which content the file has now could not be found out."""
        return any(jobs.failure(self._txn, record, file) is not None for record in self._of_files)

    def _stages(self, stage: FileStage[Any], subject: int) -> Iterator[str]:
        """All active file stages for a path (its asset is not known yet), those due for an asset."""
        for other in self._active:
            if stage.subject is Subject.FILE or other is stage or self._is_due(other, subject):
                yield other.name

    def _is_due(self, stage: FileStage[Any], subject: int) -> bool:
        return stage.subject is Subject.ASSET and jobs.get(self._txn, self._records[stage.name], subject) is not None

    def _folder(self, folder: DirId) -> tuple[bytes, bytes]:
        """The library folder that it lies in, and its path below that."""
        known = self._folders.get(folder)
        if known is None:
            *below, root = (record.name for record in paths.ancestry(self._txn, folder))
            known = self._folders[folder] = (root.rstrip(b"/"), b"/".join(reversed(below)))
        return known

    def _sidecars(self, stage: FileStage[Any], found: FileRecord) -> Mapping[bytes, PathRow | None]:
        """What speaks of a path whose content is not known yet, or of a photo at any of its paths."""
        if stage.subject is Subject.FILE or found.asset is None:
            return self._beside.of_files((found,))
        return self._beside.of_photo(found.asset)
