"""`photofsd run`."""

from __future__ import annotations

import functools

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.config.schema import Settings
from photofsd.config.validate import require_library
from photofsd.daemon.app import run
from photofsd.daemon.logs import start_logging


@click.command("run")
@common_options
def command(invocation: Invocation) -> int:
    """Run the daemon in the foreground, until SIGTERM or Ctrl-C."""
    settings = _settings(invocation)
    start_logging("debug" if invocation.debug else settings.log_level)
    return run(settings, functools.partial(_settings, invocation))


def _settings(invocation: Invocation) -> Settings:
    """The settings as they are now, fit for a daemon. Raises BadConfig."""
    settings = invocation.settings
    require_library(settings)
    return settings
