"""`photofsd config`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.config.schema import SETTINGS, value_of
from photofsd.config.show import effective, plain
from photofsd.config.validate import require_library


@click.group("config")
def command() -> None:
    """Show or check the settings."""


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def show(invocation: Invocation, *, as_json: bool) -> None:
    """Print every setting that is in force and where it came from, as a configuration file."""
    configuration = invocation.configuration
    if as_json:
        origins = configuration.origins
        values = {key: plain(value_of(configuration.settings, key)) for key in SETTINGS}
        say_json({key: {"value": value, "origin": origins[key]} for key, value in values.items()})
        return
    for line in effective(configuration):
        say(line)


@command.command("check")
@common_options
def check(invocation: Invocation) -> None:
    """Check that the daemon could start with these settings; exit 78 when it could not."""
    configuration = invocation.configuration
    require_library(configuration.settings)
    say(f"{configuration.file or 'the configuration'} is fine")
