"""A photofsd at home: library folders, a state folder, a mount, and a daemon to be started, ended and killed."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from photofsd.config.toml import literal
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Health, Scan, ScanResult, Stages, Status, Wait
from photofsd.errors import DaemonNotRunning
from photofsd.fuse.mount_point import held
from photofsd.mounts import Mount, mounts
from photofsd.store import assets, facets, jobs, paths
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.types import AssetId, Facet

OF_MODELS = {"clip", "faces"}
"""Stages that wait where no model is installed."""

LIMIT_S = 90.0
"""How long anything may take on a busy machine before a test says that it does not happen."""


class Home:
    """One library or several, and a daemon over them.

    settings: of the configuration file, `library__watch=False` for library.watch; the defaults here are quick ones.
    """

    def __init__(self, place: Path, *folders: Path, name: str = "home", **settings: object) -> None:
        self.folders = folders or (place / "library",)
        self._place = place / name
        self.state = self._place / "state"
        self.mount = self._place / "photos"
        self.models = self._place / "models"
        self.log = self._place / "daemon.log"
        self._settings: dict[str, object] = {
            "models.folder": str(self.models),
            "library.settle_s": 0.3,
            "library.scan_interval_s": 3600.0,
            "library.watch": True,
            "readers.processes": 2,
            **{key.replace("__", "."): value for key, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None
        for folder in (self._place, *self.folders):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        """The first library folder."""
        return self.folders[0]

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        """Start the daemon; it answers when this returns."""
        config = self.configure()
        libraries = [word for folder in self.folders for word in ("--library", str(folder))]
        places = ["--state", str(self.state), "--mount", str(self.mount), "--config", str(config)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "photofsd", "run", *libraries, *places],
                stdout=log, stderr=log, env={**os.environ, **(environ or {})},
            )  # fmt: skip
        self.until(lambda: self.answers() and bool(self.layers()))

    def configure(self, **settings: object) -> Path:
        """Write the configuration file, with other settings from now on."""
        self._settings |= {key.replace("__", "."): value for key, value in settings.items()}
        config = self._place / "photofsd.toml"
        config.write_text("\n".join(f"{key} = {literal(value)}" for key, value in self._settings.items()))
        return config

    def answers(self) -> bool:
        """Claim: the daemon answers. Fails where it has ended."""
        code = self.process.poll() if self.process is not None else None
        assert code is None, f"it ended with {code}: {self.log.read_text()[-4000:]}"
        try:
            self.health()
        except DaemonNotRunning:
            return False
        return True

    def health(self) -> Health:
        """How the daemon says that things stand."""
        return ask(self.state, Status(), timeout_s=LIMIT_S)

    def done(self, stage: str = "identify") -> int:
        """How many jobs of a stage have been done."""
        return self.health()["stages"][stage]["done"]

    def scan(self, *, full: bool = False, confirm_deletions: bool = False) -> ScanResult:
        """Scan now, and wait for it."""
        scan = Scan(full=full, confirm_deletions=confirm_deletions, wait=True)
        return ask(self.state, scan, timeout_s=LIMIT_S)

    def ask_for_scan(self) -> None:
        """Put a scan in line, and do not wait for it."""
        ask(self.state, Scan(full=True), timeout_s=LIMIT_S)

    def scan_and_health(self) -> Health:
        """Scan, then say how things stand."""
        self.scan()
        return self.health()

    def rest(self) -> None:
        """Wait until a first scan has finished and no job is due."""
        ask(self.state, Wait(), timeout_s=LIMIT_S)

    def retry(self) -> None:
        """Try again at once what failed, or waits to be tried again."""
        ask(self.state, Stages(action="retry"), timeout_s=LIMIT_S)

    def is_idle(self) -> bool:
        """Claim: no job is queued, not even a postponed one, but for want of a model."""
        stages = self.health()["stages"]
        return all(stage["queued"] == stage["running"] == 0 for name, stage in stages.items() if name not in OF_MODELS)

    def end(self) -> None:
        """End the daemon as systemd does; it must say that it went well, and leave no mount."""
        self.terminate()
        self.ended()

    def terminate(self) -> None:
        """SIGTERM."""
        assert self.process is not None
        self.process.terminate()

    def ended(self) -> None:
        """Wait for the end; it must be a good one, and leave no mount."""
        assert self.process is not None
        assert self.process.wait(LIMIT_S) == 0, self.log.read_text()[-4000:]
        assert self.layers() == []
        self.process = None

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(LIMIT_S)
        self.process = None

    def clear(self) -> None:
        """Leave nothing behind, whatever has happened."""
        with held(self.mount) as left:
            if left is not None:
                left.cut()
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(LIMIT_S)
        for _ in self.layers():
            subprocess.run(["fusermount3", "-u", "-z", "-q", str(self.mount)], check=False, capture_output=True)

    def layers(self) -> list[Mount]:
        """What is mounted where the tree belongs."""
        return [mount for mount in mounts() if mount.point == os.fsencode(self.mount)]

    def names(self, view: str = "recent") -> list[str]:
        """The entries of a folder of the tree; none where it is not there."""
        try:
            return sorted(os.listdir(self.mount / view))
        except FileNotFoundError:
            return []

    def until(self, claim: Callable[[], bool], *, limit_s: float = LIMIT_S) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + limit_s
        while not claim():
            assert time.monotonic() < deadline, f"it does not become true; {self.log.read_text()[-4000:]}"
            time.sleep(0.05)

    def known(self) -> dict[bytes, Known]:
        """All that the store knows of photos that are there, by content; the store must be clean."""
        return known_in(self.state / "store")


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of a photo. where: its paths, sorted; facets: all that views and searches are made of."""

    asset: AssetId
    name: bytes
    where: tuple[bytes, ...]
    metadata: Any
    place: Any
    facets: frozenset[bytes]


def known_in(folder: Path) -> dict[bytes, Known]:
    """All that the store in `folder` knows of photos that are there, by content; it must be clean."""
    store = Store.open(folder, readonly=True)
    try:
        with store.read() as txn:
            assert list(check(txn)) == []
            holding: dict[int, set[bytes]] = {}
            for facet in Facet:
                for value in facets.values(txn, facet):
                    for asset in facets.bitmap(txn, facet, value):
                        holding.setdefault(asset, set()).add(b"%b %b" % (facet.name.encode(), value))
            known = {}
            for asset in map(AssetId, facets.live(txn)):
                record = assets.asset(txn, asset)
                assert record is not None
                files = [paths.file(txn, file) for file in record.files]
                where = tuple(sorted(paths.file_path(txn, file) for file in files if file is not None))
                known[record.content] = Known(
                    asset, record.name, where, assets.metadata(txn, asset), assets.place(txn, asset),
                    frozenset(holding.get(asset, ())),
                )  # fmt: skip
            return known
    finally:
        store.close()


def lasting(photo: Known) -> frozenset[bytes]:
    """The facets that do not depend on ids, nor on the names of files and folders."""
    return frozenset(fact for fact in photo.facets if not fact.startswith((b"DIR ", b"WORD n", b"WORD f")))


def queue_in(folder: Path) -> dict[str, jobs.Counts]:
    """How the stages stand in the store in `folder`."""
    store = Store.open(folder, readonly=True)
    try:
        with store.read() as txn:
            return {name: jobs.counts(txn, record) for name, record in jobs.stages(txn).items()}
    finally:
        store.close()


def all_known_files(folder: Path) -> set[bytes]:
    """Every path that the store in `folder` knows."""
    store = Store.open(folder, readonly=True)
    try:
        with store.read() as txn:
            roots = [library.dir for library in paths.libraries(txn)]
            folders = [below for root in roots for below in paths.folders_below(txn, root)]
            return {
                paths.folder_path(txn, below).rstrip(b"/") + b"/" + name
                for below in folders
                for name, _ in paths.files_in(txn, below)
            }
    finally:
        store.close()
