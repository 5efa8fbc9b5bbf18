"""What is made of boxes: HEIF, MP4 and QuickTime, JPEG XL, CR3."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.containers.boxes import boxes
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.heif import read_heif
from photofsd.media.containers.jpeg2000 import read_jpeg2000
from photofsd.media.containers.jpegxl import read_jpegxl
from photofsd.media.containers.raw_files import read_cr3
from photofsd.media.containers.video import read_video
from photofsd.media.geo import Position
from photofsd.media.span import Span
from photofsd.records import Taken
from photofsd.types import DateSource

Reader = Callable[[Span, Contents], None]
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
TIFF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"


def read(reader: Reader, data: bytes) -> Contents:
    contents = Contents()
    reader(Span.of(data), contents)
    return contents


def first_bytes(span: Span | None) -> bytes:
    return span.read(0, 4) if span else b""


# ---- HEIF


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def heif(*properties: bytes, exif: bytes = b"", xmp: bytes = b"", brand: bytes = b"heic") -> bytes:
    """A picture of one item with those properties; its EXIF and XMP stand in `idat`."""
    count = len(properties)
    ispe = full(b"ispe", struct.pack(">II", 40, 30))
    ipma = full(b"ipma", struct.pack(">IHB", 1, 1, count + 1), bytes(range(1, count + 2)))
    infes = [
        full(b"infe", struct.pack(">HH4s", 1, 0, b"hvc1"), b"\0", version=2),
        full(b"infe", struct.pack(">HH4s", 2, 0, b"Exif"), b"\0", version=2),
        full(b"infe", struct.pack(">HH4s", 3, 0, b"mime"), b"XMP\0application/rdf+xml\0", version=2),
    ]
    rows = [(2, 0, len(exif)), (3, len(exif), len(xmp))]
    iloc = full(
        b"iloc",
        struct.pack(">HH", 0x4400, len(rows)),
        *(struct.pack(">HHHHII", item, 1, 0, 1, at, size) for item, at, size in rows),
        version=1,
    )
    meta = full(
        b"meta",
        full(b"pitm", struct.pack(">H", 1)),
        full(b"iinf", struct.pack(">H", len(infes)), *infes),
        box(b"iprp", box(b"ipco", ispe, *properties), ipma),
        iloc,
        box(b"idat", exif, xmp),
    )
    return box(b"ftyp", brand, bytes(4), b"mif1") + meta


def irot(quarters: int) -> bytes:
    return box(b"irot", bytes([quarters]))


def imir(axis: int) -> bytes:
    return box(b"imir", bytes([axis]))


@pytest.mark.parametrize(
    "properties, orientation",
    [
        ([], None),
        ([irot(0)], 1),
        ([irot(1)], 8),
        ([irot(2)], 3),
        ([irot(3)], 6),
        ([imir(0)], 4),
        ([imir(1)], 2),
        ([irot(1), imir(1)], 7),
        ([irot(3), imir(1)], 5),
    ],
)
def test_heif_turns_by_its_own_properties(properties: list[bytes], orientation: int | None) -> None:
    found = read(read_heif, heif(*properties))
    assert (found.width, found.height, found.orientation) == (40, 30, orientation)


@pytest.mark.parametrize(
    "lead", [bytes(4), (6).to_bytes(4, "big") + b"Exif\0\0", (99).to_bytes(4, "big") + b"Exif\0\0", b"Exif\0\0"]
)
def test_exif_of_a_heif_is_found_whatever_stands_before_it(lead: bytes) -> None:
    found = read(read_heif, heif(exif=lead + TIFF, xmp=XMP))
    assert (first_bytes(found.exif), found.xmp) == (b"II*\0", XMP)


def test_filled_up_blocks_are_clipped_off() -> None:
    clap = box(b"clap", struct.pack(">8I", 38, 1, 58, 2, 0, 1, 0, 1))
    senseless = box(b"clap", bytes(32))
    assert [
        (found.width, found.height) for found in (read(read_heif, heif(clap)), read(read_heif, heif(senseless)))
    ] == [
        (38, 29),
        (40, 30),
    ]


def test_heif_sequence_moves() -> None:
    assert [read(read_heif, heif(brand=brand)).frames for brand in (b"heic", b"hevc", b"avis")] == [1, 2, 2]


def test_box_may_be_long_last_or_senseless() -> None:
    long = struct.pack(">I4sQ", 1, b"long", 18) + b"ab"
    last = struct.pack(">I4s", 0, b"last") + b"cd"
    found = [(kind, body.read(0, 9)) for kind, body in boxes(Span.of(long + last))]
    assert found == [(b"long", b"ab"), (b"last", b"cd")]
    assert list(boxes(Span.of(struct.pack(">I4s", 7, b"tiny") * 3))) == []


# ---- video


def mvhd(created: int, units: int, version: int = 0) -> bytes:
    layout = ">QQIQ" if version else ">IIII"
    return full(b"mvhd", struct.pack(layout, created, created, 600, units), bytes(80), version=version)


def track(handler: bytes, matrix: tuple[int, int, int, int] = (1, 0, 0, 1), version: int = 0) -> bytes:
    a, b, c, d = (value << 16 for value in matrix)
    lead = bytes(48 if version else 36)
    tkhd = full(
        b"tkhd",
        lead,
        struct.pack(">iiiiiiiii", a, b, 0, c, d, 0, 0, 0, 1 << 30),
        struct.pack(">II", 640 << 16, 360 << 16),
        version=version,
    )
    return box(b"trak", tkhd, box(b"mdia", full(b"hdlr", bytes(4), handler, bytes(12))))


def keyed(**texts: str) -> bytes:
    """Apple's list of metadata under spelled-out keys."""
    names = [f"com.apple.quicktime.{name.replace('_', '.')}".encode() for name in texts]
    keys = full(
        b"keys", struct.pack(">I", len(names)), *(struct.pack(">I4s", 8 + len(name), b"mdta") + name for name in names)
    )
    items = [
        box(number.to_bytes(4, "big"), box(b"data", struct.pack(">II", 1, 0), text.encode()))
        for number, text in enumerate(texts.values(), 1)
    ]
    return box(b"meta", full(b"hdlr", bytes(4), b"mdta", bytes(12)), keys, box(b"ilst", *items))


def movie(*parts: bytes) -> bytes:
    return box(b"ftyp", b"qt  ", bytes(4)) + box(b"mdat", bytes(64)) + box(b"moov", *parts)


@pytest.mark.parametrize("version", [0, 1])
def test_movie_header_says_time_length_size_and_turn(version: int) -> None:
    created = 2_082_844_800 + 1_700_000_000
    found = read(
        read_video, movie(mvhd(created, 1500, version), track(b"soun"), track(b"vide", (0, 1, -1, 0), version))
    )
    assert (found.utc_s, found.own.duration_s) == (1_700_000_000, 2.5)
    assert (found.width, found.height, found.orientation) == (640, 360, 6)


def test_header_that_is_not_set_says_nothing() -> None:
    found = read(read_video, movie(mvhd(0, 0xFFFFFFFF)))
    assert (found.utc_s, found.own.duration_s, found.width) == (None, None, None)


def test_apples_keys_say_the_wall_clock_and_the_place() -> None:
    texts = keyed(
        creationdate="2020-04-17T10:03:48-0600",
        location_ISO6709="+41.2203-096.0716+300.0/",
        make="Apple",
        model="iPhone XR",
    )
    own = read(read_video, movie(mvhd(0, 0), texts)).own
    assert own.dates == (Taken(local_ns=1_587_117_828 * 10**9, source=DateSource.CONTAINER, offset_min=-360),)
    assert (own.position, own.make, own.model) == (Position(41.2203, -96.0716, 300.0), "Apple", "iPhone XR")


def test_user_data_say_the_place() -> None:
    def text(kind: bytes, value: bytes) -> bytes:
        return box(kind, struct.pack(">HH", len(value), 0), value)

    udta = box(b"udta", text(b"\xa9xyz", b"+48.8125+002.4862/"), text(b"\xa9nam", b"caf\x8e"), box(b"XMP_", XMP))
    found = read(read_video, movie(udta))
    assert (found.own.position, found.own.title, found.xmp) == (Position(48.8125, 2.4862), "café", XMP)


def test_video_without_a_movie_header_is_broken() -> None:
    with pytest.raises(FileUndecodable, match="no movie header"):
        read(read_video, box(b"ftyp", b"qt  ", bytes(4)) + box(b"mdat", bytes(9)))


# ---- JPEG XL


def bits(*fields: tuple[int, int]) -> bytes:
    """Values and their widths, the lowest bit first."""
    number, at = 0, 0
    for value, width in fields:
        number |= value << at
        at += width
    return number.to_bytes(at // 8 + 1, "little")


SMALL = ((1, 1), (3, 5), (0, 3), (4, 5))
"""40 by 32, in units of 8."""


@pytest.mark.parametrize(
    "fields, size, orientation, frames",
    [
        ((*SMALL, (1, 1)), (40, 32), 1, 1),
        ((*SMALL, (0, 1), (0, 1)), (40, 32), 1, 1),
        ((*SMALL, (0, 1), (1, 1), (5, 3), (0, 1), (0, 1), (0, 1)), (40, 32), 6, 1),
        ((*SMALL, (0, 1), (1, 1), (0, 3), (1, 1), *SMALL, (0, 1), (1, 1)), (40, 32), 1, 2),
        (((0, 1), (1, 2), (2999, 13), (3, 3), (1, 1)), (4000, 3000), 1, 1),
        (((0, 1), (0, 2), (99, 9), (0, 3), (1, 2), (999, 13), (1, 1)), (1000, 100), 1, 1),
    ],
)
def test_header_of_a_jpeg_xl_is_read_bit_by_bit(
    fields: tuple[tuple[int, int], ...], size: tuple[int, int], orientation: int, frames: int
) -> None:
    codestream = b"\xff\x0a" + bits(*fields)
    in_boxes = (
        box(b"JXL ", b"\r\n\x87\n")
        + box(b"Exif", bytes(4), TIFF)
        + box(b"xml ", XMP)
        + box(b"jxlp", bytes(4), codestream)
    )
    for data in (codestream, in_boxes):
        found = read(read_jpegxl, data)
        assert ((found.width, found.height), found.orientation, found.frames) == (size, orientation, frames)
    assert (first_bytes(found.exif), found.xmp) == (b"II*\0", XMP)


def test_compressed_boxes_of_a_jpeg_xl_are_a_problem() -> None:
    assert len(read(read_jpegxl, box(b"JXL ", b"\r\n\x87\n") + box(b"brob", b"Exif")).problems) == 1


# ---- CR3


def test_cr3_keeps_its_directories_apart() -> None:
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    size = TIFF[:8] + struct.pack("<HHHIIHHII", 2, 0x100, 4, 1, 6000, 0x101, 4, 1, 4000) + bytes(4)
    data = box(b"moov", box(b"uuid", canon, box(b"CMT1", size), box(b"CMT2", TIFF), box(b"CMT4", TIFF)))
    found = read(read_cr3, data + box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), XMP))
    assert (found.width, found.height, found.xmp) == (6000, 4000, XMP)
    assert [first_bytes(span) for span in (found.exif, found.photo, found.gps)] == [b"II*\0"] * 3


STARTS: dict[Reader, bytes] = {
    read_cr3: movie(track(b"vide")),
    read_heif: heif(irot(1), exif=bytes(4) + TIFF, xmp=XMP),
    read_jpeg2000: box(b"jP  ", b"\r\n\x87\n") + box(b"jp2h", box(b"ihdr", bytes(14))),
    read_jpegxl: box(b"JXL ", b"\r\n\x87\n") + box(b"jxlc", b"\xff\x0a" + bits(*SMALL)),
    read_video: movie(mvhd(1, 2), track(b"vide"), keyed(make="x")),
}


@pytest.mark.parametrize("reader", list(STARTS))
@given(data=st.data())
def test_mutated_container_is_read_or_undecodable(reader: Reader, data: st.DataObject) -> None:
    raw = bytearray(STARTS[reader])
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FileUndecodable):
        read(reader, bytes(raw) + data.draw(st.binary(max_size=60)))
