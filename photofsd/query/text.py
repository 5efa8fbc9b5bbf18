"""How texts compare: by their words, whatever the case, the accents and what stands between the words.

The words are those of store/tokens.py, so that what is asked and what is stored always agree.
"""

from __future__ import annotations

import re

from photofsd.store.tokens import folded

_WORD = re.compile(r"[^\W_]+")
_ATOM = re.compile(r"\d+|[^\W\d_]+")
_BETWEEN = r"[\W_]*"
_PART_MIN_CHARS = 2


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, in order: "EOS_7D" gives eos, 7d."""
    return tuple(_WORD.findall(folded(text)))


def atoms(text: str) -> tuple[str, ...]:
    """The words of `text` with letters and digits apart, in order: "EOS_7D" gives eos, 7, d."""
    return tuple(_ATOM.findall(folded(text)))


def parts(word: str) -> tuple[str, ...]:
    """What a folded word may also be written as, apart: "img4120" gives img, 4120; nothing for "7d" or "dog".

    Parts of one character say too little: "7d" is not "D-7".
    """
    found = tuple(_ATOM.findall(word))
    return found if len(found) > 1 and min(map(len, found)) >= _PART_MIN_CHARS else ()


def run_pattern(run: tuple[str, ...]) -> re.Pattern[str]:
    """What finds the atoms `run` in a folded text, one after the other; the same as comparing atoms, but fast."""
    return re.compile(_BETWEEN.join(map(_whole, run)))


def _whole(atom: str) -> str:
    """The atom, but not inside a longer one. It is looked for first and behind it later: three times as fast."""
    kind = r"\d" if _is_number(atom) else r"[^\W\d_]"
    literal = re.escape(atom)
    return f"{literal}(?<!{kind}{literal})(?!{kind})"


def _is_number(atom: str) -> bool:
    return re.match(r"\d", atom) is not None
