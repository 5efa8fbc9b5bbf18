"""`photofsd scan`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say
from photofsd.cli.progress import Show, progress
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Scan, ScanResult
from photofsd.daemon.protocol import Message
from photofsd.errors import PartlyDone


@click.command("scan")
@click.argument("paths", type=Path, nargs=-1, metavar="[PATH]...")
@click.option("--wait", is_flag=True, help="Return when the scan has finished.")
@click.option("--full", is_flag=True, help="Look at every file, not only into folders that changed.")
@click.option("--confirm-deletions", is_flag=True, help="Believe that what is missing is gone, however much it is.")
@common_options
def command(
    invocation: Invocation, *, paths: tuple[Path, ...], wait: bool, full: bool, confirm_deletions: bool
) -> None:
    """Look for changes in the library now.

    In the whole library, or only below each PATH.
    """
    absolute = tuple(str(path.absolute()) for path in paths)
    request = Scan(paths=absolute, wait=wait, full=full, confirm_deletions=confirm_deletions)
    state = invocation.settings.state
    if not wait:
        ask(state, request)
        say("the scan will start at once; `photofsd status` shows it")
        return
    with progress("scanning") as show:
        result = ask(state, request, timeout_s=None, on_progress=_shower(show))
    say(_summary(result))
    if result["problems"]:
        raise PartlyDone("\n".join(["not all of it could be done:", *(f"  {line}" for line in result["problems"])]))


def _shower(show: Show) -> Callable[[Message], None]:
    def show_count(report: Message) -> None:
        show(f"{report['files']:,} files in {report['folders']:,} folders", report["files"], None)

    return show_count


def _summary(result: ScanResult) -> str:
    looked_at = f"{result['files']:,} files in {result['folders']:,} folders"
    came = f"{result['added']:,} added, {result['changed']:,} changed"
    went = f"{result['moved']:,} moved, {result['gone']:,} gone"
    return f"{looked_at}: {came}, {went}"
