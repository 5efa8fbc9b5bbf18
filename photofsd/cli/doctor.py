"""`photofsd doctor`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.daemon.doctor import examine
from photofsd.daemon.finding import Finding
from photofsd.daemon.report import columns


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def command(invocation: Invocation, *, as_json: bool) -> int:
    """Look at everything around the daemon that may stand in its way.

    Run it as the user that the daemon runs as. Exits 1 when there is a problem.
    """
    findings = list(examine(invocation.settings))
    if as_json:
        say_json([finding._asdict() for finding in findings])
    else:
        for line in columns([_cells(finding) for finding in findings]):
            say(line)
    return int(any(finding.level == "problem" for finding in findings))


def _cells(finding: Finding) -> tuple[str, str, str]:
    advice = f" -> {finding.advice}" if finding.advice else ""
    return (finding.level, finding.check, finding.text + advice)
