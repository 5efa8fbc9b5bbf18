"""What a picture looks like: its perceptual hash, contrast and colours."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from photofsd.media.look import colours, contrast, phash

UPRIGHT = {"", "0", "1"}


def drawn(seed: int) -> Image.Image:
    chance = random.Random(seed)
    image = Image.new("RGB", (320, 240), "grey")
    brush = ImageDraw.Draw(image)
    for _ in range(30):
        x, y = chance.randrange(320), chance.randrange(240)
        brush.ellipse(
            (x, y, x + chance.randrange(10, 120), y + chance.randrange(10, 90)), fill=chance.randrange(1 << 24)
        )
    return image


def distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def test_phash_stays_when_a_picture_is_made_smaller() -> None:
    assert distance(phash(drawn(1)), phash(drawn(1).resize((160, 120)))) <= 4


def test_phash_differs_between_pictures() -> None:
    assert all(distance(phash(drawn(1)), phash(drawn(seed))) > 10 for seed in range(2, 12))


def test_phash_of_a_blank_picture_is_its_brightness_alone() -> None:
    assert phash(Image.new("RGB", (100, 80), "navy")) == 1 << 63


def test_phash_is_that_of_imagehash(test_data: Path) -> None:
    checked = 0
    with (test_data / "manifest.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["format"] == "JPEG" and row["phash"] and row["orientation"] in {"", "1"}:
                with Image.open(test_data / row["path"]) as image:
                    assert distance(phash(image), int(row["phash"], 16)) <= 2, row["path"]
                checked += 1
    assert checked > 100


def test_contrast_is_none_of_a_blank_and_most_of_a_half_black_one() -> None:
    image = Image.new("L", (100, 100))
    assert contrast(image) == 0
    image.paste(255, (0, 0, 100, 50))
    assert contrast(image) == pytest.approx(127.5)


def test_colours_are_the_averages_of_nine_parts() -> None:
    image = Image.new("RGB", (90, 90), "#102030")
    image.paste("#ff0000", (60, 0, 90, 30))
    image.paste("#000000", (0, 60, 30, 75))
    assert colours(image) == (0x102030, 0x102030, 0xFF0000, *[0x102030] * 3, 0x081018, 0x102030, 0x102030)
