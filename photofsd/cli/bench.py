"""`photofsd bench`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from photofsd.cli.opened import opened_store
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_beside, say_json
from photofsd.config.schema import Settings
from photofsd.daemon.report import columns
from photofsd.errors import StoreError, UsageError

if TYPE_CHECKING:
    from photofsd.index.bench.contestants import Library
    from photofsd.index.bench.measure import Line, Report

OWN_MIN = 1000
"""Photos below which measuring on the user's own vectors says nothing."""


@click.group("bench")
def command() -> None:
    """Measure on this machine, with your photos where there are some."""


@command.command("search")
@click.option("--rows", type=click.IntRange(100), help="Made-up photos, instead of your own.")
@click.option("--dimension", type=click.IntRange(8, 4096), default=512, show_default=True, help="Of made-up photos.")
@click.option("--queries", type=click.IntRange(1), default=100, show_default=True, help="How many are asked.")
@click.option("--count", type=click.IntRange(1), default=200, show_default=True, help="Photos a query asks for.")
@click.option("--only", multiple=True, metavar="NAME", help="Only the ways whose names begin so; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def search(
    invocation: Invocation,
    *,
    rows: int | None,
    dimension: int,
    queries: int,
    count: int,
    only: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare the ways to find photos by what they show.

    On the vectors of your own photos, or on as many made-up ones as --rows says; takes minutes at a million.
    """
    from photofsd.index.bench.contestants import ALL  # noqa: PLC0415 - numpy, which no other command waits for
    from photofsd.index.bench.measure import measure  # noqa: PLC0415 - the same
    from photofsd.index.bench.synthetic import texts  # noqa: PLC0415 - the same

    chosen = [kind for kind in ALL if not only or kind.name.startswith(only)]
    if not chosen:
        raise UsageError(f"no way to search begins so; there are: {', '.join(kind.name for kind in ALL)}")
    settings = invocation.settings
    with _made_up(rows, dimension) if rows else _own(settings) as library:
        asked = texts(library.sample(20_000), queries)
        threads = settings.index.threads
        report = measure(library, asked, count, threads=threads, show=say_beside, chosen=chosen)
    if as_json:
        say_json(msgspec.to_builtins(report))
    else:
        _print(report)


@contextmanager
def _made_up(rows: int, dimension: int) -> Iterator[Library]:
    import numpy as np  # noqa: PLC0415 - as above

    from photofsd.index.bench.contestants import Library  # noqa: PLC0415 - as above
    from photofsd.index.bench.synthetic import Photos  # noqa: PLC0415 - as above
    from photofsd.index.vectors import VectorFile  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="photofsd-bench-") as work:
        folder = Path(work) / "made-up"
        file = VectorFile(folder, dimension)
        say_beside(f"making up {rows:,} vectors of {dimension} numbers")
        first = 1
        for vectors in Photos(rows, dimension).pieces():
            file.write(range(first, first + len(vectors)), vectors)
            first += len(vectors)
        yield Library(file, folder, dimension, np.arange(1, rows + 1, dtype=np.uint32), Path(work))


@contextmanager
def _own(settings: Settings) -> Iterator[Library]:
    import numpy as np  # noqa: PLC0415 - as above

    from photofsd.index.bench.contestants import Library  # noqa: PLC0415 - as above
    from photofsd.index.vectors import VectorFile, dimension_of  # noqa: PLC0415 - as above
    from photofsd.store import embeddings, facets  # noqa: PLC0415 - as above
    from photofsd.types import Facet  # noqa: PLC0415 - as above

    with opened_store(settings) as txn:
        model = embeddings.answering(txn)
        ids = np.array(facets.bitmap(txn, Facet.EMBEDDED, model.encode()).to_array(), np.uint32)
    if ids.size < OWN_MIN:
        raise StoreError(f"there are vectors of {ids.size} photos, too few to measure: `--rows 100000` makes some up")
    folder = settings.state / "vectors" / model
    dimension = dimension_of(folder)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.state) as work:
        yield Library(VectorFile(folder, dimension), folder, dimension, ids, Path(work))


def _print(report: Report) -> None:
    say(f"{report.queries} queries for {report.count} of {report.rows:,} photos, {report.dimension} dimensions,")
    say(f"{report.threads} thread(s) a query; at most {report.peak_mb:,} MB of memory for all of them together")
    say()
    head = ("way", "recall", "worst", "p50 ms", "p95", "10 %: recall", "p50", "p95", "1 %: recall", "p50", "p95")
    for row in columns([(*head, "MB", "build s"), *(_cells(line) for line in report.lines if line.missing is None)]):
        say(row)
    for line in report.lines:
        if line.missing is not None:
            say(f"{line.name}: {line.missing}")


def _cells(line: Line) -> tuple[str, ...]:
    cells = [line.name]
    for number in range(3):
        if number >= len(line.asked):
            cells += ["-"] * (3 if number else 4)
            continue
        asked = line.asked[number]
        cells += [f"{asked.recall:.3f}", *([] if number else [f"{asked.worst:.3f}"])]
        cells += [f"{asked.p50_ms:.1f}", f"{asked.p95_ms:.1f}"]
    return (*cells, f"{line.size_mb:,.0f}", f"{line.build_s:,.0f}")
