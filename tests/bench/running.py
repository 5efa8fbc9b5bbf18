"""A real daemon to be measured: started, asked, looked at from outside, ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from photofsd.daemon.client import ask, connect
from photofsd.daemon.commands import Wait
from photofsd.errors import DaemonNotRunning

START_WITHIN_S = 120
END_WITHIN_S = 60
LOOK_S = 0.02
KIB = 1024


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon whose tree is mounted.

    start_s: how long that took, from the start of its process. mounted_s: when it was so, as perf_counter counts.
    """

    process: subprocess.Popen[bytes]
    state: Path
    mount: Path
    start_s: float
    mounted_s: float

    def await_rest(self) -> None:
        """Return when its first scan has ended and nothing is left to do."""
        ask(self.state, Wait(), timeout_s=None)


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes of a process: its own, of mapped files (the store), and all together."""

    own: int
    mapped: int
    total: int


@contextlib.contextmanager
def running(
    library: Path, state: Path, mount: Path, settings: str = "", models: Path | None = None
) -> Iterator[Running]:
    """A daemon over `library`, mounted, so configured, without models unless it is told where they are.

    Its log is `daemon.log` beside the mount point.
    """
    config = mount.with_name("photofsd.toml")
    config.write_text(settings)  # whatever the user has set is not measured
    places = ["--config", config, "--library", library, "--state", state, "--mount", mount]
    places += ["--models", models or mount.with_name("models")]
    started_s = time.perf_counter()
    with mount.with_name("daemon.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "photofsd", "run", *places], stdout=log, stderr=log)
    try:
        _await_mount(process, state, mount)
        mounted_s = time.perf_counter()
        yield Running(process, state, mount, mounted_s - started_s, mounted_s)
    finally:
        process.terminate()
        try:
            process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        subprocess.run(["fusermount3", "-u", "-z", "-q", mount], check=False, capture_output=True)


def _await_mount(process: subprocess.Popen[bytes], state: Path, mount: Path) -> None:
    """Return once the tree is mounted and the daemon answers."""
    deadline_s = time.monotonic() + START_WITHIN_S
    while not (os.path.ismount(mount) and _answers(state)):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise RuntimeError(f"the daemon did not start: see {mount.with_name('daemon.log')}")
        time.sleep(LOOK_S)


def _answers(state: Path) -> bool:
    try:
        connect(state).close()
    except DaemonNotRunning:
        return False
    return True


def memory_of(process: int) -> Memory:
    """What a process has in memory now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    own, mapped, total = (int(fields[name][0]) * KIB for name in ("RssAnon", "RssFile", "VmRSS"))
    return Memory(own, mapped, total)


def cpu_s_of(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loop_cpu_s_of(process: int) -> float:
    """Processor time of its first thread so far, to the nanosecond: that thread answers the kernel."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def children_of(process: int) -> list[int]:
    """The processes that it has started and that still run."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(number) for number in listed.split()]
