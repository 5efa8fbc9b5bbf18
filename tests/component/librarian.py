"""A library for tests of the pipeline and the views: real files, a real store, real readers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import trio
from photofsd.store.check import check

from photofsd.media.sniff import kind_of_name
from photofsd.pipeline import graph, runner
from photofsd.pipeline.runner import Runner, RunnerSettings
from photofsd.records import JobRecord
from photofsd.store import assets, jobs, paths
from photofsd.store.env import Store
from photofsd.store.transaction import WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import AssetId, Kind

SETTINGS = RunnerSettings(readers=2, memory_mb=1024, file_timeout_s=30)


@dataclass
class Librarian:
    """Puts what lies in `folder` into the store and has it worked off."""

    folder: Path
    store: Store
    writer: Writer
    state: Path
    graph: graph.Graph = field(default_factory=graph.discover)

    def take_in(self) -> None:
        """Add every file below the folder that is not known, and queue its identification."""
        self.writer.run(self._take_in)

    def _take_in(self, txn: WriteTransaction) -> None:
        root = os.fsencode(self.folder)
        library = paths.add_library(txn, root)
        paths.put_library(txn, msgspec.structs.replace(library, is_online=True))
        folders = {root: library.dir}
        for path, below, files in os.walk(root):
            for name in below:
                folders[path + b"/" + name] = paths.add_folder(txn, folders[path], name)
            for name in files:
                kind = kind_of_name(name)
                if kind is None or paths.file_at(txn, folders[path], name) is not None:
                    continue
                stat = os.lstat(path + b"/" + name)
                row = paths.FileStat(stat.st_size, stat.st_mtime_ns, stat.st_ino)
                file = paths.add_file(txn, folders[path], name, row, kind)
                if kind is not Kind.SIDECAR:
                    jobs.put(txn, jobs.stage(txn, "identify"), file, JobRecord(jobs.BACKLOG))

    def work_off(
        self,
        settings: RunnerSettings = SETTINGS,
        meanwhile: Callable[[Runner], None] | None = None,
        limit_s: float = 60,
    ) -> None:
        """Run the pipeline until nothing is due. meanwhile: called again and again while it runs."""

        async def main() -> None:
            worker = Runner(self.store, self.writer, self.graph, settings, self.state)
            with trio.fail_after(limit_s):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(worker.run)
                    while not await trio.to_thread.run_sync(worker.scheduler.is_idle):
                        if meanwhile is not None:
                            meanwhile(worker)
                        await trio.sleep(0.02)
                    nursery.cancel_scope.cancel()

        trio.run(main)

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


@contextlib.contextmanager
def librarian(folder: Path, state: Path) -> Iterator[Librarian]:
    """A librarian over `folder`; at the end the store must be clean."""
    store = Store.open(state / "store")
    writer = Writer(store)
    try:
        here = Librarian(folder, store, writer, state)
        runner.register(writer, here.graph)
        yield here
        with store.read() as txn:
            assert list(check(txn)) == []
    finally:
        writer.close()
        store.close()
