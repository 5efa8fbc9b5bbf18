"""Pixels of drawn pictures in every format that our libraries can also write: upright, in sRGB, as large as wanted."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw
from pillow_jxl import Encoder, JpegXLImagePlugin

from photofsd.errors import FileUndecodable, FileUnreadable
from photofsd.media.decode import Picture, decode
from photofsd.media.decoders import limits
from photofsd.media.source import Source
from tests.turned import TURNED

assert JpegXLImagePlugin  # it has let Pillow write JPEG XL
pillow_heif.register_heif_opener()

RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 160, 20), (20, 20, 220), (230, 220, 20)
CORNERS = (RED, GREEN, BLUE, YELLOW)
"""Upper left, upper right, lower right, lower left."""
NEAR = 30
"""How far a colour may be off: lossy formats are among them."""
WRITTEN: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 95, "subsampling": 0},
    "png": {},
    "webp": {"lossless": True},
    "gif": {},
    "bmp": {},
    "tiff": {},
    "jpeg2000": {},
    "avif": {"quality": 95},
    "heif": {"quality": 95},
    "jxl": {"quality": 98},
}
TAKES_EXIF = ("jpeg", "png", "webp", "tiff", "avif", "heif")


def drawn(width: int = 640, height: int = 480) -> Image.Image:
    """A picture with a colour in every corner."""
    image = Image.new("RGB", (width, height), "grey")
    brush = ImageDraw.Draw(image)
    for (left, top), colour in zip(((0, 0), (1, 0), (1, 1), (0, 1)), CORNERS, strict=True):
        x, y = left * width // 2, top * height // 2
        brush.rectangle((x, y, x + width // 2 - 1, y + height // 2 - 1), fill=colour)
    return image


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form.upper(), **(WRITTEN[form] | options))
    return stream.getvalue()


def decoded(folder: Path, content: bytes, fit_px: int | None = None) -> Picture:
    path = folder / "picture"
    path.write_bytes(content)
    with Source.open(bytes(path)) as source:
        return decode(source, fit_px=fit_px)


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of each quarter, in the order of CORNERS."""
    width, height = image.size
    places = ((1, 1), (3, 1), (3, 3), (1, 3))
    return [image.getpixel((x * width // 4, y * height // 4)) for x, y in places]  # type: ignore[misc]


def assert_looks_as_drawn(image: Image.Image) -> None:
    assert image.mode == "RGB"
    difference = np.abs(np.subtract(corners(image), CORNERS, dtype=int))
    assert difference.max() < NEAR, corners(image)


def with_exif_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("form", WRITTEN)
def test_format_is_decoded_at_full_size(form: str, tmp_path: Path) -> None:
    picture = decoded(tmp_path, encoded(drawn(), form))
    assert (picture.width, picture.height) == picture.image.size == (640, 480)
    assert picture.problems == ()
    assert_looks_as_drawn(picture.image)


@pytest.mark.parametrize("form", WRITTEN)
def test_long_edge_is_as_long_as_wanted(form: str, tmp_path: Path) -> None:
    picture = decoded(tmp_path, encoded(drawn(), form), 100)
    assert (picture.width, picture.height) == (640, 480)
    assert picture.image.size == (100, 75)
    assert_looks_as_drawn(picture.image)


def test_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    assert decoded(tmp_path, encoded(drawn(64, 48), "png"), 100).image.size == (64, 48)


def test_jpeg_is_left_as_the_draft_has_it_where_that_is_near_enough(tmp_path: Path) -> None:
    assert decoded(tmp_path, encoded(drawn(4032, 3024), "jpeg"), 1000).image.size == (1008, 756)


@pytest.mark.parametrize("form", TAKES_EXIF)
@pytest.mark.parametrize("orientation", TURNED)
def test_exif_orientation_is_applied_once(form: str, orientation: int, tmp_path: Path) -> None:
    turn = TURNED[orientation]
    stored = drawn() if turn is None else drawn().transpose(turn)
    content = encoded(stored, form, exif=with_exif_orientation(orientation))
    for fit_px, size in ((None, (640, 480)), (160, (160, 120))):
        picture = decoded(tmp_path, content, fit_px)
        assert (picture.width, picture.height) == (640, 480)
        assert picture.image.size == size
        assert_looks_as_drawn(picture.image)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff", "heif"])
def test_sidecars_word_on_the_orientation_counts_whoever_turns_the_picture(form: str, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(
        encoded(drawn().transpose(Image.Transpose.ROTATE_90), form, exif=with_exif_orientation(3))
    )
    sidecar = tmp_path / "picture.xmp"
    sidecar.write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    with Source.open(bytes(tmp_path / "picture"), [bytes(sidecar)]) as source:
        picture = decode(source)
    assert_looks_as_drawn(picture.image)


@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_heic_that_libheif_turns_is_not_turned_again(orientation: int, tmp_path: Path) -> None:
    image = drawn()
    image.info["exif"] = with_exif_orientation(orientation).tobytes()
    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, quality=95)
    assert b"irot" in stream.getvalue()
    turned = pillow_heif.open_heif(stream).to_pillow()
    assert decoded(tmp_path, stream.getvalue()).image.tobytes() == turned.tobytes()


def test_jpeg_xl_is_turned_by_its_codestream_and_not_by_exif(tmp_path: Path) -> None:
    content = encoded(drawn(), "jxl", exif=with_exif_orientation(6).tobytes())
    assert_looks_as_drawn(decoded(tmp_path, content).image)


@pytest.mark.parametrize("orientation", TURNED)
def test_jpeg_packed_as_jpeg_xl_is_turned_once(orientation: int, tmp_path: Path) -> None:
    turn = TURNED[orientation]
    stored = drawn() if turn is None else drawn().transpose(turn)
    jpeg = encoded(stored, "jpeg", exif=with_exif_orientation(orientation))
    encoder = Encoder(mode="RGB", lossless=True, quality=100, decoding_speed=0, effort=3, num_threads=0)
    content = encoder(jpeg, *stored.size, jpeg_encode=True)
    picture = decoded(tmp_path, content, 160)
    assert (picture.width, picture.height) == (640, 480)
    assert_looks_as_drawn(picture.image)


def test_torn_jpeg_shows_what_is_there_and_says_so(tmp_path: Path) -> None:
    content = encoded(drawn(), "jpeg")
    picture = decoded(tmp_path, content[: len(content) * 3 // 4])
    assert picture.problems == ("the JPEG ends early: what is missing is grey",)
    assert np.abs(np.subtract(corners(picture.image)[:2], CORNERS[:2], dtype=int)).max() < NEAR


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    image = drawn().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 320, 240))
    picture = decoded(tmp_path, encoded(image, "png"))
    assert corners(picture.image) == [(255, 255, 255), *CORNERS[1:]]


def test_more_pixels_than_fit_are_refused_from_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PIXELS", 640 * 480 - 1)
    with pytest.raises(FileUndecodable, match="640 x 480 pixels are more than"):
        decoded(tmp_path, encoded(drawn(), "png"))


def test_large_jpeg_is_decoded_where_its_draft_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PIXELS", 320 * 240)
    content = encoded(drawn(), "jpeg")
    assert decoded(tmp_path, content, 300).image.size == (300, 225)
    with pytest.raises(FileUndecodable, match="640 x 480 pixels"):
        decoded(tmp_path, content)


def png_bomb() -> bytes:
    size = struct.pack(">4sII", b"IHDR", 60_000, 60_000) + b"\x08\x02\0\0\0"
    small = encoded(drawn(8, 8), "png")
    return small[:12] + size + struct.pack(">I", zlib.crc32(size)) + small[33:]


def gif_bomb() -> bytes:
    small = encoded(drawn(8, 8), "gif")
    return small[:6] + struct.pack("<HH", 65535, 65535) + small[10:]


def bmp_bomb() -> bytes:
    small = encoded(drawn(8, 8), "bmp")
    return small[:18] + struct.pack("<ii", 50_000, 50_000) + small[26:]


def tiff_bomb() -> bytes:
    """Rows that nobody wrote."""
    stream = io.BytesIO()
    drawn(8, 8).save(stream, "TIFF", tiffinfo={})
    return (
        stream.getvalue()
        .replace(struct.pack("<HHII", 0x0100, 4, 1, 8), struct.pack("<HHII", 0x0100, 4, 1, 1 << 20))
        .replace(struct.pack("<HHII", 0x0101, 4, 1, 8), struct.pack("<HHII", 0x0101, 4, 1, 1 << 20))
    )


def jpeg2000_bomb() -> bytes:
    small = encoded(drawn(8, 8), "jpeg2000", no_jp2=True)
    assert small[4:6] != b"\xff\x51"
    return small[:8] + struct.pack(">II", 1 << 20, 1 << 20) + small[16:]


def jxl_bomb() -> bytes:
    size = 0 | 3 << 1 | (1 << 20) << 3 | 1 << 33  # not small; height in 30 bits; a ratio of 1 : 1
    return b"\xff\x0a" + size.to_bytes(40, "little")


def jpeg_bomb() -> bytes:
    small = encoded(drawn(8, 8), "jpeg")
    at = small.index(b"\xff\xc0")
    return small[: at + 5] + struct.pack(">HH", 65500, 65500) + small[at + 9 :]


def heif_bomb(form: str) -> bytes:
    size = struct.pack(">4xII", 64, 64)
    return encoded(drawn(64, 64), form).replace(b"ispe" + size, b"ispe" + struct.pack(">4xII", 1 << 16, 1 << 16))


BOMBS = {
    "png": png_bomb,
    "gif": gif_bomb,
    "bmp": bmp_bomb,
    "tiff": tiff_bomb,
    "jpeg2000": jpeg2000_bomb,
    "jxl": jxl_bomb,
    "jpeg": jpeg_bomb,
    "heif": lambda: heif_bomb("heif"),
    "avif": lambda: heif_bomb("avif"),
}


@pytest.mark.parametrize("form", BOMBS)
def test_header_that_claims_too_much_is_refused(form: str, tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match=r"\d+ x \d+ pixels are more than"):
        decoded(tmp_path, BOMBS[form]())


def test_first_frame_that_shows_something_is_taken(tmp_path: Path) -> None:
    for form in ("gif", "webp", "png"):
        content = encoded(Image.new("RGB", (640, 480)), form, save_all=True, append_images=[drawn()], duration=100)
        assert_looks_as_drawn(decoded(tmp_path, content).image)


def test_animation_that_shows_nothing_is_blank(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("black", "navy", "white")]
    content = encoded(frames[0], "gif", save_all=True, append_images=frames[1:], duration=100)
    assert decoded(tmp_path, content).image.getcolors() == [(64 * 48, (0, 0, 0))]


@pytest.mark.parametrize("form", ["png", "gif", "bmp", "tiff"])
def test_torn_bitmap_shows_what_is_there_and_says_so(form: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    content = encoded(Image.fromarray(noise), form)
    picture = decoded(tmp_path, content[: len(content) // 2])
    assert picture.image.size == (640, 480)
    assert len(picture.problems) == 1
    assert picture.problems[0].startswith("damaged, and shown as far as it goes: ")


def test_bitmap_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    content = encoded(drawn(), "png")
    with pytest.raises(FileUndecodable, match="cannot be decoded"):
        decoded(tmp_path, content[: content.index(b"IDAT") + 8])


def test_jpeg_2000_is_decoded_at_the_resolution_that_is_wanted(tmp_path: Path) -> None:
    content = encoded(drawn(1024, 768), "jpeg2000", num_resolutions=3)
    for fit_px in (600, 300, 100, 20):
        picture = decoded(tmp_path, content, fit_px)
        assert (picture.width, picture.height) == (1024, 768)
        assert max(picture.image.size) == fit_px
        assert_looks_as_drawn(picture.image)


def test_no_picture_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match="is no picture or video that we know") as refused:
        decoded(tmp_path, b"")
    assert str(refused.value).count(str(tmp_path)) == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ValueError("Memory allocation error: Unspecified: Allocating 65482767 bytes failed"),
        RuntimeError("Pixel allocation failed: Out of memory"),
    ],
)
def test_lack_of_memory_is_said_as_what_to_do(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "transpose", fail)
    content = encoded(drawn(), "jpeg", exif=with_exif_orientation(6))
    with pytest.raises(FileUndecodable, match=r"needs more memory than readers\.memory_mb"):
        decoded(tmp_path, content)


def test_trouble_of_the_file_system_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Image.Image, "transpose", fail)
    with pytest.raises(FileUnreadable, match="cannot be read: Input/output error"):
        decoded(tmp_path, encoded(drawn(), "jpeg", exif=with_exif_orientation(6)))
