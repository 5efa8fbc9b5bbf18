"""Words as the search compares them: case and accents folded, split where a reader would split.

`IMG_4120.JPG` gives img, 4120, jpg and the joined img_4120; `Südafrika` gives sudafrika. The same function serves
what is stored and what is asked, so both sides always agree.
"""

from __future__ import annotations

import functools
import re
import unicodedata

TOKEN_MAX_BYTES = 64
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"\d+|[^\W\d_]+")


def folded(text: str) -> str:
    """`text` without case and accents, compatibility forms resolved (ß = ss)."""
    if text.isascii():
        return text.lower()
    # Twice: resolving a compatibility form may bring a capital to light (U+2102 is a C), folding a letter an accent.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in text if not unicodedata.combining(c)))


@functools.lru_cache(maxsize=8192)
def tokens(text: str) -> tuple[str, ...]:
    """The words of `text`, in order, with the letter and number parts of mixed words (IMG4120: img4120, img, 4120)."""
    found: list[str] = []
    for match in _WORD.finditer(folded(text)):
        word = match.group()
        found.append(word)
        parts = _PART.findall(word)
        if len(parts) > 1:
            found.extend(parts)
    return tuple(token for token in found if len(token.encode()) <= TOKEN_MAX_BYTES)


def tokens_of_name(name: bytes) -> tuple[str, ...]:
    """The words of a file or folder name; bytes that are no UTF-8 separate words."""
    return tokens(name.decode("utf-8", "replace").replace("\ufffd", " "))
