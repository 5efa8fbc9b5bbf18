"""A real library folder, a real store and a scanner: what the tests of the library floor act on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from photofsd.library.changes import Effects
from photofsd.library.disk import Disk
from photofsd.library.rules import Rules
from photofsd.library.scan import Scanner, ScanOptions
from photofsd.records import AssetRecord, FileRecord, JobRecord, StageRecord
from photofsd.store import assets, jobs, paths
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import AssetId, FileId, Subject
from tests.component.store_kit import folder_at

NS = 1_000_000_000
LATER_S = 10
"""By so much the scanner's clock is ahead: what a test has just written has settled, and its folder is not racy."""


@dataclass
class World:
    """A library folder and what is known of it.

    ahead_s: how far the scanner's clock is ahead of the kernel's. renewed: photos whose sidecar has changed.
    """

    folder: Path
    store: Store
    writer: Writer
    stage: StageRecord
    disk: Disk
    options: ScanOptions
    rules: Rules
    ahead_s: float = LATER_S
    renewed: list[AssetId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scanner = self.make_scanner()
        self.scan = self.scanner.scan

    def make_scanner(self) -> Scanner:
        """Another scanner of the same folder, as after a restart."""
        return Scanner(
            os.fsencode(self.folder),
            self.store,
            self.writer,
            effects=Effects(self._queue, lambda _, photos: self.renewed.extend(photos)),
            rules=self.rules,
            options=self.options,
            disk=self.disk,
            clock_ns=lambda: time.time_ns() + int(self.ahead_s * NS),
        )

    def _queue(self, txn: WriteTransaction, file: FileId, priority: int) -> None:
        jobs.put(txn, self.stage, file, JobRecord(priority))

    def at(self, name: str | bytes) -> Path:
        """Where something below the folder lies."""
        return self.folder / os.fsdecode(name)

    def path(self, name: str | bytes) -> bytes:
        """The same as the scanner has it."""
        return os.fsencode(self.at(name))

    def write(self, name: str | bytes, content: bytes | None = None) -> Path:
        """Write a file below the folder, with a content of its own where none is given."""
        path = self.at(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name) if content is None else content)
        return path

    def rename(self, old: str, new: str) -> None:
        """Rename something below the folder."""
        self.at(old).rename(self.at(new))

    def identify(self) -> int:
        """Do the work that the pipeline would: give every queued file its asset. Returns how many."""
        with self.store.read() as txn:
            due = jobs.due(txn, self.stage, now_ms=1 << 60, limit=1_000_000)
        self.writer.run(lambda txn: [self._identify(txn, FileId(file)) for file in due])
        return len(due)

    def _identify(self, txn: WriteTransaction, file: FileId) -> None:
        record = paths.file(txn, file)
        assert record is not None
        read = Path(os.fsdecode(paths.file_path(txn, record))).read_bytes()
        content = hashlib.blake2b(read, digest_size=32).digest()
        assets.identify(txn, file, content, time.time_ns())
        jobs.finish(txn, self.stage, file)

    @property
    def queued(self) -> int:
        """Files that have to be identified."""
        with self.store.read() as txn:
            return jobs.counts(txn, self.stage).queued

    def record(self, name: str | bytes) -> FileRecord | None:
        """What the store knows of the file at that path below the folder."""
        with self.store.read() as txn:
            return self._record(txn, os.fsencode(name))

    def _record(self, txn: ReadTransaction, name: bytes) -> FileRecord | None:
        path = self.at(name)
        folder = folder_at(txn, os.fsencode(path.parent))
        row = paths.file_at(txn, folder, os.fsencode(path.name)) if folder is not None else None
        return paths.file(txn, row.file) if row is not None else None

    def asset(self, name: str | bytes) -> tuple[AssetId, AssetRecord]:
        """The photo at that path below the folder."""
        with self.store.read() as txn:
            record = self._record(txn, os.fsencode(name))
            assert record is not None, f"{name!r} is not known"
            assert record.asset is not None, f"{name!r} has not been identified"
            asset = assets.asset(txn, record.asset)
            assert asset is not None
            return record.asset, asset

    def names(self) -> set[bytes]:
        """The paths below the folder of all files that are known."""
        with self.store.read() as txn:
            library = paths.library(txn, os.fsencode(self.folder))
            assert library is not None
            return {
                b"/".join((*paths.names_below_root(txn, folder), name))
                for folder in paths.folders_below(txn, library.dir)
                for name, _ in paths.files_in(txn, folder)
            }

    def names_on_disk(self) -> set[bytes]:
        """The paths below the folder of all files that are there."""
        return {
            os.fsencode(Path(where, name).relative_to(self.folder))
            for where, _, names in os.walk(self.folder)
            for name in names
        }


@contextlib.contextmanager
def world(
    tmp_path: Path,
    *,
    folder: Path | None = None,
    disk: Disk | None = None,
    options: ScanOptions | None = None,
    rules: Rules | None = None,
) -> Iterator[World]:
    """An empty library folder, scanned by nobody yet. On leaving, the store must keep its invariants."""
    folder = folder or tmp_path / "library"
    folder.mkdir(exist_ok=True)
    store = Store.open(tmp_path / "store")
    writer = Writer(store)
    try:
        writer.run(lambda txn: jobs.register(txn, "identify", 1, Subject.FILE))
        with store.read() as txn:
            stage = jobs.stage(txn, "identify")
        rules = rules or Rules(prune=("@eaDir", "#recycle", ".Trash*", "lost+found"))
        yield World(folder, store, writer, stage, disk or Disk(), options or ScanOptions(), rules)
        with store.read() as txn:
            assert list(check(txn)) == []
    finally:
        writer.close()
        store.close()


@contextlib.contextmanager
def mounted(folder: bytes | Path, source: Path | None = None) -> Iterator[None]:
    """A file system of its own at `folder`, or `source` once more."""
    what = ["-t", "tmpfs", "none"] if source is None else ["--bind", str(source)]
    done = subprocess.run(["mount", *what, folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
