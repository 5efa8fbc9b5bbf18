"""What the names of files say of the shot, as cameras, phones and programs write them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.store.shot_names import ShotName, shot_name


@pytest.mark.parametrize("name", ["IMG_0001.CR2", "img_0001.jpg", "IMG_0001.HEIC", "IMG_0001", "Img_0001.MOV"])
def test_the_files_of_a_shot_have_one_base_name(name: str) -> None:
    assert shot_name(name.encode()) == ShotName("img_0001")


@pytest.mark.parametrize(
    "name",
    [
        *("IMG_4120-edited.jpg", "IMG_4120-bearbeitet.jpg", "IMG_4120-modifié.jpg", "IMG_4120-編集済み.jpg"),
        *("IMG_4120-Edit.tif", "IMG_4120-Edit-2.tif", "IMG_4120_edited.jpg", "IMG_E4120.JPG", "img_e4120.heic"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_edited_copies_are_known_by_their_names(name: str, form: str) -> None:
    assert shot_name(unicodedata.normalize(form, name).encode()) == ShotName("img_4120", edits=1)


@pytest.mark.parametrize(
    "name",
    [
        *("IMG_4120 (1).JPG", "IMG_4120_01.jpg", "IMG_4120-2.jpg", "IMG_E412.JPG", "IMG_E41200.JPG", "credited.jpg"),
        *("-edited.jpg", "edited.jpg", ".jpg", "album_cover.jpg", "holiday-editing.jpg"),
    ],
)
def test_what_only_looks_like_an_edited_copy_is_a_name_of_its_own(name: str) -> None:
    found = shot_name(name.encode())
    assert found.edits == 0
    assert name.lower().startswith(found.base)
    assert found.base != "img_4120"


def test_marks_stand_one_behind_the_other() -> None:
    assert shot_name(b"PXL_20231006_063000139~2-edited.jpg") == ShotName("pxl_20231006_063000139", edits=2)


def test_a_number_behind_a_tilde_is_proof_only_where_the_name_tells_the_second() -> None:
    assert not shot_name(b"20231006_063000~2.jpg").is_loose
    assert shot_name(b"IMG_0001~2.jpg") == ShotName("img_0001", edits=1, is_loose=True)


@pytest.mark.parametrize(
    "name, is_pick",
    [
        ("PXL_20231207_032108788.RAW-01.MP.COVER.jpg", True),
        ("PXL_20231207_032108788.RAW-02.ORIGINAL.dng", False),
        ("PXL_20231207_032108788.MP.jpg", False),
        ("PXL_20231207_032108788.dng", False),
    ],
)
def test_a_pixel_names_all_files_of_a_shot_by_its_millisecond(name: str, *, is_pick: bool) -> None:
    assert shot_name(name.encode()) == ShotName("pxl_20231207_032108788", is_pick=is_pick)


@pytest.mark.parametrize(
    "cover, other",
    [
        ("IMG_20231014_183246_BURST001_COVER.jpg", "IMG_20231014_183246_BURST002.jpg"),
        ("00015IMG_00015_BURST20171111030039_COVER.jpg", "00001IMG_00001_BURST20171111030039.jpg"),
        ("00100lrPORTRAIT_00100_BURST20200418222652648_COVER.jpg", "00000PORTRAIT_00000_BURST20200418222652648.jpg"),
        ("DSC_0052_BURST20230709220904977_COVER.JPG", "DSC_0001_BURST20230709220904977.JPG"),
    ],
)
def test_bursts_are_known_by_their_names_and_so_is_what_the_phone_has_picked(cover: str, other: str) -> None:
    pick, shot = shot_name(cover.encode()), shot_name(other.encode())
    assert pick.burst == shot.burst != ""
    assert (pick.is_pick, shot.is_pick) == (True, False)
    assert pick.base != shot.base


def test_the_shots_of_a_samsung_burst_share_a_second() -> None:
    assert (
        shot_name(b"20231207_101605_001.jpg").burst == shot_name(b"20231207_101605_039.jpg").burst == "20231207_101605"
    )
    assert shot_name(b"20231207_101605.jpg").burst == ""


@given(st.binary(max_size=300))
def test_any_name_has_a_base(name: bytes) -> None:
    found = shot_name(name)
    assert found.base or not name
    found.base.encode("utf-8", "surrogateescape")
