"""A library for tests of the pipeline and the views: real files, a real store, real readers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trio

from photofsd.library.changes import Effects
from photofsd.library.report import ScanReport
from photofsd.library.rules import Rules
from photofsd.library.scan import Scanner, ScanOptions
from photofsd.pipeline import graph, runner
from photofsd.pipeline.arrivals import on_file, on_sidecar
from photofsd.pipeline.runner import Runner, RunnerSettings
from photofsd.pipeline.stage import Work
from photofsd.pipeline.visits import Patience
from photofsd.store import assets, jobs
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from photofsd.types import AssetId

ANY_SIZE = Work(file_max_mb=1 << 40)
"""A file of a terabyte of holes stands for one that is read for long."""

SETTINGS = RunnerSettings(readers=2, memory_mb=1024, patience=Patience(30), work=ANY_SIZE)


@dataclass
class Librarian:
    """Puts what lies in `folder` into the store and has it worked off."""

    folder: Path
    store: Store
    writer: Writer
    state: Path
    graph: graph.Graph = field(default_factory=graph.discover)

    def take_in(self) -> ScanReport:
        """Scan the folder; files need not settle."""
        scanner = Scanner(
            os.fsencode(self.folder),
            self.store,
            self.writer,
            effects=Effects(on_file, on_sidecar),
            rules=Rules(prune=("@eaDir",)),
            options=ScanOptions(settle_s=0),
        )
        return scanner.scan()

    def work_off(
        self,
        settings: RunnerSettings = SETTINGS,
        meanwhile: Callable[[Runner], None] | None = None,
        limit_s: float = 60,
    ) -> Runner:
        """Run the pipeline until nothing is due; the runner as it was then. meanwhile: called while it runs."""
        worker = Runner(self.store, self.writer, self.graph, settings, self.state)

        async def main() -> None:
            with trio.fail_after(limit_s):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(worker.run)
                    while not await trio.to_thread.run_sync(_is_done, worker):
                        if meanwhile is not None:
                            meanwhile(worker)
                        await trio.sleep(0.02)
                    nursery.cancel_scope.cancel()

        trio.run(main)
        return worker

    def named(self, name: bytes) -> AssetId:
        """The photo with that view name."""
        with self.store.read() as txn:
            found = assets.named(txn, name)
        assert found is not None, f"no photo is called {name!r}"
        return found

    def failures(self, stage: str) -> list[str]:
        """Why jobs of the stage failed."""
        with self.store.read() as txn:
            return [why.reason for _, why in jobs.failures(txn, jobs.stage(txn, stage))]

    def counts(self, stage: str) -> jobs.Counts:
        """How the stage stands."""
        with self.store.read() as txn:
            return jobs.counts(txn, jobs.stage(txn, stage))


def _is_done(worker: Runner) -> bool:
    return worker.scheduler.is_idle() and worker.models.is_settled()


@contextlib.contextmanager
def librarian(folder: Path, state: Path) -> Iterator[Librarian]:
    """A librarian over `folder`; at the end the store must be clean."""
    store = Store.open(state / "store")
    writer = Writer(store)
    try:
        here = Librarian(folder, store, writer, state)
        runner.register(store, writer, here.graph)
        yield here
        with store.read() as txn:
            assert list(check(txn)) == []
    finally:
        writer.close()
        store.close()
