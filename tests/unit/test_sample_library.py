"""The sample library: the same for the same seed, and every file says what the plan says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import exifread
import pytest
from defusedxml import ElementTree
from PIL import ExifTags, Image, ImageChops, ImageOps, ImageStat, IptcImagePlugin

from contrib.sample_library.files import write_copy, write_shot
from contrib.sample_library.plan import Plan, make_plan
from contrib.sample_library.scenes import SCENES
from contrib.sample_library.shot import Keep, Shot

CHECKOUT = Path(__file__).parents[2]
TODAY = dt.date(2025, 11, 20)
SEED = 1
FORMATS = {"jpg", "jpeg", "png", "tif", "tiff", "webp", "heic", "gif", "bmp", "avif", "dng"}
SMALL = (96, 72)

Write = Callable[[Shot], Path]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(SEED, TODAY)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a shot and returns where its file lies."""

    def write_one(shot: Shot) -> Path:
        write_shot(tmp_path, SEED, shot)
        return tmp_path / os.fsdecode(shot.path)

    return write_one


def some(plan: Plan, *, is_right: Callable[[Shot], object]) -> Shot:
    """The first shot that is right, small."""
    shot = next(shot for shot in plan.shots if is_right(shot))
    upright = shot.size[0] < shot.size[1]
    return dataclasses.replace(shot, size=SMALL[::-1] if upright else SMALL)


def test_plan_is_the_same_for_the_same_seed_and_day(plan: Plan) -> None:
    assert make_plan(SEED, TODAY) == plan
    assert make_plan(SEED + 1, TODAY) != plan


def test_plan_holds_some_three_hundred_photos_of_every_format_and_scene(plan: Plan) -> None:
    assert 280 <= len(plan.shots) <= 340
    assert {shot.extension for shot in plan.shots} == FORMATS
    assert {shot.scene for shot in plan.shots} == set(SCENES)


def test_no_two_files_of_the_plan_lie_at_the_same_path(plan: Plan) -> None:
    paths = [shot.path for shot in plan.shots] + [copy.path for copy in plan.copies]
    assert len(set(paths)) == len(paths)
    assert all(len(part) <= 255 for path in paths for part in path.split(b"/"))


def test_plan_has_what_the_views_are_about(plan: Plan) -> None:
    shots = plan.shots
    assert len({shot.camera.model for shot in shots if shot.camera}) >= 8
    assert len({shot.exposure.lens for shot in shots if shot.exposure}) >= 8
    assert {shot.words.rating for shot in shots} == {None, 1, 2, 3, 4, 5}
    assert {shot.words.keep for shot in shots if shot.words} == set(Keep)
    assert {shot.orientation for shot in shots} == set(range(1, 9))
    assert sum(shot.taken is None for shot in shots) >= 20
    assert sum(shot.place is not None for shot in shots) >= 100
    assert len({shot.taken.year for shot in shots if shot.taken}) >= 8
    assert len(plan.copies) >= 8


def test_some_beaches_at_sunset_say_so_neither_by_name_nor_by_words(plan: Plan) -> None:
    shots = [shot for shot in plan.shots if shot.scene == "beach at sunset" and not shot.words]
    assert len(shots) >= 3
    assert not any(word in shot.path.lower() for shot in shots for word in (b"beach", b"sunset", b"sea"))


@pytest.mark.parametrize("today", [TODAY, dt.date(2028, 2, 29), dt.date(2026, 1, 1)])
def test_some_photos_are_of_this_day_and_none_of_the_future(today: dt.date) -> None:
    days = [shot.taken.date() for shot in make_plan(SEED, today).shots if shot.taken]
    assert len({day.year for day in days if (day.month, day.day) == (today.month, today.day)}) >= 4
    assert max(days) <= today


@pytest.mark.parametrize("name", SCENES)
def test_scene_is_the_same_for_the_same_seed_and_another_for_another(name: str) -> None:
    first, again, other = (SCENES[name].draw(random.Random(seed), SMALL) for seed in (1, 1, 2))
    assert (first.mode, first.size) == ("RGB", SMALL)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert SCENES[name].words
    assert SCENES[name].captions


def test_scenes_can_be_drawn_upright_too() -> None:
    for scene in SCENES.values():
        assert scene.draw(random.Random(3), SMALL[::-1]).size == SMALL[::-1]


@pytest.mark.parametrize("extension", sorted(FORMATS))
def test_file_of_each_format_opens_and_is_the_same_when_drawn_again(extension: str, plan: Plan, write: Write) -> None:
    shot = some(plan, is_right=lambda shot: shot.extension == extension)
    first = write(shot).read_bytes()
    assert write(shot).read_bytes() == first
    with Image.open(write(shot)) as image:
        image.load()
        assert ImageOps.exif_transpose(image).size == shot.size


def test_exif_says_what_the_plan_says_to_two_readers(plan: Plan, write: Write) -> None:
    shot = some(
        plan, is_right=lambda shot: shot.extension == "jpg" and shot.place and shot.exposure and shot.has_offset
    )
    assert shot.taken is not None
    assert shot.camera is not None
    assert shot.place is not None
    assert shot.exposure is not None
    assert shot.exposure.lens is not None
    path = write(shot)
    with path.open("rb") as file:
        tags = exifread.process_file(file, details=False)
    assert str(tags["EXIF DateTimeOriginal"]) == f"{shot.taken:%Y:%m:%d %H:%M:%S}"
    assert str(tags["EXIF SubSecTimeOriginal"]) == f"{shot.taken.microsecond // 1000:03}"
    assert str(tags["EXIF OffsetTimeOriginal"]) in {"+01:00", "+02:00"}
    assert str(tags["EXIF LensModel"]) == shot.exposure.lens.name
    with Image.open(path) as image:
        exif = image.getexif()
        assert exif[ExifTags.Base.Model] == shot.camera.model
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    degrees, minutes, seconds = map(float, gps[ExifTags.GPS.GPSLatitude])
    assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(abs(shot.place.latitude), abs=1e-5)


@pytest.mark.parametrize("latitude, longitude, refs", [(-49.5, -72.9, "SW"), (64.1, -21.9, "NW"), (35.0, 135.8, "NE")])
def test_position_names_its_hemispheres(latitude: float, longitude: float, refs: str, plan: Plan, write: Write) -> None:
    shot = some(plan, is_right=lambda shot: shot.extension == "jpg" and shot.place)
    assert shot.place is not None
    place = dataclasses.replace(shot.place, latitude=latitude, longitude=longitude)
    with Image.open(write(dataclasses.replace(shot, place=place))) as image:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert gps[ExifTags.GPS.GPSLatitudeRef] + gps[ExifTags.GPS.GPSLongitudeRef] == refs


@pytest.mark.parametrize("extension", ["jpg", "heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_is_upright_once_its_orientation_is_applied(
    orientation: int, extension: str, plan: Plan, write: Write
) -> None:
    shot = some(plan, is_right=lambda shot: shot.extension == extension and shot.camera)
    path = b"turned." + extension.encode()
    shot = dataclasses.replace(shot, path=path, orientation=orientation, size=SMALL)
    with Image.open(write(shot)) as image:
        shown = ImageOps.exif_transpose(image).convert("RGB")
    drawn = SCENES[shot.scene].draw(random.Random(b"%d/%b" % (SEED, path)), SMALL)
    assert max(ImageStat.Stat(ImageChops.difference(shown, drawn)).mean) < 12


def test_embedded_words_are_found_by_xmp_and_iptc(plan: Plan, write: Write) -> None:
    shot = some(
        plan,
        is_right=lambda shot: (
            shot.extension == "jpg" and shot.words.keywords and shot.words.keep is Keep.EMBEDDED and shot.words.rating
        ),
    )
    with Image.open(write(shot)) as image:
        description = image.getxmp()["xmpmeta"]["RDF"]["Description"]
        iptc = IptcImagePlugin.getiptcinfo(image)
    assert description["Rating"] == str(shot.words.rating)
    assert iptc is not None
    keywords = iptc[2, 25]
    assert [word.decode() for word in ([keywords] if isinstance(keywords, bytes) else keywords)] == list(
        shot.words.keywords
    )


@pytest.mark.parametrize("keep, ending", [(Keep.SIDECAR, ".JPG.xmp"), (Keep.SIDECAR_BY_STEM, ".xmp")])
def test_words_in_a_sidecar_are_not_in_the_photo(keep: Keep, ending: str, plan: Plan, write: Write) -> None:
    shot = some(plan, is_right=lambda shot: shot.path.endswith(b".JPG") and shot.words.keywords)
    shot = dataclasses.replace(shot, words=dataclasses.replace(shot.words, keep=keep))
    path = write(shot)
    sidecar = path.with_name(path.stem + ending)
    items = ElementTree.parse(sidecar).getroot().iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")
    assert tuple(item.text for item in items)[: len(shot.words.keywords)] == shot.words.keywords
    with Image.open(path) as image:
        assert not image.getxmp()


def test_dng_holds_a_preview_and_a_mosaic(plan: Plan, write: Write) -> None:
    shot = some(plan, is_right=lambda shot: shot.extension == "dng")
    assert shot.camera is not None
    path = write(shot)
    with path.open("rb") as file:
        tags = exifread.process_file(file, details=False)
    assert str(tags["Image Model"]) == shot.camera.model
    assert str(tags["EXIF DateTimeOriginal"]) == f"{shot.taken:%Y:%m:%d %H:%M:%S}"
    with Image.open(path) as image:
        mosaic = image.getexif()[330]
    data = path.read_bytes()
    assert int.from_bytes(data[mosaic : mosaic + 2], "little") == 16  # tags of the raw picture
    assert len(data) > SMALL[0] * SMALL[1] * 2


def test_files_keep_their_own_times_and_copies_are_exact(plan: Plan, write: Write, tmp_path: Path) -> None:
    copy = plan.copies[0]
    shot = some(plan, is_right=lambda shot: shot.path == copy.of)
    source = write(shot)
    write_copy(tmp_path, copy)
    target = tmp_path / os.fsdecode(copy.path)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mtime == shot.stored_at.replace(tzinfo=dt.UTC).timestamp()


def test_command_refuses_a_folder_that_exists(tmp_path: Path) -> None:
    result = draw(tmp_path)
    assert result.returncode == 2
    assert "exists already" in result.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whole_library_is_drawn_small_enough(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    result = draw(folder)
    assert result.returncode == 0, result.stderr
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 300
    assert sum(path.stat().st_size for path in files) < 40_000_000
    assert not folder.with_name("library.drawing").exists()


def draw(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command that draws the library."""
    return subprocess.run(
        [sys.executable, "-m", "contrib.sample_library", folder, "--today", TODAY.isoformat()],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
