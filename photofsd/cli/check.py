"""`photofsd check`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from photofsd.cli.opened import opened_store
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.cli.progress import Show, progress
from photofsd.index.torn import AT_ONCE, FACES, PICTURES, Kind, look_at_rows
from photofsd.pipeline.stage import VECTORS
from photofsd.pipeline.stages.clip import STAGE as CLIP
from photofsd.pipeline.stages.faces import STAGE as FIND
from photofsd.store import jobs
from photofsd.store.check import check
from photofsd.store.transaction import ReadTransaction


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of what is wrong.")
@common_options
def command(invocation: Invocation, *, as_json: bool) -> int:
    """Prove the invariants of the store, and that vectors are as it says.

    Works with and without the daemon. Exits 1 when something is wrong.
    """
    with opened_store(invocation.settings) as txn, progress("checking") as show:
        faults = list(check(txn, lambda done, total: show(f"{done:,} of {total:,} rows", done, total)))
        for kind, stage in ((PICTURES, CLIP.name), (FACES, FIND.name)):
            faults += _torn_vectors(txn, invocation.settings.state / VECTORS, kind, stage, show)
    if as_json:
        say_json(faults)
    else:
        for line in faults or ["the store is clean"]:
            say(line)
    return int(bool(faults))


def _torn_vectors(txn: ReadTransaction, vectors: Path, kind: Kind, made_by: str, show: Show) -> Iterator[str]:
    """Rows that are not what the store says; what is queued is about to be written again."""
    stage, total, done = jobs.stages(txn).get(made_by), txn.count(kind.table), 0
    after: int | None = 0
    while after is not None:
        found = look_at_rows(txn, vectors, after, kind=kind)
        for row in found.torn:
            if stage is None or jobs.get(txn, stage, row.asset) is None:
                yield f"vectors {row.model} {kind.file} {row.row}: the row is torn; a running daemon makes it again"
        after, done = found.last, min(total, done + AT_ONCE)
        show(f"{done:,} of {total:,} vectors", done, total)
