"""Names and messages as people are shown them: on one line, nothing in it that a terminal or a reader obeys.

Names in a library are anybody's: with a line break one forges a line of a log or a row of a table, with an escape
sequence it acts on the terminal, with a change of direction (U+202E) it reads as another. What is shown so is not for
programs: scripts get bytes, or JSON.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control and format characters, lone surrogates, line and paragraph separators."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Format characters that hold emoji and Indic scripts together; all others are invisible, and only mislead."""

_OF_NO_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})
_WIDE: Final = frozenset("WF")
_ODD_BYTES: Final = range(0xDC80, 0xDD00)


def shown(text: str | bytes) -> str:
    r"""A name, path or message for people: as it is, but for escapes (`\n`, `\x1b`, `\u202e`) of what is obeyed.

    Bytes that are no UTF-8 are shown as `\xff`, also where they come as lone surrogates, as os.fsdecode makes them.
    What has been shown once can be shown again: it stays the same.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(map(_shown, text))


def first_line(error: BaseException) -> str:
    """What an error of a library says, without what it adds for its own developers."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def width(text: str) -> int:
    """How many columns of a terminal `text` takes: East Asian characters take two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _shown(char: str) -> str:
    if char.isprintable() or char in _JOINERS or unicodedata.category(char) not in _OBEYED:
        return char
    if ord(char) in _ODD_BYTES:
        return f"\\x{ord(char) & 0xFF:02x}"
    return char.encode("unicode_escape").decode("ascii")


def _width(char: str) -> int:
    if unicodedata.category(char) in _OF_NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1
