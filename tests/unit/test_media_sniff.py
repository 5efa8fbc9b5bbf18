"""What a file is by its content, and what is taken by its name."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.sniff import kind_of_name, sniff, type_of_name
from photofsd.media.span import Span
from photofsd.types import Kind


def ftyp(*brands: bytes) -> bytes:
    return struct.pack(">I4s4sI", 16 + 4 * (len(brands) - 1), b"ftyp", brands[0], 0) + b"".join(brands[1:])


def tiff(*entries: tuple[int, int, int, int], make: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory; `make` goes to its end."""
    rows = list(entries)
    if make:
        rows.append((0x010F, 2, len(make), 10 + 12 * (len(rows) + 1) + 4))
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(rows))
        + b"".join(struct.pack("<HHII", *row) for row in rows)
        + bytes(4)
        + make
    )


SENSOR = (0x0106, 3, 1, 32803)
SCAN = (0x0106, 3, 1, 2)
DNG_VERSION = (0xC612, 1, 4, 0x0401)


@pytest.mark.parametrize(
    "name, kind",
    [
        (b"IMG_0001.JPG", Kind.IMAGE),
        (b"a.b.heic", Kind.IMAGE),
        (b"\xff\xfe.jpeg", Kind.IMAGE),
        (b"x.CR3", Kind.RAW),
        (b"x.dng", Kind.RAW),
        (b"x.mov", Kind.VIDEO),
        (b"x.jpg.xmp", Kind.SIDECAR),
        (b"x.XMP", Kind.SIDECAR),
        (b"x.jpg.json", Kind.SIDECAR),
        (b"x.aae", Kind.SIDECAR),
        (b"x.thm", Kind.SIDECAR),
        (b"x.txt", None),
        (b"jpg", None),
        (b".jpg", None),
        (b"", None),
        (b"._IMG_0001.JPG", None),
    ],
)
def test_scanner_takes_what_is_named_like_a_photo(name: bytes, kind: Kind | None) -> None:
    assert kind_of_name(name) is kind


@pytest.mark.parametrize(
    "content, name, kind",
    [
        (b"\xff\xd8\xff\xe0", "jpeg", Kind.IMAGE),
        (b"\x89PNG\r\n\x1a\n", "png", Kind.IMAGE),
        (b"GIF89a", "gif", Kind.IMAGE),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp", Kind.IMAGE),
        (b"RIFF\0\0\0\0AVI LIST", "avi", Kind.VIDEO),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "bmp", Kind.IMAGE),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl", Kind.IMAGE),
        (b"\xff\x0a\x7f", "jxl", Kind.IMAGE),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2", Kind.IMAGE),
        (b"\xff\x4f\xff\x51\0", "jp2", Kind.IMAGE),
        (ftyp(b"heic", b"mif1"), "heic", Kind.IMAGE),
        (ftyp(b"mif1", b"heix"), "heic", Kind.IMAGE),
        (ftyp(b"mif1", b"avif"), "avif", Kind.IMAGE),
        (ftyp(b"msf1", b"hevc"), "heic", Kind.IMAGE),
        (ftyp(b"mif1"), "heic", Kind.IMAGE),
        (ftyp(b"avis"), "avif", Kind.IMAGE),
        (ftyp(b"crx ", b"isom"), "cr3", Kind.RAW),
        (ftyp(b"qt  "), "mov", Kind.VIDEO),
        (ftyp(b"isom", b"avif"), "mp4", Kind.VIDEO),
        (ftyp(b"XAVC"), "mp4", Kind.VIDEO),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov", Kind.VIDEO),
        (b"II\x1a\0\0\0HEAPCCDR", "crw", Kind.RAW),
        (b"FUJIFILMCCD-RAW 0201", "raf", Kind.RAW),
        (b"\0MRM\0\0\0\0", "mrw", Kind.RAW),
        (b"FOVb\0\0\2\0", "x3f", Kind.RAW),
        (b"IIU\0\x18\0\0\0", "rw2", Kind.RAW),
        (b"IIRO\x08\0\0\0", "orf", Kind.RAW),
        (b"II*\0\x10\0\0\0CR\2\0", "cr2", Kind.RAW),
        (b"II*\0\x08\0\0\0IIII", "iiq", Kind.RAW),
        (tiff(DNG_VERSION), "dng", Kind.RAW),
        (tiff(SENSOR, make=b"NIKON CORPORATION\0"), "nef", Kind.RAW),
        (tiff(SENSOR, make=b"Unheard Of\0"), "raw", Kind.RAW),
        (tiff(SCAN), "tiff", Kind.IMAGE),
        (b"MM\0+\0\x08\0\0" + (16).to_bytes(8, "big") + bytes(8), "tiff", Kind.IMAGE),
        (b"\x47" + b"".join(bytes(187) + b"\x47" for _ in range(3)), "mts", Kind.VIDEO),
        (bytes(4) + b"\x47" + b"".join(bytes(191) + b"\x47" for _ in range(3)), "mts", Kind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "mkv", Kind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", "webm", Kind.VIDEO),
        (b"\0\0\1\xba", "mpg", Kind.VIDEO),
    ],
)
def test_content_tells_the_format(content: bytes, name: str, kind: Kind) -> None:
    found = sniff(Span.of(content))
    assert found is not None
    assert (found.name, found.kind) == (name, kind)


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"hello world", b"BM and more text here", ftyp(b"M4A "), b"%PDF-1.7", bytes(2000)]
)
def test_what_is_no_picture_is_none(content: bytes) -> None:
    assert sniff(Span.of(content)) is None


def test_name_decides_only_between_kinds_of_tiff() -> None:
    assert [found.name for name in (b"scan.tif", b"x.NEF") if (found := sniff(Span.of(tiff(SCAN)), name))] == [
        "tiff",
        "nef",
    ]
    jpeg = sniff(Span.of(b"\xff\xd8\xff\xe0"), b"x.NEF")
    assert jpeg is not None
    assert jpeg.name == "jpeg"


def test_folder_below_types_is_one_for_all_raw_formats_and_videos() -> None:
    names = (b"a.cr2", b"a.DNG", b"a.mov", b"a.mkv", b"a.jpeg", b"a.hif")
    assert [named.type for name in names if (named := type_of_name(name))] == [
        "raw",
        "raw",
        "video",
        "video",
        "jpeg",
        "heic",
    ]


@given(st.sampled_from([b"", b"II*\0", b"MM\0*", b"MM\0+", b"\0\0\0\x20ftyp"]), st.binary(max_size=300))
def test_any_content_is_something_or_nothing(start: bytes, rest: bytes) -> None:
    try:
        sniff(Span.of(start + rest), b"x.nef")
    except FileUndecodable:
        assert (start + rest).startswith((b"II", b"MM"))
