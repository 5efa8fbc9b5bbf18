"""The program `photofsd`: finds the command, and is the only place that prints errors and exits."""

from __future__ import annotations

import difflib
import importlib
import io
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn, cast

import click

from photofsd import __version__
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say_error
from photofsd.errors import PhotofsdError

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "run": "Run the daemon in the foreground, until SIGTERM or Ctrl-C.",
        "wait": "Wait until a first scan has finished and no work is due.",
        "status": "Show how things stand.",
        "scan": "Look for changes in the library now.",
        "search": "Print the originals that a query finds, best first.",
        "people": "List the people in the photos, name, merge, split and hide them.",
        "undo": "Take back what was said last.",
        "export-metadata": "Write XMP sidecars that say who is in the photos, into DIR.",
        "check": "Prove the invariants of the store, and that vectors are as it says.",
        "config": "Show or check the settings.",
        "stages": "List the stages of the work, pause and resume them, do work again.",
        "models": "List, take in and verify the models that understand pictures.",
        "bench": "Measure on this machine, with your photos where there are some.",
        "ctl": "Send the daemon a signal and wait until it is done.",
        "unmount": "End the daemon and remove the tree, whatever state it is in.",
        "doctor": "Look at everything around the daemon that may stand in its way.",
    }
)
"""Every command and the first line of its help: `--help` need not import them.

Each is a module beside this one; `-` is `_` there.
"""


class Commands(click.Group):
    """The group of all commands; each is imported when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", importlib.import_module(f"photofsd.cli.{cmd_name.replace('-', '_')}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and (close := difflib.get_close_matches(args[0], COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r}; did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="photofsd %(version)s")
@common_options
def program(_invocation: Invocation) -> None:
    """Your photo library, as a file system."""


def main() -> NoReturn:
    """Run what the command line asks for and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command; the exit code. Prints whatever error it ends with."""
    invocation = Invocation()
    try:
        Path.cwd()
    except OSError as error:  # a tree whose daemon was killed, or that was removed
        return _failed(error, f"the current folder is gone ({error.strerror}): go to another one", 1, invocation)
    try:
        code = program.main(list(arguments), prog_name="photofsd", standalone_mode=False, obj=invocation)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 128 + signal.SIGINT
    except PhotofsdError as error:
        return _failed(error, str(error), error.exit_code, invocation)
    except Exception as error:  # noqa: BLE001 - the last resort: nobody above us would say it better
        hint = "" if invocation.debug else " (--debug shows where)"
        return _failed(error, f"unexpected {type(error).__name__}: {error}{hint}", 1, invocation)
    return int(code or 0)


def _failed(error: Exception, message: str, code: int, invocation: Invocation) -> int:
    if invocation.debug:
        traceback.print_exception(error)
    say_error(message)
    return code
