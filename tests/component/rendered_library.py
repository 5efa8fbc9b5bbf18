"""A small library of what plain viewers cannot open, drawn: HEIC, AVIF, TIFF, and what is left as it is."""

from __future__ import annotations

import io
from pathlib import Path

import pillow_heif
from PIL import Image, ImageDraw

ORIENTATION = 0x0112
TURNED_RIGHT = 6
SIZE = (480, 320)
RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 180, 30), (30, 30, 220), (128, 128, 128)

RENDERED = ("beach.heic", "deep/harbour.avif", "deep/scan.tif", "lying.jpg", "turned.tif")
PLAIN = ("plain.jpg", "screen.png", "walk.gif", "sketch.bmp", "web.webp")


def picture(shade: int = 0) -> Image.Image:
    """A picture with a corner in each of red, green, blue and grey, to see which way up it is."""
    image = Image.new("RGB", SIZE, (200, 200, shade * 20 % 256))
    draw = ImageDraw.Draw(image)
    width, height = SIZE
    for colour, (x, y) in zip((RED, GREEN, BLUE, GREY), ((0, 0), (1, 0), (0, 1), (1, 1)), strict=True):
        left, top = x * width // 2, y * height // 2
        draw.rectangle((left + 20, top + 20, left + width // 2 - 20, top + height // 2 - 20), fill=colour)
    return image


def turned(shade: int = 0) -> bytes:
    """The picture as a TIFF whose pixels lie on their side."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_RIGHT
    buffer = io.BytesIO()
    picture(shade).transpose(Image.Transpose.ROTATE_90).save(buffer, "TIFF", exif=exif)
    return buffer.getvalue()


def encoded(kind: str, shade: int) -> bytes:
    """The picture in that format."""
    buffer = io.BytesIO()
    picture(shade).save(buffer, kind)
    return buffer.getvalue()


def draw_library(folder: Path) -> None:
    """Draw RENDERED and PLAIN into `folder`, a file called like a rendition, one that cannot be decoded, a sidecar."""
    pillow_heif.register_heif_opener()
    (folder / "deep").mkdir(parents=True)
    (folder / "beach.heic").write_bytes(encoded("HEIF", 1))
    (folder / "deep" / "harbour.avif").write_bytes(encoded("AVIF", 2))
    (folder / "deep" / "scan.tif").write_bytes(encoded("TIFF", 3))
    (folder / "lying.jpg").write_bytes(encoded("HEIF", 4))
    (folder / "turned.tif").write_bytes(turned(5))
    for number, (name, kind) in enumerate(zip(PLAIN, ("JPEG", "PNG", "GIF", "BMP", "WEBP"), strict=True)):
        (folder / name).write_bytes(encoded(kind, 6 + number))
    (folder / "beach.heic.jpg").write_bytes(encoded("JPEG", 12))
    (folder / "torn.heic").write_bytes(encoded("HEIF", 13)[:64])
    (folder / "deep" / "scan.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")


def is_upright(content: bytes) -> bool:
    """Claim: the JPEG shows `picture` the right way up."""
    image = Image.open(io.BytesIO(content))
    assert image.format == "JPEG"
    assert image.getexif()[ORIENTATION] == 1
    width, height = image.size
    wanted = zip((RED, GREEN, BLUE, GREY), ((1, 1), (3, 1), (1, 3), (3, 3)), strict=True)
    return all(_is_near(image.getpixel((x * width // 4, y * height // 4)), colour) for colour, (x, y) in wanted)


def _is_near(found: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 40
