"""RAW files are shown by their preview where that is enough, developed otherwise; upright, once."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from photofsd.errors import FileUndecodable
from photofsd.media.containers.raw_previews import previews
from photofsd.media.decode import Picture, decode
from photofsd.media.source import Source
from photofsd.media.span import Span
from tests.drawn_raw import LONG, SHORT, Tags, dng, tiff
from tests.turned import TURNED

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 150, 30), (30, 30, 200), (210, 200, 40)
CORNERS = (RED, GREEN, BLUE, YELLOW)
"""Upper left, upper right, lower right, lower left."""
NEAR = 60
"""Developing brightens."""


def drawn(width: int = 640, height: int = 480) -> Image.Image:
    image = Image.new("RGB", (width, height))
    brush = ImageDraw.Draw(image)
    for (left, top), colour in zip(((0, 0), (1, 0), (1, 1), (0, 1)), CORNERS, strict=True):
        x, y = left * width // 2, top * height // 2
        brush.rectangle((x, y, x + width // 2 - 1, y + height // 2 - 1), fill=colour)
    return image


def as_stored(orientation: int) -> Image.Image:
    turn = TURNED[orientation]
    return drawn() if turn is None else drawn().transpose(turn)


def jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95, subsampling=0)
    return stream.getvalue()


def camera_raw(preview: bytes, orientation: int = 1, *, is_strip: bool = False) -> bytes:
    """A NEF that has a preview and speaks of a sensor of 640 x 480, or on its side, without its data."""
    tags: dict[int, tuple[int, list[int] | bytes]] = {
        0x0100: (LONG, [640]),
        0x0101: (LONG, [480]),
        0x0112: (SHORT, [orientation]),
    }
    at, size = (0x0111, 0x0117) if is_strip else (0x0201, 0x0202)
    if is_strip:
        tags[0x0103] = (SHORT, [6])
    tags[size] = (LONG, [len(preview)])
    return tiff(tags, {at: preview})


def decoded(folder: Path, content: bytes, fit_px: int | None = None, name: str = "shot.nef") -> Picture:
    (folder / name).write_bytes(content)
    with Source.open(bytes(folder / name)) as source:
        return decode(source, fit_px=fit_px)


def assert_looks_as_drawn(image: Image.Image) -> None:
    width, height = image.size
    seen = [image.getpixel((x * width // 4, y * height // 4)) for x, y in ((1, 1), (3, 1), (3, 3), (1, 3))]
    assert np.abs(np.subtract(seen, CORNERS, dtype=int)).max() < NEAR, seen


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("fit_px", [None, 200])
def test_sensors_data_are_developed_and_turned_once(orientation: int, fit_px: int | None, tmp_path: Path) -> None:
    content = dng(np.asarray(as_stored(orientation)), orientation)
    picture = decoded(tmp_path, content, fit_px, "shot.dng")
    assert (picture.width, picture.height) == (640, 480)
    assert picture.image.size == ((640, 480) if fit_px is None else (200, 150))
    assert_looks_as_drawn(picture.image)
    assert picture.problems == ()


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("is_strip", [False, True])
def test_preview_is_turned_like_the_sensors_data(orientation: int, tmp_path: Path, *, is_strip: bool) -> None:
    stored = as_stored(orientation).resize((640, 480))
    picture = decoded(tmp_path, camera_raw(jpeg(stored), orientation, is_strip=is_strip), 300)
    assert sorted(picture.image.size) == [225, 300]
    assert (picture.width, picture.height) == ((640, 480) if orientation < 5 else (480, 640))
    assert_looks_as_drawn(picture.image)
    assert picture.problems == ()


@pytest.mark.parametrize("orientation", [6, 8])
def test_preview_that_stands_upright_already_is_left_alone(orientation: int, tmp_path: Path) -> None:
    picture = decoded(tmp_path, camera_raw(jpeg(drawn(480, 640)), orientation), 300)
    assert (picture.width, picture.height) == (480, 640)
    assert picture.image.size == (225, 300)
    assert_looks_as_drawn(picture.image)


def test_full_size_is_the_preview_of_full_size(tmp_path: Path) -> None:
    picture = decoded(tmp_path, camera_raw(jpeg(drawn(632, 474))))
    assert (picture.width, picture.height) == (640, 480)
    assert picture.image.size == (632, 474)
    assert picture.problems == ()


def test_small_preview_stands_in_where_nothing_can_be_developed_and_that_is_said(tmp_path: Path) -> None:
    picture = decoded(tmp_path, camera_raw(jpeg(drawn(160, 120))), 300)
    assert (picture.width, picture.height, picture.image.size) == (640, 480, (160, 120))
    assert len(picture.problems) == 1
    assert picture.problems[0].startswith("only its preview of 160 x 120 pixels can be shown: LibRaw says ")


def test_preview_of_another_shape_stands_in_for_nothing_but_want(tmp_path: Path) -> None:
    picture = decoded(tmp_path, camera_raw(jpeg(drawn(600, 300))), 300)
    assert picture.problems[0].startswith("only its preview of 600 x 300 pixels")


def test_raw_without_anything_to_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match=r"shot\.nef: LibRaw says "):
        decoded(tmp_path, camera_raw(b"no JPEG"))


def test_preview_of_a_few_pixels_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match="LibRaw says"):
        decoded(tmp_path, camera_raw(jpeg(drawn(16, 12))))


def test_sensors_data_without_a_picture_are_told(tmp_path: Path) -> None:
    picture = decoded(tmp_path, dng(np.zeros((64, 64, 3), np.uint8)), None, "shot.dng")
    assert picture.problems == ("LibRaw finds no picture in it: all of it has one colour",)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def cr3(preview: bytes, thumbnail: bytes, track: bytes) -> bytes:
    canon, apart = (
        bytes.fromhex(word) for word in ("85c0b687820f11e08111f4ce462b6a48", "eaf42b5e1c984b88b9fbb7dc406e4d16")
    )
    head = box(b"ftyp", b"crx \0\0\0\1crx isom")
    sizes = box(b"stsz", struct.pack(">4xII", len(track), 1) if track == LARGE else struct.pack(">8xII", 1, len(track)))
    behind = box(b"uuid", apart + bytes(8) + box(b"PRVW", bytes(16) + preview)) + box(b"mdat", track)

    def movie(at: int) -> bytes:
        table = box(b"stbl", sizes + box(b"co64", struct.pack(">4xIQ", 1, at)))
        tracks = box(b"trak", box(b"mdia", box(b"minf", table)))
        return box(b"moov", box(b"uuid", canon + box(b"THMB", bytes(16) + thumbnail)) + tracks)

    at = len(head) + len(movie(0)) + len(behind) - len(track)
    return head + movie(at) + behind


def crw(*records: bytes) -> bytes:
    heap = b"".join(records)
    directory = struct.pack("<H", len(records))
    at = 0
    for record, tag in zip(records, (0x2007, 0x2008), strict=True):
        directory += struct.pack("<HII", tag, len(record), at)
        at += len(record)
    return b"II\x1a\0\0\0HEAPCCDR".ljust(26, b"\0") + heap + directory + struct.pack("<I", len(heap))


def raf(preview: bytes) -> bytes:
    return b"FUJIFILMCCD-RAW ".ljust(84, b"\0") + struct.pack(">4I", 100, len(preview), 0, 0) + preview


def x3f(*jpegs: bytes) -> bytes:
    content = b"FOVb".ljust(40, b"\0")
    rows = b""
    for image in jpegs:
        section = struct.pack("<4s4xII12x", b"SECi", 2, 18) + image
        rows += struct.pack("<II4s", len(content), len(section), b"IMA2")
        content += section
    return content + struct.pack("<4s4xI", b"SECd", len(jpegs)) + rows + struct.pack("<I", len(content))


LARGE, MIDDLE, SMALL = (jpeg(drawn(width, height)) for width, height in ((640, 480), (320, 240), (160, 120)))
LOSSLESS = LARGE.replace(b"\xff\xc0", b"\xff\xc3", 1)
PANASONIC: Tags = {0x002E: (7, LARGE), 0x0112: (SHORT, [1])}


@pytest.mark.parametrize(
    "form, content, sizes",
    [
        ("cr3", cr3(MIDDLE, SMALL, LARGE), [160, 320, 640]),
        ("cr3", cr3(MIDDLE, SMALL, b"sensor"), [160, 320]),
        ("crw", crw(LARGE, SMALL), [160, 640]),
        ("raf", raf(LARGE), [640]),
        ("x3f", x3f(SMALL, LARGE), [160, 640]),
        ("rw2", tiff(PANASONIC), [640]),
        ("nef", camera_raw(LARGE), [640]),
        ("cr2", camera_raw(LARGE, is_strip=True), [640]),
        ("cr2", camera_raw(LOSSLESS, is_strip=True), []),
        ("mrw", b"\0MRM" + struct.pack(">I", 0) + b"\0TTW" + struct.pack(">I", 1 << 20) + camera_raw(SMALL), [160]),
        ("cr3", b"", []),
        ("raf", b"FUJIFILMCCD-RAW ", []),
        ("nef", b"II*\0", []),
    ],
)
def test_previews_are_found_where_makers_put_them(form: str, content: bytes, sizes: list[int]) -> None:
    found = previews(Span.of(content), form)
    assert [preview.width for preview in found] == sizes
    for preview in found:
        with Image.open(io.BytesIO(preview.span.whole())) as image:
            assert image.size == (preview.width, preview.height)


def test_preview_that_is_broken_is_passed_over(tmp_path: Path) -> None:
    without_tables = LARGE.replace(b"\xff\xdb", b"\xff\xe5")  # of quantization
    picture = decoded(tmp_path, cr3(MIDDLE, SMALL, without_tables), 300, "shot.cr3")
    assert picture.image.size == (300, 225)
    assert picture.problems[0].startswith("only its preview of 320 x 240 pixels can be shown")
    with pytest.raises(FileUndecodable, match="LibRaw says"):
        decoded(tmp_path, camera_raw(without_tables), 300)
