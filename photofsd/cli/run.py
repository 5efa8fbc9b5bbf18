"""`photofsd run`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.config.validate import require_library
from photofsd.daemon.app import run as run_daemon
from photofsd.daemon.logs import start_logging


@click.command("run")
@common_options
def command(invocation: Invocation) -> int:
    """Run the daemon in the foreground, until SIGTERM or Ctrl-C."""
    settings = invocation.settings
    require_library(settings)
    start_logging("debug" if invocation.debug else settings.log_level)
    return run_daemon(settings)
