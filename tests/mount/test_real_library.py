"""The real photos beside the checkout, through a real daemon: nothing is missing, nothing is changed."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from photofsd.index.families import NEAR_BITS
from tests.mount.walker import daemon

EXIF_DATE = "%Y:%m:%d"
NO_PICTURE = 7
"""Contents in the test photos that are no picture at all (text, empty, crafted): the only failures allowed."""


@pytest.fixture(scope="module")
def before(test_data: Path) -> dict[bytes, str]:
    return digests(test_data)


@pytest.fixture(scope="module")
def mounted(
    test_data: Path, before: dict[bytes, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """The mount, and the state folder."""
    assert before
    place = tmp_path_factory.mktemp("real")
    with daemon(test_data, place / "state", place / "photos"):
        yield place / "photos", place / "state"


def digests(folder: Path) -> dict[bytes, str]:
    """sha256 and times of every file, by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[os.fsencode(path.relative_to(folder))] = f"{digest} {stat.st_mtime_ns} {stat.st_size}"
    return found


def rows(test_data: Path) -> list[dict[str, str]]:
    with (test_data / "manifest.csv").open(newline="") as manifest:
        return list(csv.DictReader(manifest))


def day_of(text: str) -> dt.date | None:
    """The day of an EXIF date; None where it is none."""
    try:
        day = dt.datetime.strptime(text[:10], EXIF_DATE).replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None
    return day


def test_every_photo_with_a_valid_date_stands_under_its_day(mounted: tuple[Path, Path], test_data: Path) -> None:
    mount, _ = mounted
    checked = 0
    for row in rows(test_data):
        day = day_of(row["exif_date"])
        original = test_data / row["path"]
        if day is None or row["kind"] == "sidecar" or not original.is_file():
            continue
        folder = mount / "by-date" / f"{day:%Y/%m/%d}"
        inode = (mount / "folders" / row["path"]).stat().st_ino
        assert inode in {entry.stat().st_ino for entry in folder.iterdir()}, f"{row['path']} is not in {folder}"
        checked += 1
    assert checked > 100


def test_find_ends_and_every_file_is_byte_identical_to_its_original(
    mounted: tuple[Path, Path], test_data: Path
) -> None:
    mount, _ = mounted
    found = subprocess.run(
        [
            "find",
            mount,
            "(",
            "-path",
            mount / ".photofsd",
            "-o",
            "-path",
            mount / "jpeg",
            ")",
            "-prune",
            "-o",
            "-type",
            "f",
            "-print0",
        ],
        capture_output=True,
        check=True,
        timeout=100,
    ).stdout.split(b"\0")[:-1]
    assert len(found) > 1000
    originals = {hashlib.sha256(path.read_bytes()).hexdigest() for path in test_data.rglob("*") if path.is_file()}
    for path in found:
        assert hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest() in originals, path


def test_in_jpeg_every_file_is_its_original_or_a_jpeg_of_it(mounted: tuple[Path, Path], test_data: Path) -> None:
    mount, _ = mounted
    rendered = 0
    for row in rows(test_data):
        if row["kind"] == "sidecar":
            continue
        plain = mount / "jpeg" / "folders" / row["path"]
        if plain.exists():
            assert plain.stat().st_ino == (mount / "folders" / row["path"]).stat().st_ino
            continue
        rendition = plain.with_name(plain.name + ".jpg")
        told = rendition.stat().st_size
        try:
            content = rendition.read_bytes()
        except OSError:
            assert row["path"].startswith(("broken/", "metadata-zoo/")), f"{row['path']} is not rendered"
            continue
        rendered += 1
        assert len(content) == told, row["path"]
        assert is_shown(content, row), row["path"]
    assert rendered > 30


def is_shown(content: bytes, row: dict[str, str]) -> bool:
    """Claim: it is a JPEG with as many pixels as the manifest says, upright where it says how the photo is stored."""
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        size, kind = image.size, image.format
    if row["kind"] == "raw" or not row["width"]:  # the manifest has the sensor's, borders and all
        return kind == "JPEG"
    width, height = int(row["width"]), int(row["height"])
    if row["format"] == "HEIF":  # the manifest has what one decoder gives, which is not always upright
        return kind == "JPEG" and size in {(width, height), (height, width)}
    is_turned = row["orientation"] in {"5", "6", "7", "8"}
    return kind == "JPEG" and size == ((height, width) if is_turned else (width, height))


def test_a_photo_is_read_the_same_through_every_view(mounted: tuple[Path, Path], test_data: Path) -> None:
    mount, _ = mounted
    original = (test_data / "Photos/2008-10-22 Арêццо (Arezzo)/DSCN0010.jpg").read_bytes()
    for view in (
        "by-date/2008/10/22",
        "by-date/2008/all",
        "cameras/Nikon COOLPIX P6000",
        "places/Italy/Tuscany/Arezzo",
        "types/jpeg",
        "recent",
        "search/arezzo 2008",
        "cameras/Nikon COOLPIX P6000/+by-date/2008/10/all",
    ):
        assert (mount / view / "DSCN0010.jpg").read_bytes() == original, view


def test_photos_that_look_alike_are_in_one_group_and_white_paper_in_none(
    mounted: tuple[Path, Path], test_data: Path
) -> None:
    """Alike: as imagehash says in the manifest, other than as pictures without any content."""
    mount, _ = mounted
    groups = [{photo.stat().st_ino for photo in group.iterdir()} for group in (mount / "duplicates/similar").iterdir()]
    hashes = {row["path"]: int(row["phash"], 16) for row in rows(test_data) if row["phash"]}
    pictures = {path: phash for path, phash in hashes.items() if phash.bit_count() > 1}
    inodes = {path: (mount / "folders" / path).stat().st_ino for path in pictures if (test_data / path).is_file()}
    pairs = [
        {inodes[one], inodes[other]}
        for one, other in itertools.combinations(sorted(inodes), 2)
        if (pictures[one] ^ pictures[other]).bit_count() <= NEAR_BITS
    ]
    assert len(pairs) > 50
    for pair in pairs:
        assert len(pair) == 1 or any(pair <= group for group in groups), pair
    white = inodes["Photos/Dinge/6720px_white.jpg"]
    assert not any(white in group for group in groups)
    assert max(map(len, groups)) < 10


def test_an_album_of_google_takeout_is_a_folder_and_a_query(mounted: tuple[Path, Path], test_data: Path) -> None:
    mount, _ = mounted
    lies_in = test_data / "Google Takeout/Takeout1/Google Photos/Album test 6-10-23"
    photos = {path.name for path in lies_in.iterdir() if path.suffix in {".jpg", ".mp4"}}
    assert {path.name for path in (mount / "albums" / "Album test 6\u221510\u221523").iterdir()} == photos
    assert {path.name for path in (mount / "search" / 'album:"Album test 6-10-23"').iterdir()} == photos


def test_every_type_of_photo_has_its_folder(mounted: tuple[Path, Path]) -> None:
    mount, _ = mounted
    for name, photos in {
        "live": {"IMG_3589.HEIC", "IMG_3589.mov", "image-isom-avc1.jpg", "samsung-one-ui-6.heic"},
        "panorama": {"panorama360.jpg"},
        "animated": {"pythagoras.gif"},
        "screenshot": {"screenshot.png", "Screenshot 2019-05-21 at 10.45.52.png"},
    }.items():
        assert photos <= {path.name for path in (mount / "types" / name).iterdir()}


def test_sidecars_are_no_photos_and_lie_where_they_lie(mounted: tuple[Path, Path]) -> None:
    mount, _ = mounted
    sidecars = (".json", ".xmp", ".aae", ".thm")
    assert not [path for path in (mount / "by-date").rglob("*") if path.suffix.lower() in sidecars]
    assert (mount / "folders/Phone backup/iPhone/IMG_4120.AAE").is_file()


def test_du_and_tar_count_a_photo_once(mounted: tuple[Path, Path]) -> None:
    mount, _ = mounted
    year = mount / "by-date" / "2008"
    photos = {path.stat().st_ino: path.stat().st_size for path in year.rglob("*") if path.is_file()}
    tarred = subprocess.run(["tar", "-cf", "-", "-C", str(year), "."], capture_output=True, check=True).stdout
    assert len(tarred) < sum(photos.values()) * 1.5


def test_crafted_and_broken_files_take_nothing_down(mounted: tuple[Path, Path]) -> None:
    mount, state = mounted
    command = [sys.executable, "-m", "photofsd", "status", "--json", "--state", str(state)]
    status = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert status["stages"]["metadata"]["failed"] == NO_PICTURE
    assert status["stages"]["identify"]["failed"] == 0
    assert (mount / "folders" / "broken" / "exiv2-poc" / "issue_857_poc.raf").is_file()


def test_the_originals_are_unchanged(mounted: tuple[Path, Path], test_data: Path, before: dict[bytes, str]) -> None:
    assert mounted
    assert digests(test_data) == before


def test_the_store_is_clean_while_the_daemon_runs(mounted: tuple[Path, Path]) -> None:
    _, state = mounted
    command = [sys.executable, "-m", "photofsd", "check", "--state", str(state)]
    subprocess.run(command, check=True, capture_output=True)
