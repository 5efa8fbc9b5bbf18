"""Pictures for a model: the size, the crop and the numbers of its own configuration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photofsd.errors import ModelUnusable
from photofsd.models.pixels import Preprocessing

SAID = {"size": [224, 224], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic"}


def preparing(folder: Path, **changes: object) -> Preprocessing:
    file = folder / "preprocess_cfg.json"
    file.write_text(json.dumps(SAID | changes))
    return Preprocessing.load(file)


def striped(width: int, height: int) -> Image.Image:
    """Red on the left third, green in the middle, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for part in range(3):
        pixels[:, part * width // 3 : (part + 1) * width // 3, part] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("shape", [(300, 300), (1000, 667), (667, 1000), (1, 1), (1000, 1), (224, 224), (4032, 3024)])
@pytest.mark.parametrize("way", ["shortest", "longest", "squash"])
def test_every_shape_becomes_the_size(tmp_path: Path, way: str, shape: tuple[int, int]) -> None:
    tensor = preparing(tmp_path, resize_mode=way).tensor(Image.new("RGB", shape, (255, 0, 0)))
    assert (tensor.shape, tensor.dtype) == ((3, 224, 224), np.float32)
    assert tensor[0, 111:113, 111:113].max() == 1, "the middle shows it, however thin it is"
    assert (tensor[1] == -1).all()


def test_the_shortest_side_fits_and_the_middle_is_taken(tmp_path: Path) -> None:
    tensor = preparing(tmp_path).tensor(striped(900, 300))
    assert (tensor[1] > 0.9).all(), "the middle third is green, and fills the square"


def test_the_longest_side_fits_and_the_rest_is_filled(tmp_path: Path) -> None:
    tensor = preparing(tmp_path, resize_mode="longest", fill_color=0).tensor(Image.new("RGB", (400, 200), "white"))
    assert (tensor[:, 60:160] == 1).all()
    assert (tensor[:, :50] == -1).all()
    assert (tensor[:, 180:] == -1).all()


def test_squashed_pictures_show_everything(tmp_path: Path) -> None:
    tensor = preparing(tmp_path, resize_mode="squash").tensor(striped(900, 300))
    assert [int(tensor[:, 112, x].argmax()) for x in (20, 112, 200)] == [0, 1, 2]


def test_the_numbers_are_the_models(tmp_path: Path) -> None:
    tensor = preparing(tmp_path, mean=[0.1, 0.2, 0.3], std=[0.5, 0.25, 2]).tensor(
        Image.new("RGB", (9, 9), (51, 102, 255))
    )
    assert tensor[:, 5, 5] == pytest.approx([(0.2 - 0.1) / 0.5, (0.4 - 0.2) / 0.25, 0.7 / 2])


def test_greys_and_sizes_in_one_number(tmp_path: Path) -> None:
    tensor = preparing(tmp_path, size=64, mean=0, std=1).tensor(Image.new("L", (100, 50), 255))
    assert tensor.shape == (3, 64, 64)
    assert (tensor == 1).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 0}, {"size": [224]}, {"size": "x"}, {"size": 10**9}, {"mean": None}, {"std": [0, 1, 1]},
        {"interpolation": "nearest-ish"}, {"resize_mode": "tile"}, {"mean": [1, 2]},
        {"resize_mode": ["tile"]}, {"fill_color": 10**12}, {"fill_color": float("inf")},
    ],
)  # fmt: skip
def test_a_configuration_that_makes_no_sense_is_one_clear_error(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ModelUnusable, match=r"preprocess_cfg\.json"):
        preparing(tmp_path, **changes)
