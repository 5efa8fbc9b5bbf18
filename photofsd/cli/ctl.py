"""`photofsd ctl`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Reload


@click.group("ctl")
def command() -> None:
    """Send the daemon a signal and wait until it is done."""


@command.command("reload")
@common_options
def reload(invocation: Invocation) -> None:
    """Make the daemon read its configuration again; print what was applied and what needs a restart."""
    result = ask(invocation.settings.state, Reload())
    for key in result["applied"]:
        say(f"applied: {key}")
    for key in result["needs_restart"]:
        say(f"needs a restart: {key}")
    if not result["applied"] and not result["needs_restart"]:
        say("nothing has changed")
