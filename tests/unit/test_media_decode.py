"""Pixels of drawn pictures in every format that our libraries can also write: upright, in sRGB, as large as wanted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw
from pillow_jxl import JpegXLImagePlugin

from photofsd.errors import FileUndecodable
from photofsd.media.decode import Picture, decode
from photofsd.media.decoders import limits
from photofsd.media.source import Source

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
TAKES_EXIF = ("jpeg", "png", "webp", "tiff")


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


TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera that writes an orientation has its pixels: turned the other way."""


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


def test_no_picture_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match="is no picture or video that we know"):
        decoded(tmp_path, b"")


def test_video_is_refused_as_having_no_picture(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match="picture: nothing here shows pictures of a mp4 file"):
        decoded(tmp_path, b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08mdat")


def test_lack_of_memory_is_said_as_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "transpose", fail)
    content = encoded(drawn(), "jpeg", exif=with_exif_orientation(6))
    with pytest.raises(FileUndecodable, match=r"needs more memory than readers\.memory_mb"):
        decoded(tmp_path, content)
