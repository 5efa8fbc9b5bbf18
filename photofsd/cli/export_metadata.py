"""`photofsd export-metadata`."""

from __future__ import annotations

from pathlib import Path

import click

from photofsd.cli.mirror import Mirror, refuse_unsafe
from photofsd.cli.opened import readable_store
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.cli.progress import progress
from photofsd.cli.sidecars import Sidecars
from photofsd.errors import PartlyDone

MOST_PROBLEMS = 20


@click.command("export-metadata")
@click.argument("folder", type=Path, metavar="DIR")
@click.option("--query", metavar="QUERY", help="Only of the photos that its words and filters find.")
@click.option("--lightroom", is_flag=True, help="Call those of RAW files IMG_1.xmp, not IMG_1.CR2.xmp.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def command(invocation: Invocation, *, folder: Path, query: str | None, lightroom: bool, as_json: bool) -> None:
    """Write XMP sidecars that say who is in the photos, into DIR.

    DIR gets the folders of the library, and a sidecar for each photo that somebody with a name is in. Run again, only
    what changed is written. The library itself is never written to. Needs no daemon.
    """
    settings = invocation.settings
    refuse_unsafe(folder, settings.library.folders, settings.mount.point, settings.state)
    mirror = Mirror(folder)
    with readable_store(settings) as store, progress("writing sidecars") as show:
        sidecars = Sidecars(store, settings, query, lightroom=lightroom)
        sidecars.write(mirror, show)
        sidecars.prune(mirror)
    counts = {"written": mirror.written, "unchanged": mirror.unchanged, "removed": mirror.removed}
    if as_json:
        say_json({**counts, "problems": mirror.problems})
    else:
        say(", ".join(f"{count:,} {what}" for what, count in counts.items()))
    if mirror.problems:
        more = len(mirror.problems) - MOST_PROBLEMS
        lines = [*mirror.problems[:MOST_PROBLEMS], *([f"and {more:,} more"] if more > 0 else [])]
        raise PartlyDone("\n".join(["not all sidecars were written:", *(f"  {line}" for line in lines)]))
