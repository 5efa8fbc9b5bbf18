"""Which XMP file speaks of which photo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.sidecar import sidecar_names, sidecars_by_photo


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
        (b"a.jpg", [b"b.xmp", b"a.cr2.xmp", b"a.jpg.json"], []),
        (b"\xff.jpg", [b"\xff.xmp"], [b"\xff.xmp"]),
        (b"a.txt", [b"a.xmp"], []),
    ],
)
def test_sidecar_belongs_to_its_photo(photo: bytes, siblings: list[bytes], expected: list[bytes]) -> None:
    assert list(sidecar_names(photo, [photo, *siblings])) == expected


ENDS = (b".jpg", b".CR2", b".xmp", b".jpg.xmp", b".mov", b".txt")
NAMES = st.lists(st.sampled_from([stem + end for stem in (b"a", b"B") for end in ENDS]), unique=True)


@given(NAMES)
def test_whole_folder_agrees_with_each_photo_asked_alone(names: list[bytes]) -> None:
    found = sidecars_by_photo(names)
    for name in names:
        assert found.get(name, ()) == sidecar_names(name, names)
    assert all(sidecar.lower().endswith(b".xmp") for sidecars in found.values() for sidecar in sidecars)
