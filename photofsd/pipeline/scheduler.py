"""What may run now: due jobs, in the order of the stages, without those paused, leased, or out of reach."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from photofsd.media.sidecar import sidecar_names
from photofsd.pipeline.stage import FactStage, FileStage, Visit
from photofsd.records import FileRecord, StageRecord
from photofsd.store import assets, jobs, paths
from photofsd.types import AssetId, DirId, FileId, Subject

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction


@dataclass(frozen=True, slots=True)
class FileTask:
    """A visit and whom it is for. `visit` is None where there is nothing to visit any more."""

    stage: str
    subject: int
    visit: Visit | None
    is_offline: bool = False


@dataclass(frozen=True, slots=True)
class FactTask:
    """A question about an asset; None where there is nothing to ask any more."""

    stage: str
    subject: int
    question: msgspec.Struct | None


class Scheduler:
    """Hands out work and remembers who has it. A lease is memory only: after a crash the job is simply due again."""

    def __init__(self, store: Store, graph: Graph) -> None:
        self._store = store
        self._graph = graph
        self._lock = threading.Lock()
        self._leased: defaultdict[str, set[int]] = defaultdict(set)

    @property
    def names(self) -> tuple[str, ...]:
        """The stages, in order."""
        return self._graph.names

    def leased(self, stage: str) -> int:
        """How many subjects of a stage are being worked on."""
        return len(self._leased[stage])

    def file_tasks(self, limit: int) -> list[FileTask]:
        """The next files to visit, at most `limit`, leased to the caller."""
        with self._lock, self._store.read() as txn:
            records = jobs.stages(txn)
            active = [stage for stage in self._graph.file_stages if not records[stage.name].is_paused]
            for stage in active:
                subjects = self._due(txn, records[stage.name], stage.name, limit)
                if subjects:
                    visitor = _Visitor(txn, records, active)
                    return [self._leasing(visitor.task(stage, subject)) for subject in subjects]
        return []

    def fact_tasks(self) -> list[FactTask]:
        """The next questions of one fact stage, leased to the caller."""
        with self._lock, self._store.read() as txn:
            records = jobs.stages(txn)
            for stage in self._graph.fact_stages:
                record = records[stage.name]
                subjects = [] if record.is_paused else self._due(txn, record, stage.name, stage.batch_max)
                if subjects:
                    return [self._leasing(_fact_task(txn, stage, subject)) for subject in subjects]
        return []

    def release(self, tasks: Iterable[FileTask | FactTask]) -> None:
        """The tasks are done with: committed, or to be handed out again."""
        with self._lock:
            for task in tasks:
                self._leased[task.stage].discard(task.subject)

    def next_due_s(self) -> float | None:
        """Seconds until some job may run; 0 = now, None = no job is queued (or only paused and leased ones)."""
        with self._lock, self._store.read() as txn:
            active = [(name, record) for name, record in jobs.stages(txn).items() if not record.is_paused]
            dues = [jobs.next_due_ms(txn, record, self._leased[name]) for name, record in active]
        waits = [max(0.0, due / 1000 - time.time()) for due in dues if due is not None]
        return min(waits, default=None)

    def is_idle(self, stage: str | None = None) -> bool:
        """Claim: no job (of `stage`) is due, none is being worked on. Paused and postponed ones are not due."""
        with self._lock, self._store.read() as txn:
            for name in self._graph.names if stage is None else (stage,):
                record = jobs.stage(txn, name)
                if self._leased[name] or (not record.is_paused and jobs.due(txn, record, now_ms=_now_ms(), limit=1)):
                    return False
        return True

    def _due(self, txn: ReadTransaction, record: StageRecord, name: str, limit: int) -> list[int]:
        return jobs.due(txn, record, now_ms=_now_ms(), limit=limit, leased=self._leased[name])

    def _leasing(self, task: Any) -> Any:  # noqa: ANN401 - either kind of task
        self._leased[task.stage].add(task.subject)
        return task


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _fact_task(txn: ReadTransaction, stage: FactStage[Any, Any], subject: int) -> FactTask:
    return FactTask(stage.name, subject, stage.question(txn, AssetId(subject)))


class _Visitor:
    """Makes visits within one read transaction; folder paths and libraries are looked up once."""

    def __init__(self, txn: ReadTransaction, records: dict[str, StageRecord], active: list[FileStage[Any]]) -> None:
        self._txn = txn
        self._records = records
        self._active = active
        self._folders: dict[DirId, tuple[bytes, bytes]] = {}
        offline = (library.path for library in paths.libraries(txn) if not library.is_online)
        self._offline = frozenset(path.rstrip(b"/") for path in offline)

    def task(self, stage: FileStage[Any], subject: int) -> FileTask:
        """The visit for a due job, with every other stage that is due for the same file."""
        found = self._file(stage, subject)
        if found is None:
            return FileTask(stage.name, subject, None)
        root, folder = self._folder(found.dir)
        if root in self._offline:
            return FileTask(stage.name, subject, None, is_offline=True)
        above = b"/".join([root, folder]) if folder else root
        stages = tuple(self._stages(stage, subject))
        visit = Visit(above + b"/" + found.name, stages, self._sidecars(above, found), folder)
        return FileTask(stage.name, subject, visit)

    def _file(self, stage: FileStage[Any], subject: int) -> FileRecord | None:
        if stage.subject is Subject.FILE:
            return paths.file(self._txn, FileId(subject))
        record = assets.asset(self._txn, AssetId(subject))
        return paths.file(self._txn, record.files[0]) if record is not None and record.files else None

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

    def _sidecars(self, folder: bytes, found: FileRecord) -> tuple[bytes, ...]:
        stem = found.name.rpartition(b".")[0] or found.name
        siblings = (name for name, _ in paths.files_in(self._txn, found.dir, stem + b"."))
        return tuple(folder + b"/" + name for name in sidecar_names(found.name, siblings))
