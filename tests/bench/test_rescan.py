"""Looking for changes in a library where nothing has changed: what happens every five minutes, and once a night."""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Scan
from photofsd.library.changes import Effects
from photofsd.library.rules import Rules
from photofsd.library.scan import Scanner, ScanOptions
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from tests.bench.conftest import Scaled
from tests.bench.running import Running, cpu_s_of, running
from tests.bench.sheet import Sheet

FILES, FOLDERS = 300_000, 3_000
ROUNDS = 5
SETTLE_S = 4.5
"""Beyond the time within which a folder's own mtime could still hide a change."""


def empty_photos(library: Path, folders: int, files: int) -> None:
    """Files without content: nothing reads them here."""
    for folder in range(folders):
        path = library / f"{2010 + folder % 15}" / f"Event {folder}"
        path.mkdir(parents=True)
        for number in range(folder * files // folders, (folder + 1) * files // folders):
            (path / f"IMG_{number:06}.JPG").touch()


def take_in(library: Path, state: Path) -> None:
    """Scan into a new store, with nothing to be done about the files."""
    store = Store.open(state / "store", timezone=dt.UTC)
    writer = Writer(store)
    nothing = Effects(lambda *_: None, lambda *_: None)
    scanner = Scanner(os.fsencode(library), store, writer, effects=nothing, rules=Rules(), options=ScanOptions())
    scanner.scan()
    writer.close()
    store.close()


def scan_s(daemon: Running, *, full: bool) -> float:
    """Seconds of a scan, as `photofsd scan --wait` asks for it."""
    started_s = time.perf_counter()
    found = ask(daemon.state, Scan(wait=True, full=full), timeout_s=None)
    if found["added"] or found["gone"] or found["problems"]:
        raise AssertionError(f"nothing was to be found: {found}")
    return time.perf_counter() - started_s


def test_rescan(tmp_path: Path, sheet: Sheet, scaled: Scaled) -> None:
    library, state = tmp_path / "library", tmp_path / "state"
    files, folders = scaled(FILES), scaled(FOLDERS)
    empty_photos(library, folders, files)
    time.sleep(SETTLE_S)
    take_in(library, state)
    with running(library, state, tmp_path / "mnt") as daemon:
        daemon.await_rest()
        before_s = cpu_s_of(daemon.process.pid)
        quick_s = min(scan_s(daemon, full=False) for _ in range(ROUNDS))
        own_s = (cpu_s_of(daemon.process.pid) - before_s) / ROUNDS
        full_s = min(scan_s(daemon, full=True) for _ in range(2))
    what = f"{files:,} files in {folders:,} folders, nothing changed"
    sheet.add(f"scan of {what}", quick_s, "s")
    sheet.add("the daemon's CPU time for that", own_s, "s")
    sheet.add("full scan of the same, which looks at every file", full_s, "s")
