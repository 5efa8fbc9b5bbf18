"""A file system that does not tell apart `Trip` and `trip`, as FAT and SMB servers do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.home import Home, all_known_files
from tests.faults.nas import Nas, nas
from tests.mount.photographer import Shot, take


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Nas]:
    with nas(tmp_path, folds=True) as one:
        for number in range(4):
            take(one.disk / "Trip" / "Deep" / f"IMG_{number}.JPG", Shot("2013:06:15 10:00:00", shade=number))
        take(one.disk / "Other" / "A.JPG", Shot(shade=50))
        take(one.disk / "Other" / "\u00c9t\u00e9.JPG", Shot(shade=51))
        yield one


def test_a_respelled_file_or_folder_is_known_once_and_not_read_again(make_home: Callable[..., Home], disk: Nas) -> None:
    home = make_home(disk.point)
    home.start()
    home.rest()
    assert home.done() == 6
    assert (disk.point / "trip" / "deep" / "img_0.jpg").exists(), "the file system folds case"
    (disk.disk / "Other" / "A.JPG").rename(disk.disk / "Other" / "a.jpg")
    (disk.disk / "Other" / "\u00c9t\u00e9.JPG").rename(disk.disk / "Other" / "e\u0301t\u00c9.jpg")
    (disk.disk / "Trip" / "Deep").rename(disk.disk / "Trip" / "DEEP")
    (disk.disk / "Trip").rename(disk.disk / "TRIP")
    for full in (False, True):
        assert home.scan(full=full)["problems"] == []
        home.rest()
        assert home.names("folders") == ["Other", "TRIP"]
        assert home.names("folders/TRIP") == ["DEEP"]
        assert home.names("folders/Other") == ["a.jpg", "e\u0301t\u00c9.jpg"]
        assert (home.health()["photos"], home.health()["files"], home.done()) == (6, 6, 6)
    assert (home.mount / "recent" / "A.JPG").read_bytes() == (disk.disk / "Other" / "a.jpg").read_bytes()
    home.end()
    on_disk = {bytes(disk.point / path.relative_to(disk.disk)) for path in disk.disk.rglob("*.[jJ]*")}
    assert all_known_files(home.state / "store") == on_disk
