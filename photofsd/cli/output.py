"""What commands print: lines for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
import unicodedata

import click


def printable(text: str) -> str:
    """`text` fit for a terminal: names are hostile, so control characters and odd bytes become U+FFFD."""
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"} else "\ufffd" for char in text
    )


def say(line: str = "") -> None:
    """Print a line for people."""
    click.echo(printable(line))


def say_beside(line: str) -> None:
    """Print a line for people that is not part of the answer, on stderr."""
    click.echo(printable(line), err=True)


def say_json(value: object, *, one_line: bool = False) -> None:
    """Print JSON in ASCII: odd bytes of paths are lone surrogates, as os.fsdecode makes them."""
    json.dump(value, sys.stdout, indent=None if one_line else 2)
    sys.stdout.write("\n")
    sys.stdout.flush()
