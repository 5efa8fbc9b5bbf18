"""Where in each container size, turn, EXIF, XMP and IPTC are found. Pillow draws what it can draw."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from photofsd.errors import FileUndecodable
from photofsd.media.containers.bitmaps import read_bmp, read_gif
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.jpeg import read_jpeg
from photofsd.media.containers.jpeg2000 import read_jpeg2000
from photofsd.media.containers.png import read_png
from photofsd.media.containers.tiff_files import read_tiff_file
from photofsd.media.containers.webp import read_webp
from photofsd.media.span import Span
from photofsd.records import Taken
from photofsd.types import DateSource

Reader = Callable[[Span, Contents], None]
EXIF = Image.Exif()
EXIF[0x010F] = "Canon"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
TIFF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
FRAMES = [Image.effect_noise((40, 30), sigma) for sigma in (10, 90)]


def read(reader: Reader, data: bytes) -> Contents:
    contents = Contents()
    reader(Span.of(data), contents)
    return contents


def drawn(form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, form, **options)
    return file.getvalue()


def first_bytes(span: Span | None) -> bytes:
    return span.read(0, 4) if span else b""


@pytest.mark.parametrize("reader, form", [(read_jpeg, "JPEG"), (read_png, "PNG"), (read_webp, "WEBP")])
def test_size_exif_and_xmp_are_found_where_pillow_puts_them(reader: Reader, form: str) -> None:
    options: dict[str, object] = {"exif": EXIF}
    if form == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options["pnginfo"] = text
    else:
        options["xmp"] = XMP
    found = read(reader, drawn(form, **options))
    assert (found.width, found.height, found.frames) == (40, 30, 1)
    assert first_bytes(found.exif) in {b"II*\0", b"MM\0*"}
    assert found.xmp == XMP


@pytest.mark.parametrize(
    "reader, form, options",
    [
        (read_jpeg, "JPEG", {"progressive": True}),
        (read_webp, "WEBP", {}),
        (read_webp, "WEBP", {"lossless": True}),
        (read_gif, "GIF", {}),
        (read_bmp, "BMP", {}),
        (read_tiff_file, "TIFF", {}),
        (read_jpeg2000, "JPEG2000", {}),
        (read_jpeg2000, "JPEG2000", {"no_jp2": True}),
    ],
)
def test_size_is_found_in_every_variant(reader: Reader, form: str, options: dict[str, object]) -> None:
    found = read(reader, drawn(form, **options))
    assert (found.width, found.height, found.frames) == (40, 30, 1)


@pytest.mark.parametrize("reader, form", [(read_gif, "GIF"), (read_webp, "WEBP"), (read_png, "PNG")])
def test_second_frame_is_noticed(reader: Reader, form: str) -> None:
    file = io.BytesIO()
    FRAMES[0].save(file, form, save_all=True, append_images=FRAMES[1:])
    assert read(reader, file.getvalue()).frames > 1


def test_bmp_may_be_upside_down_or_old() -> None:
    head = b"BM" + bytes(12)
    assert read(read_bmp, head + struct.pack("<Iii", 40, 40, -30)).height == 30
    assert read(read_bmp, head + struct.pack("<IHH", 12, 40, 30)).width == 40


# ---- JPEG


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def irb(data: bytes) -> bytes:
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data


FRAME = segment(0xC0, struct.pack(">BHHB", 8, 30, 40, 3) + bytes(9))
SCAN = b"\xff\xda\0\x02"


def test_iptc_may_be_spread_over_segments() -> None:
    whole = irb(b"\x1c\x02\x19\0\x04beta")
    parts = [segment(0xED, b"Photoshop 3.0\0" + part) for part in (whole[:9], whole[9:])]
    assert read(read_jpeg, b"\xff\xd8" + b"".join(parts) + SCAN).iptc == b"\x1c\x02\x19\0\x04beta"


def test_iptc_beyond_all_measure_is_left_alone() -> None:
    filler = segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0\0\0\xf0\0" + bytes(0xF000))
    late = segment(0xED, b"Photoshop 3.0\0" + irb(b"\x1c\x02\x19\0\x04beta"))
    assert read(read_jpeg, b"\xff\xd8" + filler * 3 + late + SCAN).iptc
    assert not read(read_jpeg, b"\xff\xd8" + filler * 30 + late + SCAN).iptc


def test_carelessness_between_segments_is_skipped() -> None:
    found = read(read_jpeg, b"\xff\xd8" + b"junk" + b"\xff\xff" + FRAME + b"\xff\xd0" + SCAN)
    assert (found.width, found.height) == (40, 30)


def test_first_exif_block_counts() -> None:
    blocks = [segment(0xE1, b"Exif\0\0" + order) for order in (b"MM\0*", b"II*\0")]
    assert first_bytes(read(read_jpeg, b"\xff\xd8" + b"".join(blocks) + SCAN).exif) == b"MM\0*"


def test_jpeg_that_ends_early_keeps_what_came_before() -> None:
    contents = Contents()
    with pytest.raises(FileUndecodable):
        read_jpeg(Span.of(b"\xff\xd8" + FRAME + b"\xff\xe1\xff"), contents)
    assert (contents.width, contents.height) == (40, 30)


# ---- PNG


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + bytes(4)


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">II5x", 40, 30)) + b"".join(chunks) + chunk(b"IEND", b"")


def profile(name: str, data: bytes) -> bytes:
    text = f"\n{name}\n{len(data):8}\n{data.hex()}\n".encode()
    return chunk(b"zTXt", f"Raw profile type {name}".encode() + b"\0\0" + zlib.compress(text))


@pytest.mark.parametrize(
    "text, taken",
    [
        (
            "2019-05-21T10:45:52+02:00",
            Taken(local_ns=1_558_435_552 * 10**9, source=DateSource.CONTAINER, offset_min=120),
        ),
        ("2019:05:21 10:45:52", Taken(local_ns=1_558_435_552 * 10**9, source=DateSource.CONTAINER)),
        (
            "Tue, 21 May 2019 10:45:52 +0200",
            Taken(local_ns=1_558_435_552 * 10**9, source=DateSource.CONTAINER, offset_min=120),
        ),
    ],
)
def test_creation_time_of_a_png_is_a_date(text: str, taken: Taken) -> None:
    assert read(read_png, png(chunk(b"tEXt", b"Creation Time\0" + text.encode()))).own.dates == (taken,)


def test_texts_of_a_png_are_title_and_caption() -> None:
    packed = b"Description\0\1\0de\0\0" + zlib.compress("Ein Käfer".encode())
    own = read(read_png, png(chunk(b"tEXt", b"Title\0K\xe4fer"), chunk(b"iTXt", packed))).own
    assert (own.title, own.caption) == ("Käfer", "Ein Käfer")


def test_profiles_of_imagemagick_are_unpacked() -> None:
    found = read(
        read_png,
        png(profile("exif", b"Exif\0\0" + TIFF), profile("xmp", XMP), profile("iptc", irb(b"\x1c\x02\x05\0\x01x"))),
    )
    assert (first_bytes(found.exif), found.xmp, found.iptc) == (b"II*\0", XMP, b"\x1c\x02\x05\0\x01x")
    assert read(read_png, png(profile("APP1", b"http://ns.adobe.com/xap/1.0/\0" + XMP))).xmp == XMP


def test_broken_profile_is_a_problem() -> None:
    broken = chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 3\nabc\n")
    assert read(read_png, png(broken)).problems == ["the PNG's exif profile is broken"]


def test_text_that_unpacks_without_end_is_cut() -> None:
    bomb = chunk(b"zTXt", b"Description\0\0" + zlib.compress(bytes(20 << 20)))
    assert read(read_png, png(bomb)).own.caption is None


def test_first_texts_of_a_png_are_enough() -> None:
    def text(keyword: bytes) -> bytes:
        return chunk(b"tEXt", keyword + b"\0sunset")

    assert (
        read(read_png, png(text(b"Title"), text(b"Description"), chunk(b"tEXt", b"Title\0later"))).own.title == "sunset"
    )
    assert read(read_png, png(*(text(b"a%d" % number) for number in range(64)), text(b"Title"))).own.title is None


def test_animation_of_a_png_is_counted() -> None:
    assert read(read_png, png(chunk(b"acTL", struct.pack(">II", 7, 0)))).frames == 7


STARTS: dict[Reader, bytes] = {
    read_bmp: b"BM",
    read_gif: drawn("GIF"),
    read_jpeg: b"\xff\xd8" + segment(0xED, b"Photoshop 3.0\0" + irb(b"\x1c")) + FRAME,
    read_jpeg2000: drawn("JPEG2000", no_jp2=True),
    read_png: png(profile("exif", TIFF), chunk(b"tEXt", b"Creation Time\0x")),
    read_webp: drawn("WEBP", exif=EXIF),
}


@pytest.mark.parametrize("reader", list(STARTS))
@given(data=st.data())
def test_mutated_container_is_read_or_undecodable(reader: Reader, data: st.DataObject) -> None:
    raw = bytearray(STARTS[reader])
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FileUndecodable):
        read(reader, bytes(raw) + data.draw(st.binary(max_size=60)))
