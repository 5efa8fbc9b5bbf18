"""RAW formats that are neither TIFF nor boxes: CRW, MRW, RAF, X3F."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.containers.ciff import read_crw
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.raw_files import read_mrw, read_raf, read_x3f
from photofsd.media.containers.tiff_files import read_raw_tiff
from photofsd.media.span import Span
from photofsd.records import Taken
from photofsd.types import DateSource

Reader = Callable[[Span, Contents], None]
TIFF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"


def read(reader: Reader, data: bytes) -> Contents:
    contents = Contents()
    reader(Span.of(data), contents)
    return contents


def first_bytes(span: Span | None) -> bytes:
    return span.read(0, 4) if span else b""


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


FRAME = segment(0xC0, struct.pack(">BHHB", 8, 30, 40, 3) + bytes(9))
SCAN = b"\xff\xda\0\x02"


def test_crw_is_read_from_heaps_within_heaps() -> None:
    make = b"Canon\0Canon PowerShot S40\0"
    image = struct.pack("<IIfi", 2272, 1704, 1.0, 90)
    inner_data = image
    inner = inner_data + struct.pack("<HHII", 1, 0x1810, len(image), 0) + struct.pack("<I", len(inner_data))
    rows = (
        struct.pack("<HII", 0x080A, len(make), 0)
        + struct.pack("<HII", 0x300A, len(inner), len(make))
        + struct.pack("<HII", 0x180E | 0x4000, 1_616_793_392, 0)
    )
    root = make + inner + struct.pack("<H", 3) + rows + struct.pack("<I", len(make) + len(inner))
    found = read(read_crw, b"II" + struct.pack("<I", 14) + b"HEAPCCDR" + root)
    assert (found.width, found.height, found.orientation) == (2272, 1704, 6)
    assert (found.own.make, found.own.model) == ("Canon", "Canon PowerShot S40")
    assert found.own.dates == (Taken(local_ns=1_616_793_392 * 10**9, source=DateSource.EXIF),)


def test_heap_that_holds_itself_ends() -> None:
    rows = struct.pack("<HHII", 1, 0x300A, 16, 0) + struct.pack("<I", 0)
    assert read(read_crw, b"II" + struct.pack("<I", 14) + b"HEAPCCDR" + rows).width is None


def test_mrw_is_blocks() -> None:
    prd = struct.pack(">4sI8xHHHH", b"\0PRD", 16, 1000, 1000, 1704, 2272)
    found = read(read_mrw, b"\0MRM" + bytes(4) + prd + struct.pack(">4sI", b"\0TTW", len(TIFF)) + TIFF)
    assert (found.width, found.height, first_bytes(found.exif)) == (2272, 1704, b"II*\0")


def test_raf_has_its_exif_in_the_preview_and_its_size_in_a_table() -> None:
    preview = b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + TIFF) + FRAME + SCAN
    table = struct.pack(">IHHHHHHHH", 2, 0x100, 4, 4000, 6000, 0x111, 4, 3900, 5900)
    head = b"FUJIFILMCCD-RAW ".ljust(84) + struct.pack(">IIII", 100, len(preview), 100 + len(preview), len(table))
    found = read(read_raf, head + preview + table)
    assert (found.width, found.height, first_bytes(found.exif)) == (5900, 3900, b"II*\0")


def test_x3f_has_its_exif_in_the_preview_and_its_turn_in_the_header() -> None:
    preview = (
        b"SECi"
        + struct.pack("<IIIIII", 2, 2, 18, 40, 30, 0)
        + b"\xff\xd8"
        + segment(0xE1, b"Exif\0\0" + TIFF)
        + FRAME
        + SCAN
    )
    head = b"FOVb".ljust(28) + struct.pack("<III", 2640, 1760, 90)
    directory = b"SECd" + struct.pack("<II", 2, 1) + struct.pack("<II4s", len(head), len(preview), b"IMA2")
    found = read(read_x3f, head + preview + directory + struct.pack("<I", len(head) + len(preview)))
    assert (found.width, found.height, found.orientation) == (2640, 1760, 6)
    assert first_bytes(found.exif) == b"II*\0"


STARTS: dict[Reader, bytes] = {
    read_crw: b"II\x0e\0\0\0HEAPCCDR",
    read_mrw: b"\0MRM" + bytes(4) + struct.pack(">4sI", b"\0PRD", 16),
    read_raf: b"FUJIFILMCCD-RAW ".ljust(84) + struct.pack(">IIII", 100, 50, 100, 50),
    read_raw_tiff: TIFF,
    read_x3f: b"FOVb".ljust(40) + b"SECd" + struct.pack("<IIII4sI", 2, 1, 0, 40, b"IMA2", 40),
}


@pytest.mark.parametrize("reader", list(STARTS))
@given(data=st.data())
def test_mutated_container_is_read_or_undecodable(reader: Reader, data: st.DataObject) -> None:
    raw = bytearray(STARTS[reader])
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FileUndecodable):
        read(reader, bytes(raw) + data.draw(st.binary(max_size=60)))
