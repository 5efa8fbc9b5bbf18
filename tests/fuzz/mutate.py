"""Makes hostile files out of sound ones: what crafted and damaged files do to parsers, in small."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
LONGEST = 4 << 20
MOST_STEPS = 6

Step = Callable[[random.Random, bytearray, Sequence[bytes]], bytearray]


def mutated(chance: random.Random, sound: bytes, others: Sequence[bytes]) -> bytes:
    """`sound` after a few steps of damage. others: files to take pieces from."""
    content = bytearray(sound)
    for _ in range(chance.randint(1, MOST_STEPS)):
        if content:
            content = chance.choice(STEPS)(chance, content, others)
    return bytes(content[:LONGEST])


def _place(chance: random.Random, content: bytearray) -> int:
    """Somewhere, mostly at the front: that is where headers are."""
    return min(len(content) - 1, int(len(content) * chance.random() ** 3))


def flip_a_bit(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    content[_place(chance, content)] ^= 1 << chance.randrange(8)
    return content


def scramble(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    at = _place(chance, content)
    content[at : at + chance.randint(1, 16)] = chance.randbytes(chance.randint(1, 16))
    return content


def put_an_extreme_number(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    layout = chance.choice(("<B", "<H", ">H", "<I", ">I"))
    number = chance.choice(EXTREMES) & ((1 << 8 * struct.calcsize(layout)) - 1)
    at = _place(chance, content)
    content[at : at + struct.calcsize(layout)] = struct.pack(layout, number)
    return content


def point_somewhere_else(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    """An offset into the file itself: the way to loops and to structures that overlap."""
    at = _place(chance, content)
    content[at : at + 4] = struct.pack(chance.choice(("<I", ">I")), chance.randrange(len(content) + 2))
    return content


def cut_off(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    return content[: chance.randint(0, len(content))]


def cut_out(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    at = _place(chance, content)
    del content[at : at + chance.randint(1, 1 + len(content) // 8)]
    return content


def repeat(chance: random.Random, content: bytearray, _: Sequence[bytes]) -> bytearray:
    at = _place(chance, content)
    piece = content[at : at + chance.randint(1, 256)]
    return content[:at] + piece * chance.randint(2, 64) + content[at:]


def splice(chance: random.Random, content: bytearray, others: Sequence[bytes]) -> bytearray:
    other = chance.choice(others)
    at, start = _place(chance, content), chance.randint(0, len(other))
    return content[:at] + other[start : start + chance.randint(1, 4096)] + content[at:]


STEPS: Sequence[Step] = (
    flip_a_bit, flip_a_bit, scramble, put_an_extreme_number, put_an_extreme_number, point_somewhere_else,
    cut_off, cut_out, repeat, splice,
)  # fmt: skip
