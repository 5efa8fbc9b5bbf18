"""English words without their inflections: dogs and dog, hiking and hike, women and woman are one stem.

The steps 1 and 5 of Porter2 (M. Porter, "The English (Porter2) stemming algorithm", snowballstem.org), without those
that also take endings which make other words: "several" is not "sever", "playful" not "play". A stem is no word to be
shown. Words with other letters than a to z are left as they are: docs/decisions/0008 has the figures.
"""

from __future__ import annotations

import functools
import re
from types import MappingProxyType

_PLAIN = re.compile(r"[a-z]{4,}")
_REGION = re.compile(r"[^aeiouy]*[aeiouy]+[^aeiouy]")
"""What comes before the region in which an ending may stand (R1 of Porter2; R2 is that of R1)."""
_ENDS_SHORT = re.compile(r"(?:.*[^aeiouy][aeiouy][^aeiouywx]|[aeiouy][^aeiouy])")
_VOWEL = re.compile(r"[aeiouy]")
_PARTICIPLE = re.compile(r"(.{2,})(?:ing|(?<!e)ed)")
_DOUBLED = re.compile(r".*(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)")
_MUTED = ("at", "bl", "iz", "us")
"""Endings that were followed by an `e` before they were inflected."""
_NO_PLURAL = ("ss", "us", "is", "as", "news", "series", "species")
_IRREGULAR = MappingProxyType({
    "buses": "bus", "calves": "calf", "children": "child", "elves": "elf", "feet": "foot", "geese": "goose",
    "halves": "half", "hooves": "hoof", "knives": "knife", "leaves": "leaf", "lives": "life", "loaves": "loaf",
    "men": "man", "mice": "mouse", "people": "person", "scarves": "scarf", "shelves": "shelf", "skis": "ski",
    "teeth": "tooth", "thieves": "thief", "wives": "wife", "wolves": "wolf", "women": "woman",
})  # fmt: skip


@functools.lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """What `word`, folded, shares with its inflections; itself where it has none that we know."""
    word = _IRREGULAR.get(word, word)
    if _PLAIN.fullmatch(word) is None:
        return word
    return _without_e(_infinitive(_singular(word)))


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) <= len("dies") else word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(_NO_PLURAL) else word


def _infinitive(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) <= len("died") else word[:-3] + "y"
    found = _PARTICIPLE.fullmatch(word)
    if found is None or _VOWEL.search(found[1]) is None:
        return word
    left = found[1]
    if left.endswith(_MUTED):
        return left + "e"
    if _DOUBLED.fullmatch(left):
        return left[:-1]
    is_short = _ENDS_SHORT.fullmatch(left) is not None and _region(left) == len(left)
    return left + "e" if is_short else left


def _without_e(word: str) -> str:
    """`movie` as `movy`, as `movies` is; `beach` and `dance` without what `beaches` and `dancing` may have lost."""
    if word.endswith("ie") and len(word) > len("died"):
        return word[:-2] + "y"
    if not word.endswith("e"):
        return word
    first, left = _region(word), word[:-1]
    is_far_in = len(left) >= first + _region(word[first:])
    return left if is_far_in or (len(left) >= first and _ENDS_SHORT.fullmatch(left) is None) else word


def _region(word: str) -> int:
    """Where the region after the first vowel and the consonant behind it begins; the length of a word without one."""
    found = _REGION.match(word)
    return len(word) if found is None else found.end()
