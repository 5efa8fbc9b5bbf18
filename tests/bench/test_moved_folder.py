"""A folder of many photos is renamed: the tree says so at once, what its photos are found by follows in pieces."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Self

from photofsd.store import moved, paths
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from tests.bench.running import cpu_s_of, memory_of
from tests.bench.sheet import Sheet
from tests.bench.synthetic import LAST_YEAR, LAST_YEAR_SHARE, Synthetic

MIB = 1 << 20


class Others:
    """Somebody who writes a row now and then, and how long that took at worst."""

    def __init__(self, writer: Writer) -> None:
        self.worst_s = 0.0
        self._writer = writer
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._end.wait(0.05):
            started_s = time.perf_counter()
            self._writer.run(lambda _: None)
            self.worst_s = max(self.worst_s, time.perf_counter() - started_s)


def test_moved_folder(large_library: Synthetic, tmp_path: Path, sheet: Sheet) -> None:
    shutil.copytree(large_library.state / "store", tmp_path / "store")
    store = Store.open(tmp_path / "store", timezone=dt.UTC)
    writer = Writer(store)
    with store.read() as txn:
        (library,) = paths.libraries(txn)
        year = paths.child(txn, library.dir, b"%d" % LAST_YEAR)
    assert year is not None
    before, started_s, started_cpu_s = memory_of(os.getpid()).own, time.perf_counter(), cpu_s_of(os.getpid())
    assert writer.run(lambda txn: moved.move_folder(txn, year, library.dir, b"Renamed"))
    at_once_s, pieces = time.perf_counter() - started_s, 0

    def count() -> None:
        nonlocal pieces
        pieces += 1

    with Others(writer) as others:
        moved.tell(store, writer, count)
    all_s, all_cpu_s = time.perf_counter() - started_s, cpu_s_of(os.getpid()) - started_cpu_s
    grown = memory_of(os.getpid()).own - before
    writer.close()
    store.close()
    photos = int(large_library.count * LAST_YEAR_SHARE)
    what = f"a folder of {photos:,} of {large_library.count:,} photos is renamed"
    sheet.add(f"{what}: until the tree says so", at_once_s * 1000, "ms")
    sheet.add("until all of its photos are found by the new name", all_s, "s")
    sheet.add("CPU time of that", all_cpu_s, "s")
    sheet.add("others who write meanwhile wait at most", others.worst_s * 1000, "ms")
    sheet.add("memory that it takes", grown / MIB, "MiB", at_most=100)
