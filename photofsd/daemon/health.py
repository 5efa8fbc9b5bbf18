"""How things stand, gathered from the store, the runner and the scans."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from photofsd import __version__
from photofsd.daemon.commands import (
    Health,
    IndexHealth,
    LibraryHealth,
    ModelHealth,
    PeopleHealth,
    SearcherHealth,
    StageHealth,
    State,
)
from photofsd.records import LibraryRecord, StageRecord
from photofsd.store import changes, embeddings, facets, jobs, paths, people, similar
from photofsd.types import Facet

if TYPE_CHECKING:
    from photofsd.daemon.clustering import Clustering
    from photofsd.daemon.searching import Searching
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.runner import Runner
    from photofsd.pipeline.stage import ModelInUse
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction

OFFLINE = "the library is offline"


class Doctor:
    """Examines the daemon.

    mount: where the tree is. alerts: what other parts have to say, one line each.
    """

    def __init__(
        self,
        store: Store,
        graph: Graph,
        runner: Runner,
        searching: Searching,
        clustering: Clustering,
        *,
        mount: str,
        alerts: Callable[[], list[str]],
    ) -> None:
        self._store = store
        self._graph = graph
        self._runner = runner
        self._searching = searching
        self._clustering = clustering
        self._mount = mount
        self._alerts = alerts
        self.phase: State = "starting"

    def health(self) -> Health:
        """How things stand now."""
        with self._store.read() as txn:
            libraries = paths.libraries(txn)
            stages = self._stages(txn, libraries)
            photos, files = txn.counter(b"photos"), txn.counter(b"files")
            searcher = self._searching.health()
            index = _index(txn, photos, searcher)
            counts = people.counts(txn)
            clustering = self._clustering.waiting(txn)
        alerts = [*self._alerts(), *([self._runner.alert] if self._runner.alert else [])]
        return Health(
            version=__version__,
            state=self._state(libraries, alerts, stages),
            mount=self._mount,
            library=[_library(record) for record in libraries],
            photos=photos,
            files=files,
            failed=sum(stage["failed"] for stage in stages.values()),
            stages=stages,
            index=index,
            people=PeopleHealth(named=counts.named, unknown=counts.unknown, faces=counts.faces, waiting=clustering),
            searcher=searcher,
            models={name: ModelHealth(id=model.id, about=model.about) for name, model in self._models_in_use()},
            alerts=alerts,
        )

    def model_notes(self) -> list[str]:
        """What the models in use say of themselves, one line each."""
        return [model.about for _, model in self._models_in_use() if model.about]

    def _models_in_use(self) -> list[tuple[str, ModelInUse]]:
        """By stage. Another thread may exchange one meanwhile: a copy."""
        return sorted(self._runner.models.in_use.copy().items())

    def is_indexed(self) -> bool:
        """Claim: the indexes are up to date, and so are people."""
        with self._store.read() as txn:
            is_behind = changes.behind(txn, similar.FOLLOWER)
        return not is_behind and self._clustering.is_settled()

    def stages(self) -> dict[str, StageHealth]:
        """How the stages stand now."""
        with self._store.read() as txn:
            return self._stages(txn, paths.libraries(txn))

    def _state(self, libraries: list[LibraryRecord], alerts: list[str], stages: dict[str, StageHealth]) -> State:
        if self.phase != "running":
            return self.phase
        if alerts or not all(record.is_online for record in libraries):
            return "degraded"
        return "paused" if all(stage["waiting"] == "paused" for stage in stages.values()) else "running"

    def _stages(self, txn: ReadTransaction, libraries: list[LibraryRecord]) -> dict[str, StageHealth]:
        records = jobs.stages(txn)
        is_offline = bool(libraries) and not any(record.is_online for record in libraries)
        return {name: self._stage(txn, name, records[name], is_offline=is_offline) for name in self._graph.names}

    def _stage(self, txn: ReadTransaction, name: str, record: StageRecord, *, is_offline: bool) -> StageHealth:
        counts = jobs.counts(txn, record)
        running = self._runner.scheduler.leased(name)
        return StageHealth(
            queued=max(0, counts.queued - running),
            running=running,
            done=counts.done,
            failed=counts.failed,
            waiting=next(self._reasons(txn, name, record, queued=counts.queued, is_offline=is_offline), None),
            rate_per_s=round(self._runner.pace.done.per_s(name), 1),
            retries_per_min=self._runner.pace.retried.last_minute(name),
        )

    def _reasons(
        self, txn: ReadTransaction, name: str, record: StageRecord, *, queued: int, is_offline: bool
    ) -> Iterator[str]:
        """Why the stage does not run, most important first."""
        if record.is_paused:
            yield "paused"
        if queued and self._runner.alert:
            yield self._runner.alert
        if held := self._runner.scheduler.held(name):
            yield held
        if queued and is_offline:
            yield OFFLINE
        due_ms = jobs.next_due_ms(txn, record)
        if due_ms:
            wait_s = due_ms / 1000 - dt.datetime.now(dt.UTC).timestamp()
            if wait_s > 0:
                yield f"trying again in {wait_s:.0f} s"


def _index(txn: ReadTransaction, photos: int, searcher: SearcherHealth) -> IndexHealth:
    return IndexHealth(
        vectors=len(facets.bitmap(txn, Facet.EMBEDDED, embeddings.answering(txn).encode())),
        annoy_generation=searcher["annoy_generation"],
        tail=searcher["tail"],
        text_docs=photos,
        similar=len(facets.bitmap(txn, Facet.HAS, b"similar")),
        similar_queued=changes.behind(txn, similar.FOLLOWER),
    )


def _library(record: LibraryRecord) -> LibraryHealth:
    return LibraryHealth(
        path=os.fsdecode(record.path),
        online=record.is_online,
        last_scan=_rfc3339(record.scanned_ns) if record.scanned_ns else None,
    )


def _rfc3339(at_ns: int) -> str:
    moment = dt.datetime.fromtimestamp(at_ns // 1_000_000_000, dt.UTC)
    return moment.isoformat().replace("+00:00", "Z")
