"""What every view shows, on the nodes and through a real mount: the same suite twice."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mount.photographer import Shot, take
from tests.mount.walker import Walker, walking_mount, walking_nodes

EOS = ("Canon", "Canon EOS 7D")
AREZZO = (43.4633, 11.8796)
SEA = (0.0, -30.0)
ODD = {
    "newline": b"line\nbreak.jpg",
    "not UTF-8": b"caf\xe9.jpg",
    "emoji": "😀.jpg".encode(),
    "255 bytes": b"x" * 251 + b".jpg",
}


def fill(folder: Path) -> None:
    """A small library with one of everything."""
    italy = folder / "2013 Tuscany"
    take(italy / "first.jpg", Shot("2013:06:15 10:00:00", "+02:00", EOS, "EF50mm f/1.8 II", AREZZO, 5, ["beach"]))
    take(italy / "second.jpg", Shot("2013:06:15 11:00:00", camera=EOS, gps=AREZZO, tags=["beach", "sea"], shade=1))
    take(folder / "2014" / "eve.jpg", Shot("2014:12:24 18:00:00", camera=("NIKON", "NIKON D70"), shade=2))
    take(folder / "2014" / "sunset beach.jpg", Shot("2014:06:15 21:00:00", gps=SEA, rating=3, shade=3))
    take(folder / "twins" / "a" / "IMG_0001.jpg", Shot("2016:01:01 00:00:00", shade=6))
    take(folder / "twins" / "b" / "IMG_0001.jpg", Shot("2016:01:01 00:00:01", shade=7))
    take(folder / "1919" / "old.jpg", Shot("1919:05:04 05:59:26", "+00:00", shade=4))
    take(folder / "scans" / "undated.jpg", Shot(shade=5))
    for number, name in enumerate(ODD.values()):
        take(os.fsencode(folder / "odd") + b"/" + name, Shot("2015:01:02 03:04:05", shade=10 + number))
    (folder / "copies").mkdir()
    shutil.copy(italy / "first.jpg", folder / "copies" / "first.jpg")
    (italy / "second.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    (folder / "@eaDir").mkdir()
    take(folder / "@eaDir" / "thumb.jpg", Shot(shade=99))
    (folder / "notes.txt").write_text("no photo")


@pytest.fixture(scope="module", params=["nodes", "mount"])
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walker]:
    place = tmp_path_factory.mktemp(request.param)
    folder = place / "library"
    folder.mkdir()
    fill(folder)
    if request.param == "nodes":
        with walking_nodes(folder, place / "state") as walker:
            yield walker
    else:
        with walking_mount(folder, place / "state", place / "photos") as walker:
            yield walker


def test_indexers_find_in_the_root_and_nowhere_else_what_keeps_them_out(tree: Walker) -> None:
    assert tree.read(b".trackerignore") == b""
    assert b".trackerignore" not in tree.names(b"by-date") + tree.names(b"jpeg")


def test_the_root_shows_every_view(tree: Walker) -> None:
    promised = (
        b"by-date on-this-day recent people places cameras lenses types ratings tags albums duplicates similar search"
        b" folders jpeg .photofsd"
    )
    assert set(promised.split()) <= set(tree.names(b""))


def test_photos_stand_under_the_day_they_were_taken(tree: Walker) -> None:
    assert sorted(tree.names(b"by-date/2013/06/15")) == [b"first.jpg", b"second.jpg"]
    assert sorted(tree.names(b"by-date")) == [b"1919", b"2013", b"2014", b"2015", b"2016", b"undated"]


def test_all_gathers_a_month_and_a_year(tree: Walker) -> None:
    assert sorted(tree.names(b"by-date/2014")) == [b"06", b"12", b"all"]
    assert sorted(tree.names(b"by-date/2014/all")) == [b"eve.jpg", b"sunset beach.jpg"]
    assert tree.names(b"by-date/2014/06/all") == [b"sunset beach.jpg"]


def test_a_photo_without_a_date_is_undated_and_not_under_its_file_time(tree: Walker) -> None:
    assert tree.names(b"by-date/undated") == [b"undated.jpg"]


def test_a_name_that_is_taken_gets_a_number_and_is_the_same_in_every_view(tree: Walker) -> None:
    twins = [b"IMG_0001.jpg", b"IMG_0001~2.jpg"]
    assert sorted(tree.names(b"by-date/2016/01/01")) == twins
    assert set(twins) <= set(tree.names(b"recent"))
    originals = {(tree.folder / "twins" / name / "IMG_0001.jpg").read_bytes() for name in "ab"}
    assert {tree.read(b"recent/" + name) for name in twins} == originals
    assert tree.names(b"folders/twins/b") == [b"IMG_0001.jpg"]


def test_folders_shows_the_names_as_they_are_without_what_is_pruned(tree: Walker) -> None:
    assert sorted(tree.names(b"folders")) == [b"1919", b"2013 Tuscany", b"2014", b"copies", b"odd", b"scans", b"twins"]
    assert sorted(tree.names(b"folders/2014")) == [b"eve.jpg", b"sunset beach.jpg"]
    assert sorted(tree.names(b"folders/2013 Tuscany")) == [b"first.jpg", b"second.jpg", b"second.xmp"]


def test_one_photo_has_one_inode_in_every_view(tree: Walker) -> None:
    ways = [
        b"by-date/2013/06/15/first.jpg",
        b"by-date/2013/all/first.jpg",
        b"cameras/Canon EOS 7D/first.jpg",
        b"folders/2013 Tuscany/first.jpg",
        b"folders/copies/first.jpg",
        b"search/beach/first.jpg",
    ]
    assert len({tree.inode(way) for way in ways}) == 1


def test_the_time_of_a_photo_is_when_it_was_taken(tree: Walker) -> None:
    taken = dt.datetime(2013, 6, 15, 8, 0, tzinfo=dt.UTC)
    assert tree.mtime_ns(b"recent/first.jpg") == int(taken.timestamp()) * 10**9
    long_ago = dt.datetime(1919, 5, 4, 5, 59, 26, tzinfo=dt.UTC)
    assert tree.mtime_ns(b"recent/old.jpg") == int(long_ago.timestamp()) * 10**9


@pytest.mark.parametrize("name", ODD.values(), ids=ODD.keys())
def test_odd_names_are_listed_and_read(tree: Walker, name: bytes) -> None:
    assert name in tree.names(b"by-date/2015/01/02")
    original = Path(os.fsdecode(os.fsencode(tree.folder) + b"/odd/" + name)).read_bytes()
    assert tree.read(b"by-date/2015/01/02/" + name) == original
    assert tree.read(b"folders/odd/" + name) == original


def test_cameras_lenses_types_tags_and_ratings_are_folders(tree: Walker) -> None:
    assert sorted(tree.names(b"cameras")) == [b"Canon EOS 7D", b"Nikon D70"]
    assert tree.names(b"lenses") == ["EF50mm f\u22151.8 II".encode()]
    assert tree.names(b"types") == [b"jpeg"]
    assert sorted(tree.names(b"tags")) == [b"beach", b"sea"]
    assert tree.names(b"ratings/5") == [b"first.jpg"]


def test_places_go_from_country_to_town_and_the_open_sea_is_nowhere(tree: Walker) -> None:
    assert tree.names(b"places") == [b"Italy"]
    assert sorted(tree.names(b"places/Italy")) == [b"Tuscany", b"all"]
    assert sorted(tree.names(b"places/Italy/Tuscany/Arezzo")) == [b"first.jpg", b"second.jpg"]
    assert sorted(tree.names(b"places/Italy/all")) == [b"first.jpg", b"second.jpg"]


def test_recent_shows_the_last_first(tree: Walker) -> None:
    names = tree.names(b"recent")
    assert len(names) == 12
    ids = [json.loads(tree.read(b".photofsd/photos/" + name + b".json"))["id"] for name in names if name.isascii()]
    assert ids == sorted(ids, reverse=True)


def test_copies_appear_once_in_views_and_each_in_duplicates(tree: Walker) -> None:
    assert tree.names(b"recent").count(b"first.jpg") == 1
    assert tree.names(b"duplicates/exact") == [b"first.jpg"]
    copies = sorted(tree.names(b"duplicates/exact/first.jpg"))
    assert copies == ["2013 Tuscany\u2215first.jpg".encode(), "copies\u2215first.jpg".encode()]
    assert tree.read(b"duplicates/exact/first.jpg/" + copies[1]) == (tree.folder / "copies/first.jpg").read_bytes()


def test_any_folder_of_photos_can_be_narrowed_by_any_view(tree: Walker) -> None:
    assert tree.names(b"cameras/Canon EOS 7D/+ratings") == [b"5"]
    assert tree.names(b"by-date/2013/all/+search/sea") == [b"second.jpg"]
    assert tree.names(b"tags/beach/+by-date/2013/06/15/+ratings/5") == [b"first.jpg"]
    assert tree.names(b"search/beach/+by-date/2014/all") == [b"sunset beach.jpg"]
    assert tree.names(b"by-date/2014/+cameras") == [b"Nikon D70"]
    assert tree.names(b"by-date/2014/06/15/+folders") == [b"2014"]
    assert sorted(tree.names(b"folders/twins/+by-date/2016/01/01")) == [b"IMG_0001.jpg", b"IMG_0001~2.jpg"]
    assert tree.names(b"folders/2013 Tuscany/+tags/sea") == [b"second.jpg"]
    assert tree.names(b"folders/+ratings/3") == [b"sunset beach.jpg"]
    assert tree.names(b"duplicates/exact/first.jpg/+ratings") == [b"5"]
    assert not any(name.startswith(b"+") for name in tree.names(b"by-date/2013/all"))


def test_a_folder_of_folders_is_narrowed_to_what_stands_in_them(tree: Walker) -> None:
    assert sorted(tree.names(b"ratings/+by-date")) == [b"2013", b"2014"]
    assert tree.names(b"places/+cameras") == [b"Canon EOS 7D"]
    assert sorted(tree.names(b"tags/+by-date")) == [b"2013"]
    assert sorted(tree.names(b"cameras/+by-date")) == [b"2013", b"2014"]
    assert tree.names(b"lenses/+ratings") == [b"5"]
    assert tree.names(b"on-this-day/+by-date") == tree.names(b"on-this-day")
    with pytest.raises(FileNotFoundError):
        tree.is_folder(b"search/+by-date")


def test_narrowing_ends_at_a_depth_that_nobody_needs(tree: Walker) -> None:
    deepest = b"tags" + b"/+tags" * 30 + b"/+search/sea/+by-date"
    assert tree.names(deepest) == [b"2013"]
    with pytest.raises(FileNotFoundError):
        tree.is_folder(deepest + b"/+cameras")
    assert len(tree.names(b"cameras/Canon EOS 7D" + b"/+cameras/Canon EOS 7D" * 32)) == 2
    assert tree.names(b"search" + b"/beach/+search" * 32 + b"/sea") == [b"second.jpg"]


def test_a_photo_outside_a_folder_is_not_found_in_it(tree: Walker) -> None:
    for path in (b"by-date/2014/all/second.jpg", b"search/beach/old.jpg", b"tags/sea/+search/beach/first.jpg"):
        with pytest.raises(FileNotFoundError):
            tree.inode(path)


def test_search_lists_the_best_first(tree: Walker) -> None:
    found = tree.names(b"search/beach")
    assert set(found) == {b"first.jpg", b"second.jpg", b"sunset beach.jpg"}
    assert tree.names(b"search/.ranked/beach") == [b"%03d~%b" % (i, name) for i, name in enumerate(found, 1)]
    assert tree.inode(b"search/.ranked/beach/001~" + found[0]) == tree.inode(b"recent/" + found[0])
    for absent in (b"000~" + found[0], b"001~" + found[1], b"1~" + found[0], b"009~x", b"~" + found[0], found[0]):
        with pytest.raises(FileNotFoundError):
            tree.inode(b"search/.ranked/beach/" + absent)


def test_a_name_that_leaves_no_room_for_its_rank_is_cut(tree: Walker) -> None:
    [ranked] = tree.names(b"search/.ranked/name:x*")
    assert ranked == b"001~" + b"x" * 247 + b".jpg"
    assert tree.inode(b"search/.ranked/name:x*/" + ranked) == tree.inode(b"recent/" + ODD["255 bytes"])


def test_search_understands_filters(tree: Walker) -> None:
    assert tree.names(b"search/beach year:2014") == [b"sunset beach.jpg"]
    assert sorted(tree.names(b'search/camera:"EOS 7D" -rating:>=4')) == [b"second.jpg"]
    assert tree.names(b"search/place:arezzo tag=sea") == [b"second.jpg"]
    assert tree.names(b"search/christmas") == [b"eve.jpg"]


def test_a_query_that_cannot_be_parsed_is_an_invalid_argument(tree: Walker) -> None:
    with pytest.raises(OSError, match="Invalid argument") as caught:
        tree.names(b"search/((")
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("probe", [b".hidden", b".directory", b"desktop.ini", b"first.jpg.xmp", b".Trash-1000"])
def test_names_that_programs_probe_for_are_no_searches(tree: Walker, probe: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        tree.is_folder(b"search/" + probe)
    assert probe not in tree.names(b"search")


def test_mkdir_keeps_a_search_and_rmdir_forgets_it(tree: Walker) -> None:
    tree.mkdir(b"search/tag:sea")
    assert b"tag:sea" in tree.names(b"search")
    with pytest.raises(FileExistsError):
        tree.mkdir(b"search/tag:sea")
    tree.rmdir(b"search/tag:sea")
    assert b"tag:sea" not in tree.names(b"search")


@pytest.mark.parametrize("folder", [b"search", b"tags/+search"])
@pytest.mark.parametrize("length", [256, 600, 1000])
def test_a_search_that_is_too_long_for_a_name_is_opened_but_not_kept(tree: Walker, folder: bytes, length: int) -> None:
    query = folder + b"/" + b"beach ".ljust(length, b"h")
    with pytest.raises(OSError, match="too long") as caught:
        tree.mkdir(query)
    assert caught.value.errno == errno.ENAMETOOLONG
    assert tree.names(query) == []


def test_a_search_that_was_looked_at_can_still_be_kept(tree: Walker) -> None:
    tree.names(b"search/rating:3")
    tree.mkdir(b"search/rating:3")
    tree.rmdir(b"search/rating:3")


def test_what_was_searched_is_listed(tree: Walker) -> None:
    tree.names(b"search/nothing fits this")
    tree.names(b"search/beach sunset")
    for _ in range(100):
        if b"beach sunset" in tree.names(b"search"):
            assert b"nothing fits this" not in tree.names(b"search")
            return
        time.sleep(0.05)
    pytest.fail("the search is not listed after five seconds")


def test_views_without_data_exist_and_are_empty(tree: Walker) -> None:
    for path in (b"albums", b"people/unknown", b"people/hidden"):
        assert tree.names(path) == []
    assert tree.names(b"similar/first.jpg") == []


def test_jpeg_shows_the_same_folders_and_leaves_jpegs_as_they_are(tree: Walker) -> None:
    assert set(tree.names(b"jpeg")) == set(tree.names(b"")) - {b"jpeg", b".photofsd", b".trackerignore"}
    for path in (b"by-date/2013/06/15", b"folders/odd", b"cameras/Canon EOS 7D/+ratings/5", b"search/beach"):
        assert tree.names(b"jpeg/" + path) == tree.names(path)
    assert tree.inode(b"jpeg/recent/first.jpg") == tree.inode(b"recent/first.jpg")
    assert tree.read(b"jpeg/recent/first.jpg") == tree.read(b"recent/first.jpg")


def test_a_photo_tells_all_that_is_known_of_it(tree: Walker) -> None:
    facts = json.loads(tree.read(b".photofsd/photos/first.jpg.json"))
    assert facts["name"] == "first.jpg"
    assert len(facts["paths"]) == 2
    assert facts["metadata"]["camera"] == "Canon EOS 7D"
    assert facts["place"]["city"] == "Arezzo"
    assert (facts["look"]["width"], facts["look"]["height"]) == (32, 24)
    assert re.fullmatch("[0-9a-f]{16}", facts["look"]["phash"])
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in facts["look"]["colours"])
    assert tree.names(b".photofsd/photos") == []


def test_the_readme_names_every_view(tree: Walker) -> None:
    readme = tree.read(b".photofsd/README")
    assert all(b"/" + name in readme for name in tree.names(b"") if not name.startswith(b"."))


@pytest.mark.parametrize("path", [b"by-date/2013/06/15/first.jpg", b"folders/2014/eve.jpg"])
def test_originals_cannot_be_removed(tree: Walker, path: bytes) -> None:
    with pytest.raises(OSError, match="Read-only") as caught:
        tree.unlink(path)
    assert caught.value.errno == errno.EROFS
    assert tree.read(path)


def test_folders_cannot_be_made_where_they_mean_nothing(tree: Walker) -> None:
    with pytest.raises(OSError, match="Read-only"):
        tree.mkdir(b"by-date/2031")
