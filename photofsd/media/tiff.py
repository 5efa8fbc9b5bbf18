"""TIFF structures (also BigTIFF, and the TIFF that is inside every EXIF block and most RAW files), read lazily.

Why our own reader: this is the first thing that touches a file nobody has vetted. Here every read, count and chain
is bounded, and only the tags that somebody asks for cost anything; a general EXIF library decodes all that a directory
claims to hold (65,535 entries of 999 values are minutes), knows fewer containers, and fails with whatever comes.
Values that cannot be read are absent; only a header that is none raises.

Source: TIFF 6.0 (Adobe, 1992); Exif 3.0 (CIPA DC-008), section 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from photofsd.errors import FileUndecodable
from photofsd.media.span import Span
from photofsd.media.wording import decoded

MOST_ENTRIES: Final = 2048
MOST_IFDS: Final = 32
MOST_VALUES: Final = 1024
LONGEST_TEXT: Final = 64 << 10

_ORDERS: Final = {b"II": "<", b"MM": ">"}
_BIG: Final = 43
_RATIONAL: Final = frozenset({5, 10})
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 5: "I", 6: "b", 8: "h", 9: "i", 10: "i", 11: "f", 12: "d", 13: "I",
                   16: "Q", 17: "q", 18: "Q"}  # fmt: skip
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
                 16: 8, 17: 8, 18: 8, 129: 1}  # fmt: skip


class _Layout(NamedTuple):
    """How directories are laid out: in TIFF with 32-bit, in BigTIFF with 64-bit offsets."""

    order: str
    counter: struct.Struct
    entry: struct.Struct
    pointer: struct.Struct


def _layout(order: str, *, is_big: bool = False) -> _Layout:
    word = "Q" if is_big else "I"
    return _Layout(
        order,
        struct.Struct(order + ("Q" if is_big else "H")),
        struct.Struct(order + "HH" + word + ("8s" if is_big else "4s")),
        struct.Struct(order + word),
    )


class _Entry(NamedTuple):
    kind: int
    values: int
    at: int


class Tiff:
    """A TIFF structure. Raises FileUndecodable where the header is none.

    magic: the number in the header, 42 but for the RAW formats that have their own. first: offset of the first IFD.
    """

    def __init__(self, span: Span) -> None:
        head = span.exactly(0, 8)
        order = _ORDERS.get(head[:2])
        if order is None:
            raise FileUndecodable("no TIFF header where one should be")
        self.span = span
        self.magic: int = struct.unpack(order + "H", head[2:4])[0]
        is_big = self.magic == _BIG
        self._layout = _layout(order, is_big=is_big)
        self.first: int = span.unpack(self._layout.pointer, 8 if is_big else 4)[0]

    def ifd(self, offset: int) -> Ifd:
        """The directory at `offset`; an empty one where there is none."""
        return Ifd(self.span, self._layout, offset)

    def chain(self) -> Iterator[Ifd]:
        """Yield the directories from the first on, as they point to each other; none twice, MOST_IFDS at most."""
        seen: set[int] = set()
        offset = self.first
        while offset and offset not in seen and len(seen) < MOST_IFDS:
            seen.add(offset)
            ifd = self.ifd(offset)
            yield ifd
            offset = ifd.next

    def children(self, ifd: Ifd, tag: int) -> Iterator[Ifd]:
        """Yield the directories that `tag` of `ifd` points to (SubIFDs, the EXIF and the GPS directory)."""
        for offset in ifd.numbers(tag)[:MOST_IFDS]:
            yield self.ifd(int(offset))


class Ifd:
    """One directory: its tags by number. Values are fetched when they are asked for.

    next: offset of the directory after it, 0 = none.
    """

    def __init__(self, span: Span, layout: _Layout, offset: int) -> None:
        self._span = span
        self._order = layout.order
        self._entries: dict[int, _Entry] = {}
        self.next = 0
        count_raw = span.read(offset, layout.counter.size)
        if len(count_raw) < layout.counter.size:
            return
        start = offset + layout.counter.size
        row = layout.entry.size
        count = min(layout.counter.unpack(count_raw)[0], MOST_ENTRIES)
        table = span.read(start, count * row + layout.pointer.size)
        if len(table) < count * row + layout.pointer.size:  # cut off: what is whole of it counts
            count = min(count, len(table) // row)
        else:
            self.next = layout.pointer.unpack_from(table, count * row)[0]
        inline_size = layout.pointer.size
        for index, (tag, kind, values, value) in enumerate(layout.entry.iter_unpack(table[: count * row])):
            size = _SIZES.get(kind)
            if size is None or tag in self._entries:
                continue
            is_inline = size * values <= inline_size
            at = start + (index + 1) * row - inline_size if is_inline else layout.pointer.unpack(value)[0]
            self._entries[tag] = _Entry(kind, values, at)

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def raw(self, tag: int, longest: int = LONGEST_TEXT) -> bytes:
        """The bytes of a tag, at most `longest`; b"" where it is absent."""
        entry = self._entries.get(tag)
        if entry is None:
            return b""
        return self._span.read(entry.at, min(entry.values * _SIZES[entry.kind], longest))

    def block(self, tag: int) -> Span | None:
        """The bytes of a tag as a span, however many; None where it is absent."""
        entry = self._entries.get(tag)
        return None if entry is None else self._span.part(entry.at, entry.values * _SIZES[entry.kind])

    def text(self, tag: int) -> str:
        """The text of a tag, up to its NUL; "" where it is absent."""
        return decoded(self.raw(tag))

    def numbers(self, tag: int) -> tuple[float, ...]:
        """The numbers of a tag, rationals divided (x/0 is nan), MOST_VALUES at most; () where there are none."""
        entry = self._entries.get(tag)
        letter = _NUMBERS.get(entry.kind) if entry else None
        if entry is None or letter is None:
            return ()
        size = _SIZES[entry.kind]
        raw = self._span.read(entry.at, min(entry.values, MOST_VALUES) * size)
        count = len(raw) // size
        if entry.kind not in _RATIONAL:
            return struct.unpack(f"{self._order}{count}{letter}", raw[: count * size])
        parts: tuple[Any, ...] = struct.unpack(f"{self._order}{2 * count}{letter}", raw[: count * size])
        return tuple(_divided(parts[at], parts[at + 1]) for at in range(0, 2 * count, 2))

    def number(self, tag: int) -> float | None:
        """The first number of a tag, or None."""
        return next(iter(self.numbers(tag)), None)

    def integer(self, tag: int) -> int | None:
        """The first number of a tag where it is a whole one, or None."""
        value = self.number(tag)
        return int(value) if value is not None and value == value // 1 else None


def bare_ifd(span: Span, order: bytes, offset: int) -> Ifd | None:
    """The directory at `offset` of a span without a TIFF header; None where `order` is neither II nor MM."""
    letter = _ORDERS.get(order)
    return None if letter is None else Ifd(span, _layout(letter), offset)


def _divided(over: int, under: int) -> float:
    return over / under if under else float("nan")
