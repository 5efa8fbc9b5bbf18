"""Text out of files, made fit for names, tags and captions: decoded, composed, one line, bounded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST_NAME: Final = 256
LONGEST_CAPTION: Final = 4096
MOST_TAGS: Final = 500

_SAID_BY_CAMERAS = re.compile(
    r"[\w ]*(?:digital (?:still )?camera|camera pictures|\bdsc)|samsung|kodak|dcim\W.*|exif.jpeg.*|untitled|default"
    r"|(?:oznor|r?hdr|cof|dav|edf|sdr|nor|btf|mde|fbt|rptnbty)(?:_\w+)?|<.*>|(?:dsc|img)?[\W\d_]*",
    re.IGNORECASE,
)
"""Huawei writes the mode of the camera: oznor_vivid."""
_JOINERS: Final = "\u200c\u200d"  # hold emoji and Indic scripts together; all other format characters only mislead


def decoded(raw: bytes, else_encoding: str = "cp1252") -> str:
    """Text of unknown encoding up to the first NUL: UTF-8 where it is that, else Windows Latin-1 or what is given."""
    raw = raw.partition(b"\0")[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(else_encoding, "replace")


def clean(text: str | None, longest: int = LONGEST_NAME) -> str | None:
    """Text in NFC on one line without control characters, or None if nothing is left.

    longest: characters; what is longer is cut.
    """
    if not text:
        return None
    text = text[: 4 * longest]  # before the work, not after
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(_shown(char) for char in text)
    return " ".join(text.split())[:longest].strip() or None


def clean_title(text: str | None) -> str | None:
    """A title as `clean` makes it, or None for what cameras put where people would say something."""
    cleaned = clean(text)
    return None if cleaned is None or _SAID_BY_CAMERAS.fullmatch(cleaned) else cleaned


def clean_caption(text: str | None) -> str | None:
    """The same for a caption, which may be longer."""
    cleaned = clean(text, LONGEST_CAPTION)
    return None if cleaned is None or _SAID_BY_CAMERAS.fullmatch(cleaned) else cleaned


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in their order, cleaned; of those that differ in case only the first stays."""
    kept: dict[str, str] = {}
    for tag in tags:
        if len(kept) == MOST_TAGS:
            break
        if (cleaned := clean(tag)) is not None:
            kept.setdefault(cleaned.casefold(), cleaned)
    return tuple(kept.values())


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if category.startswith("Z") or char in "\t\n\r\v\f":
        return " "
    return "" if category.startswith("C") and char not in _JOINERS else char
