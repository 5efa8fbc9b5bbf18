"""Moves and renames: the photo is the same one, and nothing is read again; with the daemon running, and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.faults.home import Home, Known, lasting
from tests.mount.photographer import Shot, exif, take

MANY = 10_000


def what_stays(known: dict[bytes, Known]) -> dict[bytes, object]:
    """All that a move must not change."""
    return {content: (photo.asset, photo.name, photo.metadata, lasting(photo)) for content, photo in known.items()}


def rate(home: Home) -> float:
    """How much has been done in the last minute."""
    return sum(stage["rate_per_s"] for stage in home.health()["stages"].values())


def fill(folder: Path, count: int) -> None:
    """Photos with a tag's worth of EXIF, each with a content of its own."""
    folder.mkdir(parents=True)
    first = folder / "first.jpg"
    tags = exif(Shot("2013:06:15 10:00:00", camera=("Maker", "Model")))
    Image.new("RGB", (8, 8), (9, 9, 9)).save(first, "JPEG", exif=tags)
    content = first.read_bytes()
    first.unlink()
    for number in range(count):
        (folder / f"{number:05}.jpg").write_bytes(content + b"%05d" % number)


@pytest.mark.slow
def test_a_folder_of_ten_thousand_is_renamed_before_and_behind_the_daemon(make_home: Callable[..., Home]) -> None:
    home = make_home()
    fill(home.folder / "trips" / "2013", MANY)
    take(home.folder / "other.jpg", Shot(shade=1))
    home.start()
    home.rest()
    home.end()
    before = what_stays(home.known())
    assert len(before) == MANY + 1
    home.start()
    home.rest()
    inode = (home.mount / "folders" / "trips" / "2013" / "00007.jpg").stat().st_ino
    (home.folder / "trips" / "2013").rename(home.folder / "trips" / "seen")
    home.until((home.mount / "folders" / "trips" / "seen" / "00007.jpg").exists)
    assert home.done() == MANY + 1
    home.end()
    (home.folder / "trips").rename(home.folder / "unseen")
    home.start()
    home.rest()
    moved = home.mount / "folders" / "unseen" / "seen" / "00007.jpg"
    assert moved.stat().st_ino == inode
    assert len(home.names("by-date/2013/06/15")) == MANY
    assert rate(home) == 0, "something was read again"
    home.end()
    assert what_stays(home.known()) == before


@pytest.mark.parametrize("is_watching", [True, False], ids=["watching", "down"])
def test_files_and_folders_that_move_stay_the_photos_that_they_were(
    make_home: Callable[..., Home],
    is_watching: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    home = make_home()
    for number in range(20):
        shot = Shot("2013:06:15 10:00:00", shade=number, tags=("beach",), rating=number % 5 + 1)
        take(home.folder / str(number % 4) / f"{number:02}.jpg", shot)
    home.start()
    home.rest()
    home.end()
    before = what_stays(home.known())
    if is_watching:
        home.start()
        home.rest()
    (home.folder / "0" / "00.jpg").rename(home.folder / "0" / "renamed.jpg")
    (home.folder / "1" / "01.jpg").rename(home.folder / "2" / "01.jpg")
    (home.folder / "new" / "deep").mkdir(parents=True)
    (home.folder / "2" / "02.jpg").rename(home.folder / "new" / "deep" / "02.jpg")
    (home.folder / "3").rename(home.folder / "new" / "3")
    if not is_watching:
        home.start()
        home.rest()
    shown = home.mount / "folders"
    home.until(lambda: (shown / "new" / "3" / "03.jpg").exists() and (shown / "new" / "deep" / "02.jpg").exists())
    home.until(lambda: (shown / "0" / "renamed.jpg").exists() and (shown / "2" / "01.jpg").exists())
    home.rest()
    home.scan()
    assert home.done() == 20
    if not is_watching:
        assert rate(home) == 0, "something was read again"
    home.end()
    assert what_stays(home.known()) == before


def test_a_folder_that_leaves_for_the_other_library_takes_its_names_along(
    make_home: Callable[..., Home], tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for number in range(20):
        take(first / str(number % 10) / f"{number:02}.jpg", Shot(shade=number))
    take(second / "there.jpg", Shot(shade=77))
    home = make_home(first, second)
    home.start()
    home.rest()
    inode = (home.mount / "recent" / "03.jpg").stat().st_ino
    (first / "3").rename(second / "3")
    home.until((home.mount / "folders" / "second" / "3" / "03.jpg").exists)
    home.rest()
    home.until(lambda: not (home.mount / "folders" / "first" / "3").exists())
    assert (home.mount / "recent" / "03.jpg").stat().st_ino == inode
    assert home.health()["photos"] == 21
    home.end()
