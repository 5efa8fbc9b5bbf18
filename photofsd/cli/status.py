"""`photofsd status`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.config.schema import Settings
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Health, Status
from photofsd.daemon.report import columns, health_lines
from photofsd.display import shown
from photofsd.errors import UsageError

if TYPE_CHECKING:
    from photofsd.cli.failures import FailedJob

WATCH_INTERVAL_S: Final = 2.0


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (with --watch: one object a line).")
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Ctrl-C.")
@click.option("--failed", is_flag=True, help="Show what failed for good, and why (needs no daemon).")
@common_options
def command(invocation: Invocation, *, as_json: bool, watch: bool, failed: bool) -> None:
    """Show how things stand."""
    if watch and failed:
        raise UsageError("--watch and --failed don't go together")
    settings = invocation.settings
    state = settings.state
    if failed:
        _show_failures(settings, as_json=as_json)
    elif watch:
        _watch(state, as_json=as_json)
    elif as_json:
        say_json(ask(state, Status()))
    else:
        _say(health_lines(ask(state, Status())))


def _show_failures(settings: Settings, *, as_json: bool) -> None:
    from photofsd.cli.failures import failed_jobs  # noqa: PLC0415 - only this needs the store, slow to import

    failed = failed_jobs(settings)
    if as_json:
        say_json(failed)
    else:
        _say(columns([_cells(job) for job in failed]))


def _cells(job: FailedJob) -> tuple[str, str, str]:
    """The row of a failed job: the path once, though most reasons name it, too."""
    path = shown(job["path"] or "(gone)")
    reason = job["reason"].removeprefix(path).removesuffix(f"({path})")
    return job["stage"], path, reason.removeprefix(":").strip()


def _watch(state: Path, *, as_json: bool) -> None:
    with _screen(as_json=as_json) as show:
        while True:
            show(ask(state, Status()))
            time.sleep(WATCH_INTERVAL_S)


@contextmanager
def _screen(*, as_json: bool) -> Iterator[Callable[[Health], None]]:
    """Where one status after the other is shown: in place on a terminal, below each other elsewhere."""
    if as_json:
        yield lambda health: say_json(health, one_line=True)
    elif sys.stdout.isatty():
        from rich.live import Live  # noqa: PLC0415 - a tenth of a second that only a screen is worth
        from rich.text import Text  # noqa: PLC0415 - the same

        with Live(auto_refresh=False) as live:
            yield lambda health: live.update(Text("\n".join(map(shown, health_lines(health)))), refresh=True)
    else:
        yield lambda health: _say([*health_lines(health), ""])


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)
