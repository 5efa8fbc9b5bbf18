"""`photofsd wait`."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Final

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.progress import Show, progress
from photofsd.daemon.client import ask, connect
from photofsd.daemon.commands import Wait
from photofsd.daemon.protocol import Message
from photofsd.errors import DaemonNotRunning, TooSlow

START_TIMEOUT_S: Final = 60.0
RETRY_S: Final = 0.1


@click.command("wait")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), metavar="SECONDS", help="Give up after that.")
@click.option("--stage", metavar="NAME", help="Wait for this stage alone.")
@common_options
def command(invocation: Invocation, *, timeout_s: float | None, stage: str | None) -> None:
    """Wait until a first scan has finished and no work is due.

    Work that waits for a model or is paused is not due. The daemon may still be starting, or start again: it has a
    minute for that, or as long as --timeout says.
    """
    state = invocation.settings.state
    with progress("waiting") as show:
        heard = _Heard(show)
        try:
            _wait(state, Wait(stage=stage), timeout_s, heard)
        except TooSlow as error:
            raise TooSlow(f"not finished after {timeout_s:g} s: {heard.last or error}") from error


class _Heard:
    """Shows reports of the daemon and remembers the last."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self.last = ""

    def __call__(self, report: Message) -> None:
        due, done = report["due"], report["done"]
        self.last = f"{due:,} jobs are due" if report["scanned"] else "the first scan is running"
        self._show(self.last, done, done + due if report["scanned"] else None)


def _wait(state: Path, command: Wait, timeout_s: float | None, heard: _Heard) -> None:
    """Ask, and ask again when the daemon ends meanwhile. Raises TooSlow, DaemonNotRunning."""
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    while True:
        _await_daemon(state, deadline)
        left_s = None if timeout_s is None else max(deadline - time.monotonic(), 0)
        try:
            ask(state, command, timeout_s=left_s, on_progress=heard)
        except DaemonNotRunning:
            continue
        return


def _await_daemon(state: Path, deadline: float) -> None:
    """Return as soon as the daemon listens. Raises TooSlow at `deadline`, DaemonNotRunning after a minute."""
    patience = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            connect(state).close()
        except DaemonNotRunning as error:
            if time.monotonic() >= deadline:
                raise TooSlow(str(error)) from error
            if deadline == math.inf and time.monotonic() >= patience:
                raise
            time.sleep(min(RETRY_S, max(deadline - time.monotonic(), 0)))
        else:
            return
