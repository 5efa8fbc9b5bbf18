"""`photofsd check`."""

from __future__ import annotations

import click

from photofsd.cli.opened import opened_store
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.cli.progress import progress
from photofsd.store.check import check


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of what is wrong.")
@common_options
def command(invocation: Invocation, *, as_json: bool) -> int:
    """Prove the invariants of the store.

    Works with and without the daemon. Exits 1 when something is wrong.
    """
    with opened_store(invocation.settings) as txn, progress("checking") as show:
        faults = list(check(txn, lambda done, total: show(f"{done:,} of {total:,} rows", done, total)))
    if as_json:
        say_json(faults)
    else:
        for line in faults or ["the store is clean"]:
            say(line)
    return int(bool(faults))
