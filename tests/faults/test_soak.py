"""Killed again and again while people work in the library: in the end as if nothing had ever happened.

Half a minute of it in every run of the suite; `make soak` makes it ten (SOAK_S seconds).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import blake3
import pytest

from tests.faults.busy_library import BusyLibrary, is_name_of
from tests.faults.home import LIMIT_S, OF_MODELS, Home, Known, all_known_files, lasting, queue_in

SHORT_S = 20.0
LONG_S = float(os.environ.get("SOAK_S", "600"))
VISITOR = 'while :; do find "$0" -type f -exec head -c 65536 {} + >/dev/null 2>&1; sleep 0.2; done'


def test_half_a_minute_of_kills_loses_nothing_and_does_nothing_twice(make_home: Callable[..., Home]) -> None:
    soak(make_home, SHORT_S)


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(LONG_S * 3 + 600)
def test_a_long_soak_loses_nothing_and_does_nothing_twice(make_home: Callable[..., Home]) -> None:
    soak(make_home, LONG_S)


def soak(make_home: Callable[..., Home], seconds: float) -> None:
    seed = int(os.environ.get("SOAK_SEED", "0")) or random.randrange(1, 1 << 30)
    print(f"SOAK_SEED={seed}")  # noqa: T201 - shown where it fails, to do it again
    chance = random.Random(seed)
    home = make_home(library__scan_interval_s=5.0)
    temporary = home.folder.parent / "tmp"
    temporary.mkdir()
    library = BusyLibrary(home.folder, chance)
    trouble = Trouble(home, temporary, chance)
    with visited(home.mount):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for _ in range(chance.randrange(1, 6)):
                library.work()
            time.sleep(chance.uniform(0, 0.4))
            trouble.make()
    trouble.end()
    home.scan(full=True, confirm_deletions=True)
    home.rest()
    home.retry()  # a file over which two readers were killed has been given up, and the docs say what to do then
    home.until(home.is_idle)
    assert trouble.kept <= set(home.names("search")), "a search that was kept is lost"
    home.end()
    print(f"{library.done} things done, {trouble.made}")  # noqa: T201
    judge(home, library, make_home)
    assert left_over(home, trouble.children) == []
    assert list(temporary.iterdir()) == []


class Trouble:
    """Kills the daemon and its readers, and starts it again; keeps searches in between.

    kept: searches that a mkdir has acknowledged. children: every process that the daemon has ever started.
    """

    def __init__(self, home: Home, temporary: Path, chance: random.Random) -> None:
        self.made: Counter[str] = Counter()
        self.kept: set[str] = set()
        self.children: set[int] = set()
        self._home = home
        self._environ = {"TMPDIR": str(temporary)}
        self._chance = chance
        self._start()

    def _start(self) -> None:
        self._home.start(self._environ)

    def make(self) -> None:
        """Some trouble, or none."""
        if self._home.process is None:
            if self._chance.random() < 0.5:  # things go on while it is down
                self._start()
            return
        children = children_of(self._home.process.pid)
        self.children |= set(children)
        dice = self._chance.random()
        if dice < 0.06:
            self._home.kill()
            self.made["daemon killed"] += 1
        elif dice < 0.30 and children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(children), signal.SIGKILL)
            self.made["child killed"] += 1
        elif dice < 0.35:
            self._keep()
        elif dice < 0.37:
            self._home.end()
            self.made["daemon ended"] += 1

    def _keep(self) -> None:
        query = f"number {len(self.kept)}"
        (self._home.mount / "search" / query).mkdir(exist_ok=True)
        self.kept.add(query)
        self.made["search kept"] += 1

    def end(self) -> None:
        """No more of it: the daemon runs."""
        if self._home.process is None:
            self._start()
        assert self._home.process is not None
        self.children |= set(children_of(self._home.process.pid))


@contextlib.contextmanager
def visited(mount: Path) -> Iterator[None]:
    """Somebody looks at everything in the tree, all the time."""
    visitor = subprocess.Popen(["sh", "-c", VISITOR, str(mount)], process_group=0)
    try:
        yield
    finally:
        os.killpg(visitor.pid, signal.SIGKILL)
        visitor.wait(LIMIT_S)


def judge(home: Home, library: BusyLibrary, make_home: Callable[..., Home]) -> None:
    """What is known now is what lies there, and what a daemon learns of it that nobody disturbs."""
    there: dict[bytes, list[bytes]] = {}
    for path in library.photos():
        there.setdefault(blake3.blake3(path.read_bytes()).digest(), []).append(os.fsencode(path))
    known = home.known()
    found = {content: list(photo.where) for content, photo in known.items()}
    lying = {content: sorted(where) for content, where in there.items()}
    assert difference(found, lying) == []
    on_disk = {os.fsencode(path) for path in home.folder.rglob("*") if path.is_file()}
    assert all_known_files(home.state / "store") == on_disk
    for content, photo in known.items():
        assert is_name_of(photo.name, library.names[content]), (photo, library.names[content])
    stages = queue_in(home.state / "store").items()
    waiting = {name for name, stage in stages if stage.queued or stage.failed}
    assert waiting <= OF_MODELS, "for want of a model"
    calm = make_home(home.folder, name="calm")
    calm.start()
    calm.rest()
    calm.end()
    undisturbed = calm.known()
    assert difference(facts(known), facts(undisturbed)) == []
    assert queue_in(home.state / "store")["identify"] == queue_in(calm.state / "store")["identify"]


def facts(known: dict[bytes, Known]) -> dict[bytes, object]:
    """What depends on the contents alone, not on ids, nor on the name under which each was first seen."""
    return {content: (photo.metadata, photo.place, lasting(photo)) for content, photo in known.items()}


def difference(ours: dict[bytes, Any], theirs: dict[bytes, Any]) -> list[tuple[str, Any, Any]]:
    """What the two do not agree on."""
    keys = sorted(ours.keys() | theirs.keys())
    return [(key.hex(), ours.get(key), theirs.get(key)) for key in keys if ours.get(key) != theirs.get(key)]


def left_over(home: Home, children: set[int]) -> list[object]:
    """Mounts, processes and half-written files that nobody needs any more."""
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    processes = [line for line in listed.splitlines() if str(home.state) in line and "photofsd" in line]
    alive = [child for child in children if worker_runs(child)]
    files = [path for path in home.state.rglob("*") if path.suffix in {".tmp", ".part", ".new"}]
    return [*home.layers(), *processes, *alive, *files]


def worker_runs(process: int) -> bool:
    with contextlib.suppress(OSError):
        return b"photofsd" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def children_of(process: int) -> list[int]:
    listed = subprocess.run(["ps", "--ppid", str(process), "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]
