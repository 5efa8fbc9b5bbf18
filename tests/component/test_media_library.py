"""A library of real files, read in one child with limited memory, agrees with its manifest.

As a program (`python -m tests.component.test_media_library FOLDER`) this file is that child: it prints a JSON object,
path -> metadata, or the name of the error.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import exifread
import msgspec
import pytest

from photofsd.errors import FileUndecodable, PhotofsdError
from photofsd.media.hashing import content_digest
from photofsd.media.metadata import read_metadata
from photofsd.media.sidecar_names import describes_album, sidecar_names
from photofsd.media.sniff import kind_of_name
from photofsd.media.source import Source
from photofsd.records import Metadata
from photofsd.types import DateSource, Kind

CHECKOUT = Path(__file__).parents[2]
MEMORY = 1536 << 20
SLOW_CPU_S = 3.0
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Rows = dict[str, dict[str, str]]
Facts = dict[str, Metadata]

OFFSET_OF_THE_EDIT = {"Phone backup/misc/canon_eos_6d.dng"}
"""Only OffsetTime is there, which goes with the date of the edit, made in another zone than the photo."""
NULL_ISLAND = {"Photos/Natur/image-2011.jpg"}
"""0, 0: a receiver without a fix."""
NUMBER_FOR_A_MAKE = {"broken/exiv2-poc/issue_839_poc.rw2"}
"""A crafted file whose make is the number 12336: as text, "00"."""
QUARTER_TURNS = {5, 6, 7, 8}
NO_ORIENTATION = {"0", "51713"}
"""What is no orientation counts as upright."""


def read_folder(folder: Path) -> dict[str, Any]:
    """Digest and metadata of every file that the scanner would take, and the CPU seconds that they took."""
    found: dict[str, Any] = {}
    for parent, _, names in os.walk(os.fsencode(folder)):
        albums = list(filter(describes_album, names))
        for name in names:
            if kind_of_name(name) in {None, Kind.SIDECAR}:
                continue
            path = os.path.join(parent, name)
            start = time.process_time()
            try:
                sidecars = [*sidecar_names(name, names), *albums]
                with Source.open(path, [os.path.join(parent, sidecar) for sidecar in sidecars]) as source:
                    digest = content_digest(source).hex()
                    place = os.path.relpath(parent, os.fsencode(folder))
                    facts = msgspec.to_builtins(read_metadata(source, folder=place, zone=dt.UTC))
            except PhotofsdError as error:
                digest, facts = "", type(error).__name__
            shown = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
            found[shown] = {"digest": digest, "facts": facts, "cpu_s": time.process_time() - start}
    return found


@pytest.fixture(scope="session")
def answers(test_data: Path) -> dict[str, Any]:
    """What the child says of all files."""
    child = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.component.test_media_library", test_data],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
        timeout=110,
    )
    assert (child.returncode, child.stderr.decode()) == (0, "")
    answers: dict[str, Any] = json.loads(child.stdout)
    return answers


@pytest.fixture(scope="session")
def facts(answers: dict[str, Any]) -> Facts:
    """The metadata of all files that have any."""
    return {
        path: msgspec.convert(answer["facts"], Metadata)
        for path, answer in answers.items()
        if isinstance(answer["facts"], dict)
    }


@pytest.fixture(scope="session")
def rows(test_data: Path) -> Rows:
    """The manifest, by path."""
    with (test_data / "manifest.csv").open(newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def wall_clock(metadata: Metadata) -> dt.datetime:
    assert metadata.taken is not None
    return EPOCH + dt.timedelta(microseconds=metadata.taken.local_ns // 1000)


def told(rows: Rows, facts: Facts, column: str) -> dict[str, tuple[str, Metadata]]:
    """By path what the manifest says in a column, where it says anything, and what we say."""
    return {
        path: (row[column], facts[path])
        for path, row in rows.items()
        if row[column] not in {"", "nan"} and path in facts
    }


def test_every_photo_of_the_manifest_is_read_or_undecodable(rows: Rows, answers: dict[str, Any]) -> None:
    photos = {path for path, row in rows.items() if row["kind"] != "sidecar"}
    assert photos <= answers.keys()
    failed = {path: answers[path]["facts"] for path in photos if isinstance(answers[path]["facts"], str)}
    assert set(failed.values()) == {FileUndecodable.__name__}
    assert {rows[path]["format"] for path in failed} == {"EMPTY", "UNKNOWN"}
    assert not any(rows[path]["decodes"].startswith("yes") for path in failed)


def test_no_photo_takes_seconds(answers: dict[str, Any]) -> None:
    assert {path: answer["cpu_s"] for path, answer in answers.items() if answer["cpu_s"] > SLOW_CPU_S} == {}


def test_every_day_that_exif_says_is_the_day(rows: Rows, facts: Facts) -> None:
    dates = told(rows, facts, "exif_date")
    assert len(dates) > 120
    for path, (text, metadata) in dates.items():
        assert wall_clock(metadata).strftime("%Y:%m:%d %H:%M:%S") == text[:19], path
        assert metadata.taken is not None
        assert metadata.taken.source is DateSource.EXIF, path


def test_sub_seconds_are_kept(rows: Rows, facts: Facts) -> None:
    for path, (digits, metadata) in told(rows, facts, "exif_subsec").items():
        assert f"{wall_clock(metadata).microsecond:06}".startswith(digits), path


def test_offsets_are_kept(rows: Rows, facts: Facts) -> None:
    offsets = told(rows, facts, "exif_offset")
    assert len(offsets) > 5
    for path, (text, metadata) in offsets.items():
        minutes = int(text[:3]) * 60 + int(text[0] + text[4:])
        assert metadata.taken is not None
        assert metadata.taken.offset_min == (None if path in OFFSET_OF_THE_EDIT else minutes), path


def test_places_are_within_ten_metres(rows: Rows, facts: Facts) -> None:
    latitudes, longitudes = told(rows, facts, "gps_lat"), told(rows, facts, "gps_lon")
    assert len(latitudes) > 50
    for path, (latitude, metadata) in latitudes.items():
        expected = (float(latitude), float(longitudes[path][0]))
        if path in NULL_ISLAND:
            assert expected == (0.0, 0.0)
            assert (metadata.latitude, metadata.longitude) == (None, None)
        else:
            assert (metadata.latitude, metadata.longitude) == pytest.approx(expected, abs=1e-4), path


def test_nowhere_is_not_a_place(rows: Rows, facts: Facts) -> None:
    for path, metadata in facts.items():
        if rows[path]["gps_lat"] in {"", "nan"} and not path.startswith("Google Takeout/edited/"):
            assert metadata.latitude is None or metadata.kind is Kind.VIDEO, path


def test_cameras_are_named_as_the_manifest_has_them(rows: Rows, facts: Facts) -> None:
    for column in ("make", "model"):
        for path, (text, metadata) in told(rows, facts, column).items():
            assert path in NUMBER_FOR_A_MAKE or getattr(metadata, column) == text, path
            assert metadata.camera, path


def test_orientation_is_what_must_be_done_to_the_stored_pixels(rows: Rows, facts: Facts) -> None:
    for path, (text, metadata) in told(rows, facts, "orientation").items():
        assert metadata.orientation == (1 if text in NO_ORIENTATION else int(text)), path


def test_size_is_that_of_the_stored_pixels(rows: Rows, facts: Facts) -> None:
    sizes = told(rows, facts, "width")
    for path, (width, metadata) in sizes.items():
        row = rows[path]
        if row["kind"] != "image":
            continue  # of a sensor everybody cuts off another border
        stored = (metadata.width, metadata.height)
        if row["format"] in {"HEIF", "AVIF"} and metadata.orientation in QUARTER_TURNS:
            stored = stored[::-1]  # the manifest has it as decoded, turned
        if path == "Phone backup/iPhone/iphone_7.heic":
            stored = stored[::-1]  # EXIF says that it lies on its side, HEIF doesn't, so no decoder turns it
        assert stored == (int(width), int(row["height"])), path


def test_digests_tell_the_exact_duplicates(answers: dict[str, Any], test_data: Path) -> None:
    by_digest: dict[str, set[str]] = {}
    for path, answer in answers.items():
        by_digest.setdefault(answer["digest"], set()).add(path)
    with (test_data / "groups.csv").open(newline="") as file:
        groups = [
            row[2].split("|") for row in csv.reader(file) if row[0] == "exact-duplicate" and ".json" not in row[2]
        ]
    assert groups
    assert all(set(group) in by_digest.values() for group in groups)


@pytest.mark.parametrize(
    "path, types",
    [
        ("Photos/Natur/panorama360.jpg", {"jpeg", "panorama"}),
        ("Photos/Écran (screenshots)/pythagoras.gif", {"gif", "animated"}),
        ("Photos/Écran (screenshots)/Screenshot 2019-05-21 at 10.45.52.png", {"png", "screenshot"}),
        ("formats/immich/samsung-one-ui-6.heic", {"heic", "live"}),
        ("Phone backup/misc/image-isom-avc1.jpg", {"jpeg", "live"}),
        ("Camera cards/Apple live photo/IMG_3589.HEIC", {"heic", "live"}),
        ("Camera cards/Apple live photo/IMG_3589.mov", {"video", "live"}),
        ("Camera cards/Apple live photo/IMG_3604.HEIC", {"heic"}),
        ("Camera cards/CANON_DC/DCIM/101CANON/CRW_0117.CRW", {"raw"}),
        ("Phone backup/misc/christmas.mp4", {"video"}),
        ("metadata-zoo/exiv2/Reagan.jxl", {"jxl"}),
        ("metadata-zoo/exiftool/FujiFilm.raf", {"raw"}),
    ],
)
def test_kinds_of_photo_are_told(facts: Facts, path: str, types: set[str]) -> None:
    assert set(facts[path].types) == types


@pytest.mark.parametrize(
    "path, moment, source",
    [
        ("Photos/Namen: seltsam/2018-04-12 19:24:49.jpg", "2018-04-12 19:24:49", "name"),
        ("Photos/Namen: seltsam/2015-02-04(1).jpg", "2015-02-04 00:00:00", "name"),
        ("Photos/Écran (screenshots)/telegram_2020-01-30_09-57-18.jpg", "2020-01-30 09:57:18", "name"),
        ("Google Takeout/edited/PXL_20231006_063000139~2.jpg", "2023-10-06 06:30:00", "sidecar"),
        ("Google Takeout/edited/PXL_20231006_063000139~2-edited.jpg", "2023-10-06 06:30:00", "sidecar"),
        ("Photos/2020 Selfies 😀/1.jpg", "2020-01-01 00:00:00", "folder"),
        ("Camera cards/Apple live photo/IMG_3589.mov", "2020-04-17 10:03:47", "container"),
        ("metadata-zoo/immich/dates/gps-datetime.jpg", "2023-11-15 12:30:00", "gps"),
        ("metadata-zoo/immich/dates/date-priority-test.jpg", "2023-02-02 02:00:00", "exif"),
        ("metadata-zoo/exiv2/Canon-R6-pruned.CR3", "2021-05-12 12:21:21", "exif"),
        ("metadata-zoo/exiftool/FujiFilm.raf", "2007-05-22 13:58:30", "exif"),
    ],
)
def test_dates_come_from_where_they_stand(facts: Facts, path: str, moment: str, source: str) -> None:
    metadata = facts[path]
    assert metadata.taken is not None
    assert (wall_clock(metadata).strftime("%Y-%m-%d %H:%M:%S"), metadata.taken.source) == (moment, source)


def test_words_of_people_are_found(facts: Facts) -> None:
    assert set(facts["Photos/Natur/keywords.jpg"].tags) >= {"cactus", "sonne"}
    assert facts["metadata-zoo/immich/tags/picasa.jpg"].tags == ("Frost", "Yard")
    assert facts["Photos/Tiere/ladybug.jpg"].title == "Ladybug"
    assert facts["Photos/Tiere/ladybug.jpg"].rating is not None


def test_what_is_live_moves_is_wide_or_a_screen_is_told_and_nothing_else(facts: Facts) -> None:
    found = {
        name: {path.rpartition("/")[2] for path, metadata in facts.items() if name in metadata.types}
        for name in ("live", "animated", "panorama", "screenshot")
    }
    assert found == {
        "live": {"IMG_3589.HEIC", "IMG_3589.mov", "IMG_5195.HEIC", "image-isom-avc1.jpg", "samsung-one-ui-6.heic"},
        "animated": {"pythagoras.gif"},
        "panorama": {"flash.jpg", "panorama360.jpg"},
        "screenshot": {"screenshot.png", "Screenshot 2019-05-21 at 10.45.52.png"},
    }


TAKEOUT1 = "Google Takeout/Takeout1/Google Photos/Album test 6-10-23/"
SAID_BY_TAKEOUT = {
    TAKEOUT1 + "PXL_20231006_063851485.jpg": {"caption": "Description from goggle photos", "rating": 5},
    TAKEOUT1 + "PXL_20231006_063000139.jpg": {"latitude": 48.8583736, "albums": ("Album test 6/10/23",)},
    TAKEOUT1 + "PXL_20231006_063909898.LS.mp4": {"albums": ("Album test 6/10/23",)},
    "Google Takeout/Takeout2/Google Photos/Photos from 2023/PXL_20231006_063528961.jpg": {"albums": (), "rating": None},
    "Google Takeout/Takeout2/Google Photos/Sans titre(9)/PXL_20231006_063108407.jpg": {"albums": ()},
    "Google Takeout/edited/PXL_20231006_063000139~2-edited.jpg": {"latitude": 48.8583736},
}


def test_google_takeout_is_understood(facts: Facts) -> None:
    for path, said in SAID_BY_TAKEOUT.items():
        assert {name: getattr(facts[path], name) for name in said} == said, path
    assert not any("sidecar" in problem for metadata in facts.values() for problem in metadata.problems)


def test_every_json_of_google_takeout_speaks_of_something(rows: Rows) -> None:
    folders: dict[str, list[bytes]] = {}
    for path in rows:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(os.fsencode(name))
    jsons = [path for path, row in rows.items() if row["format"] == "JSON"]
    assert len(jsons) > 15
    for path in jsons:
        folder, _, name = path.rpartition("/")
        siblings = folders[folder]
        spoken_of = [photo for photo in siblings if os.fsencode(name) in sidecar_names(photo, siblings)]
        assert spoken_of or describes_album(os.fsencode(name)), path
    for path, row in rows.items():
        folder, _, name = path.rpartition("/")
        if path.startswith("Google Takeout") and row["kind"] != "sidecar":
            assert sidecar_names(os.fsencode(name), folders[folder]), path


def test_a_still_and_its_film_share_an_id(facts: Facts) -> None:
    folder = "Camera cards/Apple live photo/"
    assert facts[folder + "IMG_3589.HEIC"].live_id == "1EA799FF-8384-4BC4-87AA-139A814D9125"
    assert facts[folder + "IMG_3589.mov"].live_id == "1EA799FF-8384-4BC4-87AA-139A814D9125"
    assert facts[folder + "IMG_3604.HEIC"].live_id is None


def test_marked_faces_are_where_they_are_seen_however_the_picture_is_stored(facts: Facts) -> None:
    folder = "faces/xmp-regions/"
    upright, on_its_side = facts[folder + "portrait.jpg"], facts[folder + "portrait-orientation-6.jpg"]
    assert [region.name for region in upright.regions] == ["Marie Curie", "Pierre Curie"]
    assert (upright.orientation, on_its_side.orientation) == (1, 6)
    for seen, turned in zip(upright.regions, on_its_side.regions, strict=True):
        assert turned.name == seen.name
        for side in ("left", "top", "width", "height"):
            assert getattr(turned, side) == pytest.approx(getattr(seen, side), abs=2e-6)


def test_exifread_finds_no_date_that_we_miss(test_data: Path, facts: Facts) -> None:
    compared = 0
    for path, metadata in facts.items():
        if metadata.format not in {"jpeg", "tiff", "nef", "dng", "png"}:
            continue
        with (test_data / path).open("rb") as file:
            try:
                text = str(
                    exifread.process_file(file, details=False, extract_thumbnail=False).get("EXIF DateTimeOriginal", "")
                )
            except Exception:  # noqa: BLE001, S112 - what crafted files do to it is why we don't use it
                continue
        if text[:4].isdigit() and text[:4] != "0000":
            compared += 1
            assert wall_clock(metadata).strftime("%Y:%m:%d %H:%M:%S") == text[:19], path
    assert compared > 80


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump(read_folder(Path(sys.argv[1])), sys.stdout)
