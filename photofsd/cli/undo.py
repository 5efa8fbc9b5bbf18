"""`photofsd undo`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Undo

LINES_MAX = 20


@click.command("undo")
@click.option("--burst", is_flag=True, help="Everything that was said within two seconds of each other.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def command(invocation: Invocation, *, burst: bool, as_json: bool) -> None:
    """Take back what was said last.

    Of people, and of searches that are kept; by moving folders and photos, or by command. Run again, it takes back what
    was said before that.
    """
    result = ask(invocation.settings.state, Undo(burst=burst), timeout_s=None)
    if as_json:
        say_json(result)
        return
    for line in result["lines"][:LINES_MAX]:
        say(f"taken back: {line}")
    more = len(result["lines"]) - LINES_MAX
    if more > 0:
        say(f"and {more:,} more")
