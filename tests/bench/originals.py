"""Real files for measurements: many small JPEGs, and some as large as a camera makes, each with its own content."""

from __future__ import annotations

import datetime as dt
import io
import os
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

DATE = b"2001:01:01 00:00:00"
FIRST = dt.datetime(2010, 1, 1)  # noqa: DTZ001 - the wall clock of a camera
MODELS = 60
SMALL_BYTES = (600, 4_000)
LARGE_BYTES = 3_600_000
SCENES = 6
MINUTES_APART = 80

END_OF_IMAGE = b"\xff\xd9"


def small_photos(library: Path, folders: int, photos: int) -> None:
    """Write `photos` JPEGs of 600 bytes to 4 kB into `folders` folders."""
    chance = random.Random(5)
    noise = chance.randbytes(max(SMALL_BYTES) + photos % 997)
    models = [_model(number) for number in range(MODELS)]
    for folder in range(folders):
        path = library / f"{2010 + folder % 15}" / f"Event {folder}"
        path.mkdir(parents=True)
        for number in range(folder * photos // folders, (folder + 1) * photos // folders):
            content = _dated(models[number % MODELS], number)
            filling = noise[number % 997 :][: max(0, chance.randint(*SMALL_BYTES) - len(content) - 8)]
            (path / f"IMG_{number % 10_000:04}.JPG").write_bytes(content + number.to_bytes(8) + filling)


def large_photos(library: Path, photos: int, names: int) -> Iterator[bytes]:
    """Write `photos` JPEGs of 3.6 MB, each under `names` names (hard links); the paths of all."""
    noise = random.Random(5).randbytes(LARGE_BYTES)
    for number in range(photos):
        content = _dated(_model(number), number)
        first = library / "0" / f"IMG_{number:04}.JPG"
        first.parent.mkdir(parents=True, exist_ok=True)
        filling = noise[: LARGE_BYTES - len(content) - 8 - len(END_OF_IMAGE)]
        first.write_bytes(content + number.to_bytes(8) + filling + END_OF_IMAGE)  # as photos end: no film behind it
        yield os.fsencode(first)
        for name in range(1, names):
            link = library / f"{name}" / first.name
            link.parent.mkdir(exist_ok=True)
            link.hardlink_to(first)
            yield os.fsencode(link)


def camera_photos(library: Path, photos: int, megapixels: int) -> list[Path]:
    """Write `photos` baseline JPEGs of that many megapixels (4:3, 4:2:0, about 0.2 bytes a pixel); their paths."""
    library.mkdir(parents=True)
    drawn = [_scene(number, megapixels) for number in range(SCENES)]
    paths = [library / f"DSC_{number:04}.JPG" for number in range(photos)]
    for number, path in enumerate(paths):
        path.write_bytes(_dated(drawn[number % SCENES], number) + number.to_bytes(8))
    return paths


def _scene(number: int, megapixels: int) -> bytes:
    """Clouds of several sizes with the grain of a sensor: as much work for a decoder as a photo is."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5) // 16 * 16
    size = (height * 4 // 3 // 16 * 16, height)
    chance = random.Random(number)
    picture = Image.new("RGB", size, (128, 128, 128))
    for cells in (8, 64, 512):
        clouds = Image.frombytes("RGB", (cells, cells), chance.randbytes(3 * cells * cells))
        picture = Image.blend(picture, clouds.resize(size, Image.Resampling.BICUBIC), 0.5)
    grain = Image.effect_noise(size, 12).convert("RGB")
    block = Image.Exif()
    block.update({0x010F: "Maker", 0x0110: f"Model {number}", 0x0112: (1, 6, 8)[number % 3], 0x0132: DATE.decode()})
    block.get_ifd(0x8769).update({0x9003: DATE.decode()})
    file = io.BytesIO()
    Image.blend(picture, grain, 0.15).save(file, "JPEG", exif=block, quality=88, subsampling="4:2:0")
    return file.getvalue()


def _dated(model: bytes, number: int) -> bytes:
    at = FIRST + dt.timedelta(minutes=MINUTES_APART * number)
    return model.replace(DATE, at.strftime("%Y:%m:%d %H:%M:%S").encode())


def _model(number: int) -> bytes:
    """A JPEG with what a camera writes, without its noise."""
    block = Image.Exif()
    block.update({0x010F: "Maker", 0x0110: f"Model {number % 30}", 0x0112: 1, 0x0132: DATE.decode()})
    block.get_ifd(0x8769).update(
        {0x9003: DATE.decode(), 0x9011: "+02:00", 0x829A: 0.004, 0x829D: 2.8, 0x8827: 400, 0x920A: 35.0}
    )
    north, east = 40.0 + number % 12, 5.0 + number % 9
    block.get_ifd(0x8825).update({1: "N", 2: (north, 28.0, 2.8), 3: "E", 4: (east, 53.0, 6.4)})
    file = io.BytesIO()
    Image.new("L", (8, 8), number * 4).save(file, "JPEG", exif=block, quality=30)
    return file.getvalue()
