"""Words as the search compares them: case and accents folded, split where a reader would split.

`IMG4120.JPG` gives img4120, its parts img and 4120, and jpg; `Südafrika` gives sudafrika and suedafrika. The same
function serves what is stored and what is asked, so both sides always agree.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

TOKEN_MAX_BYTES = 64
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"\d+|[^\W\d_]+")
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def folded(text: str) -> str:
    """`text` without case and accents, compatibility forms resolved (ß = ss)."""
    if text.isascii():
        return text.lower()
    # Twice: resolving a compatibility form may bring a capital to light (U+2102 is a C), folding a letter an accent.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in text if not unicodedata.combining(c)))


def spelled_out(text: str) -> str:
    """`text` with its umlauts as two letters: Köln as Koeln. It has as many words, in the same places."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).translate(_SPELLED_OUT)


@functools.lru_cache(maxsize=8192)
def tokens(text: str) -> tuple[str, ...]:
    """The words of `text`, in order, with the letter and number parts of mixed words (IMG4120: img4120, img, 4120).

    Behind them those that have umlauts as they may be spelled out.
    """
    found = list(_words(text))
    other = spelled_out(text)
    if other != text:
        found.extend(dict.fromkeys(word for word in _words(other) if word not in found))
    return tuple(token for token in found if len(token.encode()) <= TOKEN_MAX_BYTES)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(folded(text)):
        word = match.group()
        yield word
        parts = _PART.findall(word)
        if len(parts) > 1:
            yield from parts


def tokens_of_name(name: bytes) -> tuple[str, ...]:
    """The words of a file or folder name; bytes that are no UTF-8 separate words."""
    return tokens(name.decode("utf-8", "replace").replace("\ufffd", " "))
