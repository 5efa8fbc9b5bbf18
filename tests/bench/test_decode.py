"""How long a photo takes to become a preview of 1000 px, on one core, beside the least that its library needs for it.

The bare loop opens the same file with the same library, asks it for the smallest decode that is large enough, fits it
and turns it. What ours does more: find out what the file is, read its metadata, look for a profile, guard its limits.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rawpy
from PIL import Image, ImageOps
from pillow_heif import HeifImageFile, options, register_heif_opener

from photofsd.media.decode import decode
from photofsd.media.source import Source
from tests.bench.conftest import Scaled
from tests.bench.sheet import Sheet
from tests.drawn_raw import LONG, SHORT, dng, tiff

FIT_PX = 1000
NEAR_ENOUGH = 1.02
ROUNDS = 9
LEAST_SHARE = 0.85
TURNED = 6

Bare = Callable[[Path], Image.Image]


def photo(width: int, height: int) -> Image.Image:
    """A picture with about as much in it as a photo has: soft shapes and grain."""
    chance = np.random.default_rng(1)
    shapes = chance.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), np.uint8)
    soft = np.asarray(Image.fromarray(shapes).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray(np.clip(soft + chance.integers(-12, 12, (height, width, 1)), 0, 255).astype(np.uint8))


def encoded(image: Image.Image, form: str, **given: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **given)
    return stream.getvalue()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = TURNED
    return exif


def fitted(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    if longest <= FIT_PX * NEAR_ENOUGH:
        return image
    size = (image.width * FIT_PX // longest, image.height * FIT_PX // longest)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def bare_jpeg(path: Path) -> Image.Image:
    return jpeg_in(io.BytesIO(path.read_bytes()))


def jpeg_in(stream: io.BytesIO) -> Image.Image:
    image = Image.open(stream)
    longest = max(image.size)
    image.draft("RGB", (image.width * FIT_PX // longest, image.height * FIT_PX // longest))
    turned = ImageOps.exif_transpose(fitted(image))
    assert turned is not None
    return turned


def bare_heic(path: Path) -> Image.Image:
    image: Image.Image = HeifImageFile(io.BytesIO(path.read_bytes()))  # type: ignore[no-untyped-call]
    image.load()
    return fitted(image)


def bare_preview(path: Path) -> Image.Image:
    content = path.read_bytes()
    return jpeg_in(io.BytesIO(content[content.index(b"\xff\xd8\xff") :]))


def bare_raw(path: Path) -> Image.Image:
    with rawpy.imread(io.BytesIO(path.read_bytes())) as raw:
        pixels = raw.postprocess(use_camera_wb=True, half_size=True, user_flip=0)
    return fitted(Image.fromarray(pixels)).transpose(Image.Transpose.ROTATE_270)


def ours(path: Path) -> Image.Image:
    with Source.open(bytes(path)) as source:
        return decode(source, fit_px=FIT_PX).image


def cpu_s(work: Bare, path: Path) -> float:
    start = time.process_time()
    work(path)
    return time.process_time() - start


def camera_raw(preview: bytes, width: int, height: int) -> bytes:
    size = {0x0100: (LONG, [width]), 0x0101: (LONG, [height]), 0x0112: (SHORT, [TURNED])}
    return tiff(size | {0x0202: (LONG, [len(preview)])}, {0x0201: preview})


@pytest.mark.timeout(600)
def test_previews_of_one_decode(tmp_path: Path, sheet: Sheet, scaled: Scaled) -> None:
    register_heif_opener()
    options.DECODE_THREADS = 1
    middle, large = photo(4032, 3024), photo(6000, 4000)
    jpeg = encoded(middle, "JPEG", quality=90, exif=turned())
    files: dict[str, tuple[str, bytes, Bare]] = {
        "JPEG, 12 MP": ("1.jpg", jpeg, bare_jpeg),
        "JPEG, 24 MP": ("2.jpg", encoded(large, "JPEG", quality=90, exif=turned()), bare_jpeg),
        "JPEG, 12 MP, progressive": (
            "3.jpg",
            encoded(middle, "JPEG", quality=90, exif=turned(), progressive=True),
            bare_jpeg,
        ),
        "HEIC, 12 MP": (
            "4.heic",
            encoded(middle, "HEIF", quality=60, enc_params={"preset": "ultrafast"}),
            bare_heic,
        ),
        "RAW, 12 MP, by its preview": ("5.nef", camera_raw(jpeg, *middle.size), bare_preview),
        "RAW, 12 MP, developed at half its size": ("6.dng", dng(np.asarray(middle), TURNED), bare_raw),
    }
    for what, (name, content, bare) in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert sorted(ours(path).size) == sorted(bare(path).size)
        times = [(cpu_s(ours, path), cpu_s(bare, path)) for _ in range(max(2, scaled(ROUNDS)))]
        our_s, bare_s = map(min, zip(*times, strict=True))
        sheet.add(f"{what}: previews a second and core", 1 / our_s, "/s")
        sheet.add(f"{what}: of a bare loop's speed", bare_s / our_s, "", at_least=LEAST_SHARE)
