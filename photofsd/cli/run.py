"""`photofsd run`."""

from __future__ import annotations

import functools
import logging

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.config.schema import Settings
from photofsd.config.validate import require_library
from photofsd.daemon.app import run
from photofsd.daemon.logs import start_logging
from photofsd.errors import PhotofsdError

_log = logging.getLogger(__name__)


@click.command("run")
@common_options
def command(invocation: Invocation) -> int:
    """Run the daemon in the foreground, until SIGTERM or Ctrl-C."""
    settings = _settings(invocation)
    start_logging("debug" if invocation.debug else settings.log_level)
    try:
        return run(settings, functools.partial(_settings, invocation))
    except PhotofsdError:
        raise
    except Exception:  # noqa: BLE001 - a log wants the traceback that a terminal is spared
        _log.exception("the daemon met something unexpected")
        return 1


def _settings(invocation: Invocation) -> Settings:
    """The settings as they are now, fit for a daemon. Raises BadConfig."""
    settings = invocation.settings
    require_library(settings)
    return settings
