"""TOML where the standard library stops: writing a value, and finding the line that a key stands on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

_TABLE: Final = re.compile(r"\s*\[\s*([\w.\-]+)\s*\]")
_KEY: Final = re.compile(r"\s*([\w\-]+(?:\s*\.\s*[\w\-]+)*)\s*=")


def literal(value: object) -> str:
    """Write the value of a setting as TOML.

    TOML is UTF-8: odd bytes of a path come out as U+FFFD.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value).removesuffix(".0")
        case tuple():
            return f"[{', '.join(literal(item) for item in value)}]"
        case Path() | str():
            text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            raise TypeError(f"no setting holds a {type(value).__name__}")


def lines_of_keys(text: str) -> dict[str, int]:
    """The line (from 1) on which each dotted key stands, as far as can be told without parsing.

    Made for messages: a line inside a multi-line string may be taken for a key.
    """
    lines: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            prefix = table[1] + "."
            lines.setdefault(table[1], number)
        elif key := _KEY.match(line):
            lines.setdefault(prefix + re.sub(r"\s", "", key[1]), number)
    return lines
