"""Sidecars that say who is in a photo, as our own reader and as exiftool read them."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.display import shown
from photofsd.media.regions import upright
from photofsd.media.wording import clean
from photofsd.media.xmp import read_xmp
from photofsd.media.xmp_writing import HEAD, Portrait, sidecar
from photofsd.records import Region

ANA = (b"Ana", Region(0.2, 0.4, 0.1, 0.2))
BOB = (b"Bob", Region(0.0, 0.0, 0.25, 0.5))
NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: not {0, ord("/")} & set(name))
needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool is not installed (Debian: libimage-exiftool-perl)"
)


def read_back(portrait: Portrait) -> tuple[Region, ...]:
    faces = read_xmp(sidecar(portrait), dt.UTC).faces or ()
    return upright(faces, portrait.width, portrait.height, portrait.orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_our_reader_finds_the_same_faces_however_the_picture_is_turned(orientation: int) -> None:
    portrait = Portrait((b"Ana", b"Bob"), (ANA, BOB), 4000, 3000, orientation)
    assert read_back(portrait) == tuple(
        Region(box.left, box.top, box.width, box.height, name.decode()) for name, box in (ANA, BOB)
    )


def test_areas_are_of_the_picture_as_it_is_stored() -> None:
    packet = sidecar(Portrait((b"Ana",), (ANA,), 4000, 3000, 6)).decode()
    assert 'stArea:x="0.5" stArea:y="0.75" stArea:w="0.2" stArea:h="0.1" stArea:unit="normalized"' in packet
    assert 'stDim:w="4000" stDim:h="3000" stDim:unit="pixel"' in packet


def test_people_are_tags_of_both_kinds() -> None:
    packet = sidecar(Portrait((b"Ana|Bob",))).decode()
    assert "<digiKam:TagsList>\n      <rdf:Seq>\n        <rdf:li>People/Ana|Bob</rdf:li>" in packet
    assert "<lr:hierarchicalSubject>\n      <rdf:Bag>\n        <rdf:li>People|Ana/Bob</rdf:li>" in packet


def test_without_the_size_of_the_picture_there_are_names_only() -> None:
    packet = sidecar(Portrait((b"Ana",), (ANA,)))
    assert b"PersonInImage" in packet
    assert b"mwg-rs:Regions" not in packet


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_any_bytes_are_a_name(names: list[bytes]) -> None:
    portrait = Portrait(names, [(name, ANA[1]) for name in names], 400, 300)
    assert [face.name for face in read_back(portrait)] == [clean(shown(name)) for name in names]
    assert sidecar(portrait).startswith(HEAD)


BOXES = st.tuples(*[st.floats(0, 0.5)] * 2, *[st.floats(0.001, 0.5)] * 2)


@given(BOXES, st.integers(1, 8))
def test_a_box_comes_back_to_a_millionth(box: tuple[float, float, float, float], orientation: int) -> None:
    (found,) = read_back(Portrait((b"Ana",), ((b"Ana", Region(*box)),), 400, 300, orientation))
    assert (found.left, found.top, found.width, found.height) == pytest.approx(box, abs=2e-6)


OWN: dict[str, Any] = {"tags": ("Beach & Sea", "a/b"), "rating": 4, "title": "<Sea>", "caption": "Ω"}
ODD = [b"Ana", "Zoë & <Söhne> \"x\" 'y'".encode(), b"new\nline \xff \x1b", "Ω\u202e|".encode()]


@needs_exiftool
def test_exiftool_reads_the_same(tmp_path: Path) -> None:
    boxes = [Region(0.1 * at, 0.2, 0.05, 0.1) for at in range(len(ODD))]
    (tmp_path / "a.jpg.xmp").write_bytes(sidecar(Portrait(ODD, list(zip(ODD, boxes, strict=True)), 4000, 3000)))
    said = exiftool(tmp_path / "a.jpg.xmp")
    names = [shown(name) for name in ODD]
    assert said["XMP-iptcExt:PersonInImage"] == names
    assert said["XMP-digiKam:TagsList"] == [f"People/{name}" for name in names]
    assert said["XMP-lr:HierarchicalSubject"] == [f"People|{name.replace('|', '/')}" for name in names]
    info = said["XMP-mwg-rs:RegionInfo"]
    assert info["AppliedToDimensions"] == {"W": 4000, "H": 3000, "Unit": "pixel"}
    assert [region["Name"] for region in info["RegionList"]] == names
    assert {region["Type"] for region in info["RegionList"]} == {"Face"}
    area = info["RegionList"][2]["Area"]
    assert area == {"X": 0.225, "Y": 0.25, "W": 0.05, "H": 0.1, "Unit": "normalized"}


@needs_exiftool
def test_exiftool_reads_what_the_photo_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "a.jpg.xmp").write_bytes(sidecar(Portrait((b"Ana",), **OWN)))
    said = exiftool(tmp_path / "a.jpg.xmp")
    assert said["XMP-dc:Subject"] == ["Beach & Sea", "a/b"]
    assert said["XMP-digiKam:TagsList"] == ["People/Ana", "Beach & Sea", "a|b"]
    assert said["XMP-lr:HierarchicalSubject"] == ["People|Ana"]
    assert (said["XMP-xmp:Rating"], said["XMP-dc:Title"], said["XMP-dc:Description"]) == (4, "<Sea>", "Ω")


@needs_exiftool
def test_exiftool_finds_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.jpg.xmp").write_bytes(sidecar(Portrait(ODD, [(name, ANA[1]) for name in ODD], 4000, 3000, **OWN)))
    said = exiftool(tmp_path / "a.jpg.xmp", "-validate", "-warning", "-error")
    assert "ExifTool:Warning" not in said
    assert "ExifTool:Error" not in said
    assert said["ExifTool:Validate"] in {"OK", "0 0 0"}


def exiftool(file: Path, *options: str) -> dict[str, Any]:
    command = ["exiftool", "-config", "", "-json", "-struct", "-G1", *options, str(file)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    (said,) = json.loads(done.stdout)
    assert isinstance(said, dict)
    return said
