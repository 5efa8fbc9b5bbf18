"""Names that a file system may take for one: those that differ in case, or in how Unicode composes a letter.

FAT, SMB servers and macOS answer to any spelling of a name and keep the one it was given. So a name that was respelled
is still found under its old spelling.
"""

from __future__ import annotations

import unicodedata


def folded(name: bytes) -> str:
    """What all spellings of a name, or of a path, have in common."""
    return unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).casefold()
