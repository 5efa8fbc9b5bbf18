"""Progress on stderr: a bar on a terminal, plain lines where nobody sees a bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click

from photofsd.display import shown

PLAIN_INTERVAL_S: Final = 5.0

Show = Callable[[str, int, int | None], None]
"""Shows a text, how much is done, and how much there is (None: nobody knows)."""


@contextmanager
def progress(title: str) -> Iterator[Show]:
    """Show progress until the block ends."""
    with _bar(title) if sys.stderr.isatty() else _lines(title) as show:
        yield show


@contextmanager
def _bar(title: str) -> Iterator[Show]:
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second that only a bar is worth
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - the same

    text = TextColumn("{task.description}", markup=False)
    with Progress(text, BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(text: str, done: int, total: int | None) -> None:
            bar.update(task, description=shown(f"{title}: {text}"), completed=done, total=total)

        yield show


@contextmanager
def _lines(title: str) -> Iterator[Show]:
    last, said, latest = -PLAIN_INTERVAL_S, "", ""

    def show(text: str, done: int, total: int | None) -> None:
        nonlocal last, said, latest
        share = f" ({done / total:.0%})" if total else ""
        latest = line = shown(f"{title}: {text}{share}")
        has_begun = bool(done) or not total
        if has_begun and line != said and time.monotonic() - last >= PLAIN_INTERVAL_S:
            last, said = time.monotonic(), line
            click.echo(line, err=True)

    yield show
    if said and latest != said:
        click.echo(latest, err=True)
