"""What commands print: lines for people, JSON for scripts."""

from __future__ import annotations

import json
import sys

import click

from photofsd.display import shown


def say(line: str = "") -> None:
    """Print a line for people."""
    click.echo(shown(line))


def say_beside(line: str) -> None:
    """Print a line for people that is not part of the answer, on stderr."""
    click.echo(shown(line), err=True)


def say_error(message: str) -> None:
    """Print why it did not work, on stderr: a message may have several lines (a query with a caret below it)."""
    for line in f"photofsd: {message}".split("\n"):
        say_beside(line)


def say_json(value: object, *, one_line: bool = False) -> None:
    """Print JSON in ASCII: odd bytes of paths are lone surrogates, as os.fsdecode makes them."""
    json.dump(value, sys.stdout, indent=None if one_line else 2)
    sys.stdout.write("\n")
    sys.stdout.flush()
