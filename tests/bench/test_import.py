"""Taking in a library: many small files, where the bookkeeping counts; large ones, where reading does."""

from __future__ import annotations

import functools
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Status
from photofsd.library.changes import Effects
from photofsd.library.rules import Rules
from photofsd.library.scan import Scanner, ScanOptions
from photofsd.media.hashing import content_digest
from photofsd.media.metadata import read_metadata
from photofsd.media.source import Source
from photofsd.pipeline import graph, runner
from photofsd.pipeline.arrivals import on_file, on_sidecar
from photofsd.store import jobs
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from tests.bench.conftest import Scaled
from tests.bench.originals import large_photos, small_photos
from tests.bench.running import Running, children_of, cpu_s_of, memory_of, running
from tests.bench.sheet import Sheet

SMALL, FOLDERS = 100_000, 1_000
SCAN_MIN_PER_S = 8_000
LARGE, NAMES = 600, 20
READ_MIN_PER_MINUTE = 40_000
CORES = 2
SETTLE_S = 2.5
MIB = 1 << 20


def take_in(library: Path, state: Path, *, paused: Sequence[str] = ()) -> float:
    """Scan into a new store, queueing what a scan queues; how many seconds that took. paused: stages."""
    store = Store.open(state / "store")
    writer = Writer(store)
    runner.register(store, writer, graph.discover())
    for stage in paused:
        writer.run(functools.partial(jobs.pause, name=stage, is_paused=True))
    scanner = Scanner(
        os.fsencode(library),
        store,
        writer,
        effects=Effects(on_file, on_sidecar),
        rules=Rules(),
        options=ScanOptions(),
    )
    started_s = time.perf_counter()
    scanner.scan()
    took_s = time.perf_counter() - started_s
    writer.close()
    store.close()
    return took_s


def await_photos(daemon: Running, photos: int) -> float:
    """Wait until all is done; seconds since the daemon was mounted. A daemon that lost some was not measured."""
    daemon.await_rest()
    took_s = time.perf_counter() - daemon.mounted_s
    health = ask(daemon.state, Status())
    if health["photos"] != photos or health["failed"]:
        raise AssertionError(f"{photos} photos were to be taken in: {health}")
    return took_s


def test_first_import(tmp_path: Path, sheet: Sheet, scaled: Scaled) -> None:
    library, photos = tmp_path / "library", scaled(SMALL)
    small_photos(library, scaled(FOLDERS), photos)
    time.sleep(SETTLE_S)
    alone_s = take_in(library, tmp_path / "alone")
    sheet.add(f"scan and store alone, {photos:,} new files", photos / alone_s, "/s", at_least=SCAN_MIN_PER_S)
    with running(library, tmp_path / "state", tmp_path / "mnt") as daemon:
        took_s = await_photos(daemon, photos)
        readers_s = sum(cpu_s_of(child) for child in children_of(daemon.process.pid))
        daemon_s = cpu_s_of(daemon.process.pid)
        memory = memory_of(daemon.process.pid)
    sheet.add("scan, hash, metadata, previews, places and store, whole daemon", photos / took_s, "/s")
    sheet.add("the daemon's own CPU time for that", daemon_s / photos * 1e6, "µs a file")
    sheet.add("its children's CPU time", readers_s / photos * 1e6, "µs a file")
    sheet.add("the daemon's own memory at the end, without the mapped store", memory.own / MIB, "MiB")


def test_reading_photos(tmp_path: Path, sheet: Sheet, scaled: Scaled) -> None:
    paths = list(large_photos(tmp_path / "library", scaled(LARGE), NAMES))
    time.sleep(SETTLE_S)
    rate = read_bare(paths) * 60
    sheet.add(f"hash and metadata of 3.6 MB, bare, {CORES} processes", rate, "/min", at_least=READ_MIN_PER_MINUTE)
    take_in(tmp_path / "library", tmp_path / "state", paused=["preview"])
    with running(tmp_path / "library", tmp_path / "state", tmp_path / "mnt") as daemon:
        took_s = await_photos(daemon, len(paths) // NAMES)
    rate = len(paths) / took_s * 60
    sheet.add("the same by the daemon, with places and store", rate, "/min", at_least=READ_MIN_PER_MINUTE)


def read_bare(paths: list[bytes]) -> float:
    """Files a second, read in CORES processes; the first round only brings the files into the page cache."""
    shares = [paths[part::CORES] for part in range(CORES)]
    with ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(read_all, shares))
        started_s = time.perf_counter()
        list(pool.map(read_all, shares))
        return len(paths) / (time.perf_counter() - started_s)


def read_all(paths: list[bytes]) -> None:
    for path in paths:
        with Source.open(path) as source:
            content_digest(source)
            read_metadata(source, folder=os.path.dirname(path), zone=None)
