"""TIFF structures are read lazily, and never further than they go."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.tiff_files import directories_of, read_raw_tiff
from photofsd.media.span import MOST_AT_ONCE, MOST_BYTES, MOST_READS, Span
from photofsd.media.tiff import MOST_IFDS, MOST_VALUES, Tiff

ASCII, SHORT, LONG, RATIONAL, SRATIONAL, DOUBLE = 2, 3, 4, 5, 10, 12
HEADER = b"II*\0\x08\0\0\0"


def directory(*rows: tuple[int, int, int, bytes], next_at: int = 0) -> bytes:
    """A little-endian directory: tag, type, count, value or offset as 4 bytes."""
    table = b"".join(struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in rows)
    return struct.pack("<H", len(rows)) + table + struct.pack("<I", next_at)


def le(number: int) -> bytes:
    return struct.pack("<I", number)


def test_values_are_inline_or_where_they_point() -> None:
    ifd_size = len(directory((0, 0, 0, bytes(4)))) + 3 * 12
    at = len(HEADER) + ifd_size
    rows = (
        (1, SHORT, 2, struct.pack("<HH", 7, 8)),
        (2, ASCII, 6, le(at)),
        (3, RATIONAL, 2, le(at + 6)),
        (4, DOUBLE, 1, le(at + 22)),
    )
    tail = b"Canon\0" + struct.pack("<IIII", 1, 4, 5, 0) + struct.pack("<d", 2.5)
    tiff = Tiff(Span.of(HEADER + directory(*rows) + tail))
    ifd = tiff.ifd(tiff.first)
    assert (ifd.numbers(1), ifd.text(2), ifd.number(4)) == ((7, 8), "Canon", 2.5)
    assert ifd.numbers(3)[0] == 0.25
    assert math.isnan(ifd.numbers(3)[1])
    assert (ifd.integer(1), ifd.integer(4), ifd.integer(3), ifd.integer(9)) == (7, None, None, None)
    assert (ifd.text(9), ifd.raw(9), ifd.numbers(2), len(ifd)) == ("", b"", (), 4)


def test_big_tiff_is_read() -> None:
    row = struct.pack("<HHQ", 0x0100, LONG, 1) + struct.pack("<II", 640, 0)
    data = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + struct.pack("<Q", 1) + row + bytes(8)
    tiff = Tiff(Span.of(data))
    assert tiff.ifd(tiff.first).integer(0x0100) == 640


@pytest.mark.parametrize("data", [b"", b"II", b"XX*\0\x08\0\0\0", b"II+\0\x08\0\0\0"])
def test_header_that_is_none_is_undecodable(data: bytes) -> None:
    with pytest.raises(FileUndecodable):
        Tiff(Span.of(data))


def test_directories_that_point_in_a_circle_end() -> None:
    tiff = Tiff(Span.of(HEADER + directory((1, SHORT, 1, le(1)), next_at=8)))
    assert len(list(tiff.chain())) == 1
    assert len(list(directories_of(Tiff(Span.of(HEADER + directory((0x014A, LONG, 1, le(8)), next_at=8)))))) == 2


def test_endless_directories_are_cut_off() -> None:
    rows = b"".join(directory(next_at=8 + 6 * (index + 1)) for index in range(10**4))
    assert len(list(Tiff(Span.of(HEADER + rows)).chain())) == MOST_IFDS


def test_giant_counts_cost_no_more_than_the_file_holds() -> None:
    tiff = Tiff(
        Span.of(
            HEADER + directory((1, SHORT, 0xFFFFFFFF, le(0)), (2, ASCII, 0xFFFFFFFF, le(0)), (3, LONG, 2, le(2**31)))
        )
    )
    ifd = tiff.ifd(tiff.first)
    assert len(ifd.numbers(1)) <= MOST_VALUES
    assert ifd.text(2) == "II*"
    assert ifd.numbers(3) == ()


def test_directory_that_is_cut_off_gives_what_is_whole() -> None:
    data = HEADER + directory((1, SHORT, 1, le(5)), (2, SHORT, 1, le(6)))
    tiff = Tiff(Span.of(data[:-10]))
    ifd = tiff.ifd(tiff.first)
    assert (ifd.integer(1), ifd.integer(2), ifd.next) == (5, None, 0)


def test_raw_file_has_the_size_of_its_largest_picture() -> None:
    preview = directory((0x0100, SHORT, 1, le(160)), (0x0101, SHORT, 1, le(120)), (0x014A, LONG, 1, le(50)))
    assert len(HEADER + preview) == 50
    contents = Contents()
    read_raw_tiff(
        Span.of(HEADER + preview + directory((0x0100, SHORT, 1, le(6000)), (0x0101, SHORT, 1, le(4000)))), contents
    )
    assert (contents.width, contents.height) == (6000, 4000)


@given(st.binary(max_size=400))
def test_any_bytes_after_a_header_are_read_to_some_end(data: bytes) -> None:
    tiff = Tiff(Span.of(HEADER + data))
    for ifd in directories_of(tiff):
        for tag in range(0x0100, 0x0130):
            assert len(ifd.numbers(tag)) <= MOST_VALUES
            assert isinstance(ifd.text(tag), str)
    read_raw_tiff(Span.of(HEADER + data), Contents())


def test_part_of_a_span_never_reaches_beyond_it() -> None:
    part = Span.of(b"0123456789").part(2, 4)
    assert (part.read(0, 100), part.read(3, 9), part.read(4, 1), part.read(-1, 3)) == (b"2345", b"5", b"", b"")
    assert (part.part(3, 100).read(0, 9), part.part(100).size, part.part(-5).size) == (b"5", 0, 4)
    with pytest.raises(FileUndecodable, match="ends early"):
        part.exactly(2, 3)


def test_one_read_is_never_huge() -> None:
    asked: list[int] = []
    Span(lambda _, size: bytes(asked.append(size) or 0), 1 << 40).read(0, 1 << 39)
    assert asked == [MOST_AT_ONCE]


def read_at_many_places(span: Span, count: int, size: int) -> None:
    for offset in range(count):
        span.part(offset).read(0, size)


@pytest.mark.parametrize("count, size", [(MOST_READS, 1), (MOST_BYTES // MOST_AT_ONCE, MOST_AT_ONCE)])
def test_file_that_sends_its_reader_everywhere_is_given_up(count: int, size: int) -> None:
    span = Span.metered(lambda _offset, _size: b"", 1 << 40)
    read_at_many_places(span, count, size)
    with pytest.raises(FileUndecodable, match="beyond reason"):
        read_at_many_places(span, 1, size)
