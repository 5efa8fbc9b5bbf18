"""Turning and mirroring agree with what Pillow does to pixels."""

from __future__ import annotations

import itertools

import pytest
from PIL import Image

from photofsd.media.orientation import ORIENTATIONS, UPRIGHT, is_quarter_turn, seen_at, then, turned_left, undone

PICTURE = Image.frombytes("L", (3, 2), bytes(range(6)))
BY_PILLOW = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""As ImageOps.exif_transpose has it; Pillow turns to the left."""


def upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(BY_PILLOW[orientation]) if orientation in BY_PILLOW else image


@pytest.mark.parametrize("first, second", list(itertools.product(range(1, 9), repeat=2)))
def test_two_in_a_row_are_one(first: int, second: int) -> None:
    in_turn = upright(upright(PICTURE, first), second)
    at_once = upright(PICTURE, then(first, second))
    assert (at_once.size, at_once.tobytes()) == (in_turn.size, in_turn.tobytes())


@pytest.mark.parametrize("quarters", range(4))
def test_quarter_turns_go_to_the_left(quarters: int) -> None:
    turned = PICTURE
    for _ in range(quarters):
        turned = turned.transpose(Image.Transpose.ROTATE_90)
    assert upright(PICTURE, turned_left(quarters)).tobytes() == turned.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_point_is_seen_where_its_pixel_is(orientation: int) -> None:
    seen = upright(PICTURE, orientation)
    assert (seen.size != PICTURE.size) == is_quarter_turn(orientation)
    for x, y in itertools.product(range(PICTURE.width), range(PICTURE.height)):
        across, down = seen_at(orientation, (x + 0.5) / PICTURE.width, (y + 0.5) / PICTURE.height)
        assert seen.getpixel((int(across * seen.width), int(down * seen.height))) == PICTURE.getpixel((x, y))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_what_is_done_and_undone_is_upright(orientation: int) -> None:
    assert then(orientation, undone(orientation)) == UPRIGHT
