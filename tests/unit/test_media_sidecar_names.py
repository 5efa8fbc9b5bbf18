"""Which file beside a photo speaks of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.sidecar_names import (
    ALBUM_BEGINNINGS,
    beginnings_of_photos,
    beginnings_of_sidecars,
    describes_album,
    may_speak_of,
    sidecar_names,
)


@pytest.mark.parametrize(
    "photo, siblings, expected",
    [
        (b"a.jpg", [b"a.jpg.xmp"], [b"a.jpg.xmp"]),
        (b"a.jpg", [b"a.xmp"], [b"a.xmp"]),
        (b"A.JPG", [b"a.XMP", b"a.jpg.Xmp"], [b"a.jpg.Xmp", b"a.XMP"]),
        (b"a.cr2", [b"a.jpg", b"a.xmp"], [b"a.xmp"]),
        (b"a.jpg", [b"a.cr2", b"a.xmp"], []),
        (b"a.heic", [b"a.mov", b"a.xmp"], [b"a.xmp"]),
        (b"a.mov", [b"a.xmp"], [b"a.xmp"]),
        (b"a.jpg", [b"a.cr2", b"a.jpg.xmp"], [b"a.jpg.xmp"]),
        (b"a.jpg", [b"a.png", b"a.xmp"], [b"a.xmp"]),
        (b"a.jpg", [b"b.xmp", b"a.cr2.xmp", b"b.jpg.json"], []),
        (b"\xff.jpg", [b"\xff.xmp"], [b"\xff.xmp"]),
        (b"a.txt", [b"a.xmp"], []),
        (b"a.xmp", [b"a.xmp", b"a.xmp.xmp"], []),
        (b"CRW_1.CRW", [b"CRW_1.THM"], [b"CRW_1.THM"]),
        (b"mvi_1.avi", [b"MVI_1.thm"], [b"MVI_1.thm"]),
        (b"CRW_1.JPG", [b"CRW_1.THM"], []),
        (b"IMG_1.HEIC", [b"IMG_1.AAE"], []),
        (b"a.cr2", [b"a.THM", b"a.cr2.json", b"a.xmp"], [b"a.xmp", b"a.cr2.json", b"a.THM"]),
    ],
)
def test_sidecar_belongs_to_its_photo(photo: bytes, siblings: list[bytes], expected: list[bytes]) -> None:
    assert list(sidecar_names(photo, [photo, *siblings])) == expected


LONG = b"PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN"
WEDDING = b"Backyard_ceremony_wedding_photography_xxxxxxx_"
SMILES = "😀😃😄😁😆😅😂🤣🥲😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛"


@pytest.mark.parametrize(
    "photo, json",
    [
        (b"x.jpg", b"x.jpg.json"),
        (b"x.jpg", b"x.json"),
        (b"x.jpg", b"x.jpg.supplemental-metadata.json"),
        (b"x.jpg", b"x.jpg.supplemental-metad.json"),
        (b"x.jpg", b"x.jpg.suppl.json"),
        (b"x.jpg", b"x.jpg.s.json"),
        (b"x.jpg", b"x.jpg..json"),
        (b"x(1).jpg", b"x.jpg(1).json"),
        (b"x(1).jpg", b"x(1).jpg.json"),
        (b"x(1).jpg", b"x(1).json"),
        (b"x(12).jpg", b"x.jpg.supplemental-metadata(12).json"),
        (b"x(12).jpg", b"x.jpg.supplem(12).json"),
        (b"x-edited.jpg", b"x.jpg.json"),
        (b"x-edited(1).jpg", b"x.jpg(1).json"),
        (b"x-bearbeitet.jpg", b"x.jpg.json"),
        ("x-modifié.jpg".encode(), b"x.jpg.json"),
        ("x-modifie\u0301.jpg".encode(), b"x.jpg.json"),
        (b"x-editada.JPG", b"x.JPG.supplemental-metadata.json"),
        (b"x-modificato.jpg", b"x.json"),
        ("x-編集済み.jpg".encode(), b"x.jpg.json"),
        (b"x-edited.jpg", b"x.HEIC.json"),
        (b"x.MP4", b"x.HEIC.json"),
        (b"x(1).MP4", b"x.HEIC(1).json"),
        (b"x.mov", b"x.jpg.supplemental-metadata.json"),
        (b"PXL_1.LS.mp4", b"PXL_1.LS.mp4.json"),
        (b"P~2-edited.jpg", b"P~2.json"),
        (LONG + b"A.jpg", LONG + b".json"),
        (b"05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jpg", b"05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jp.json"),
        (WEDDING + b"m(494).jpg", WEDDING + b"(494).json"),
        (b"original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P(1).jpg",
         b"original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json"),
        (f"{SMILES}😜.jpg".encode(), f"{SMILES}.json".encode()),
        (b"x.jpg.jpg", b"x.jpg.jpg.json"),
        (b"\xff.jpg", b"\xff.jpg.json"),
    ],
)  # fmt: skip
def test_google_names_its_json_so(photo: bytes, json: bytes) -> None:
    assert sidecar_names(photo, [photo, json]) == (json,)
    assert may_speak_of(json, photo)
    assert json.startswith(tuple(beginnings_of_sidecars(photo)))
    assert photo.startswith(tuple(beginnings_of_photos(json)))


@pytest.mark.parametrize(
    "photo, json",
    [
        (b"x.jpg", b"x.jpg(1).json"),
        (b"x(1).jpg", b"x.jpg.json"),
        (b"x(1).jpg", b"x.jpg(2).json"),
        (b"x.jpg", b"x.png.json"),
        (b"x.jpg", b"x.MP4.json"),
        (b"x.png", b"x.jpg.json"),
        (b"x_1.jpg", b"x.jpg.json"),
        (b"x-other.jpg", b"x.jpg.json"),
        (b"x.jpg", b"x-edited.jpg.json"),
        (b"x.jpg", b"x.jpg.metadata.json"),
        (b"y.jpg", b"x.json"),
        (b"x.jpg", b"metadata.json"),
    ],
)
def test_the_json_of_another_photo_is_not_taken(photo: bytes, json: bytes) -> None:
    assert sidecar_names(photo, [photo, json]) == ()
    assert not may_speak_of(json, photo)


def test_of_several_jsons_the_most_specific_one_counts() -> None:
    names = [b"x.json", b"x.jpg.supplemental-metadata.json", b"x.jpg.json", b"x.jpg(1).json"]
    assert sidecar_names(b"x.jpg", names) == (b"x.jpg.json",)
    assert sidecar_names(b"x(1).jpg", names) == (b"x.jpg(1).json",)
    assert sidecar_names(b"x-edited.jpg", names) == (b"x.jpg.json",)
    assert sidecar_names(b"x-edited.jpg", [*names, b"x-edited.jpg.json"]) == (b"x-edited.jpg.json",)
    assert sidecar_names(b"x.MP4", [b"x.HEIC.json", b"x.MP4.json"]) == (b"x.MP4.json",)


@pytest.mark.parametrize(
    "name",
    ["metadata.json", "Metadaten.json", "métadonnées.json", "me\u0301tadonne\u0301es.json", "metadatos.json",
     "metadati.json", "metadados.json", "Metagegevens.json", "метаданные.json", "メタデータ.json", "metadata(1).json"],
)  # fmt: skip
def test_the_word_for_metadata_is_an_album_in_any_language(name: str) -> None:
    assert describes_album(name.encode())
    assert name.encode().startswith(ALBUM_BEGINNINGS)


@pytest.mark.parametrize("name", [b"metadata.jpg.json", b"metadata.jpg", b"x.json", b"print-subscriptions.json"])
def test_what_speaks_of_a_photo_is_no_album(name: bytes) -> None:
    assert not describes_album(name)


STEMS = (b"a", b"a-edited", b"a(1)", b"a-edited(1)", b"a.b", b"a" * 45, b"a" * 60, b"\xff")
PHOTOS = tuple(stem + end for stem in STEMS for end in (b".jpg", b".CR2", b".mp4", b".HEIC"))
SIDECARS = tuple(
    name + middle + end
    for name in (*STEMS, *PHOTOS)
    for middle in (b"", b".suppl", b"(1)")
    for end in (b".json", b".xmp", b".JSON", b".thm")
)


@given(st.sampled_from(PHOTOS), st.lists(st.sampled_from(SIDECARS), unique=True, max_size=30))
def test_what_speaks_of_a_photo_is_found_by_how_it_begins(photo: bytes, names: list[bytes]) -> None:
    found = sidecar_names(photo, names)
    near = [name for name in names if name.startswith(tuple(beginnings_of_sidecars(photo)))]
    assert sidecar_names(photo, near) == found
    for sidecar in found:
        assert may_speak_of(sidecar, photo)
        assert photo.startswith(tuple(beginnings_of_photos(sidecar)))


@given(st.binary(min_size=1).filter(lambda name: not {0, 0x2F} & set(name)), st.lists(st.binary()))
def test_no_name_is_too_odd(photo: bytes, names: list[bytes]) -> None:
    sidecar_names(photo + b".jpg", [*names, photo + b".json"])
    beginnings_of_photos(photo + b".json")
    beginnings_of_sidecars(photo)
