"""Files that change, are replaced, vanish, come back, grow, lie twice, or are no files at all; before a real daemon."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.home import Home, queue_in
from tests.mount.photographer import Shot, take


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    """A daemon that watches a library of ten photos."""
    home = make_home()
    for number in range(10):
        take(home.folder / f"{number}.jpg", Shot("2013:06:15 10:00:00", shade=number))
    home.start()
    home.rest()
    return home


def test_a_photo_edited_in_place_stays_itself_and_moves_to_its_new_date(home: Home) -> None:
    inode = (home.mount / "recent" / "3.jpg").stat().st_ino
    fresh = home.folder / "fresh.tmp"
    take(fresh, Shot("2020:02:29 12:00:00", shade=100))
    with (home.folder / "3.jpg").open("r+b") as opened:
        opened.truncate()
        opened.write(fresh.read_bytes())
    home.until(lambda: home.names("by-date/2020/02/29") == ["3.jpg"])
    assert "3.jpg" not in home.names("by-date/2013/06/15")
    edited = home.mount / "recent" / "3.jpg"
    assert edited.stat().st_ino == inode
    assert edited.read_bytes() == fresh.read_bytes()
    home.end()


def test_a_photo_that_is_replaced_by_a_rename_over_it_stays_itself(home: Home) -> None:
    inode = (home.mount / "recent" / "3.jpg").stat().st_ino
    fresh = home.folder / ".3.jpg.part"
    take(fresh, Shot("2020:02:29 12:00:00", shade=100))
    fresh.rename(home.folder / "3.jpg")
    home.until(lambda: home.names("by-date/2020/02/29") == ["3.jpg"])
    assert (home.mount / "recent" / "3.jpg").stat().st_ino == inode
    assert home.health()["photos"] == 10
    home.end()


def test_a_photo_that_vanishes_and_comes_back_is_the_same_one(home: Home) -> None:
    inode = (home.mount / "recent" / "3.jpg").stat().st_ino
    content = (home.folder / "3.jpg").read_bytes()
    (home.folder / "3.jpg").unlink()
    home.until(lambda: "3.jpg" not in home.names())
    (home.folder / "elsewhere.jpg").write_bytes(content)
    home.until(lambda: "3.jpg" in home.names())
    assert (home.mount / "recent" / "3.jpg").stat().st_ino == inode
    assert "elsewhere.jpg" not in home.names()
    home.end()


def test_a_photo_that_comes_back_without_its_sidecar_says_only_what_it_says_itself(home: Home) -> None:
    sidecar = home.folder / "3.jpg.xmp"
    sidecar.write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    home.until(lambda: home.names("ratings/4") == ["3.jpg"])
    content = (home.folder / "3.jpg").read_bytes()
    (home.folder / "3.jpg").unlink()
    sidecar.unlink()
    home.until(lambda: "3.jpg" not in home.names())
    (home.folder / "3.jpg").write_bytes(content)
    home.until(lambda: "3.jpg" in home.names())
    home.rest()
    assert home.names("ratings") == []
    home.end()


def test_a_hard_link_and_a_copy_are_the_photo_once_more(home: Home) -> None:
    (home.folder / "link.jpg").hardlink_to(home.folder / "3.jpg")
    shutil.copy(home.folder / "3.jpg", home.folder / "copy.jpg")
    home.until(lambda: home.health()["files"] == 12)
    home.rest()
    assert home.health()["photos"] == 10
    assert len(home.names("duplicates/exact/3.jpg")) == 3
    (home.folder / "3.jpg").unlink()
    home.until(lambda: home.health()["files"] == 11)
    assert (home.mount / "recent" / "3.jpg").read_bytes() == (home.folder / "link.jpg").read_bytes()
    home.end()


def test_links_that_lead_in_circles_lead_nowhere(home: Home) -> None:
    (home.folder / "deep").mkdir()
    (home.folder / "deep" / "up").symlink_to("..")
    (home.folder / "itself").symlink_to("itself")
    (home.folder / "itself.jpg").symlink_to("itself.jpg")
    (home.folder / "3 again.jpg").symlink_to("3.jpg")
    take(home.folder / "deep" / "new.jpg", Shot(shade=99))
    home.until(lambda: "new.jpg" in home.names())
    assert home.scan(full=True)["problems"] == []
    assert (home.health()["photos"], home.health()["files"]) == (11, 11)
    assert home.names("folders/deep") == ["new.jpg"]
    home.end()


def test_a_file_that_grows_is_read_once_when_it_has_stopped(make_home: Callable[..., Home], tmp_path: Path) -> None:
    home = make_home(library__settle_s=2.0)
    home.start()
    home.rest()
    take(tmp_path / "whole.jpg", Shot("2013:06:15 10:00:00", shade=1))
    content = (tmp_path / "whole.jpg").read_bytes() + bytes(400)
    growing = home.folder / "growing.jpg"
    for end in range(100, len(content), len(content) // 12):
        with growing.open("ab") as opened:
            opened.write(content[growing.stat().st_size : end])
        time.sleep(0.4)
        assert home.names() == []
    with growing.open("ab") as opened:
        opened.write(content[growing.stat().st_size :])
    home.until(lambda: home.names() == ["growing.jpg"])
    assert (home.mount / "recent" / "growing.jpg").read_bytes() == content
    home.rest()
    home.end()
    assert queue_in(home.state / "store")["identify"] == (0, 1, 0)


def test_most_of_a_library_gone_at_once_is_kept_until_it_is_back(home: Home) -> None:
    away = home.folder.with_name("away")
    away.mkdir()
    for number in range(5):
        (home.folder / f"{number}.jpg").rename(away / f"{number}.jpg")
    home.until(lambda: any("more than 20 % at once" in line for line in home.health()["alerts"]))
    assert len(home.names()) == 10
    for number in range(5):
        (away / f"{number}.jpg").rename(home.folder / f"{number}.jpg")
    assert home.scan()["problems"] == []
    home.until(lambda: home.health()["state"] == "running")
    assert home.done() == 10
    home.end()
