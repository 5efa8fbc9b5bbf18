"""Folders and files as they come: replaced, nested by the thousand, with names and times that fit nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photofsd.store import assets, facets, moved, paths
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import DirId, Facet, FileId, Kind
from tests.component.store_kit import ROOT, add_file, add_photo, digest, folder_at, root

YEAR_S = 365 * 86_400


def test_a_folder_that_is_renamed_takes_the_words_of_its_photos_along(store: Store) -> None:
    with store.write() as txn:
        below = paths.add_folder(txn, paths.add_folder(txn, root(txn), b"Safari"), b"day 1")
        photo = add_photo(txn, below, b"a.jpg")
    with store.write() as txn:
        assert moved.move_folder(txn, DirId(2), root(txn), b"Kenya")
    with store.read() as txn:
        assert list(facets.bitmap(txn, Facet.WORD, b"fkenya")) == [photo]
        assert not facets.exists(txn, Facet.WORD, b"fsafari")
        assert paths.folder_path(txn, below) == ROOT + b"/Kenya/day 1"
        assert folder_at(txn, ROOT + b"/Kenya/day 1") == below


def test_a_folder_can_replace_the_one_that_it_lay_in(store: Store) -> None:
    with store.write() as txn:
        outer = paths.add_folder(txn, root(txn), b"a")
        inner = paths.add_folder(txn, outer, b"b")
        kept = add_photo(txn, inner, b"kept.jpg")
        add_photo(txn, outer, b"lost.jpg")
        assert moved.move_folder(txn, inner, root(txn), b"a")
        assert list(paths.children(txn, root(txn))) == [(b"a", inner)]
        assert paths.folder(txn, outer) is None
    with store.read() as txn:
        assert list(facets.live(txn)) == [kept]


def test_a_folder_is_moved_neither_into_itself_nor_into_nowhere(store: Store) -> None:
    with store.write() as txn:
        outer = paths.add_folder(txn, root(txn), b"a")
        inner = paths.add_folder(txn, outer, b"b")
        assert not moved.move_folder(txn, outer, inner, b"c")
        assert not moved.move_folder(txn, outer, outer, b"c")
        assert not moved.move_folder(txn, outer, DirId(77), b"c")
        assert not moved.move_folder(txn, root(txn), outer, b"c")
        assert not moved.move_folder(txn, DirId(77), outer, b"c")
        assert paths.folder_path(txn, inner) == ROOT + b"/a/b"


def test_a_file_that_is_renamed_over_another_replaces_it(store: Store) -> None:
    with store.write() as txn:
        first, second = (add_photo(txn, root(txn), name) for name in (b"a.jpg", b"b.jpg"))
        paths.move_file(txn, FileId(1), root(txn), b"b.jpg")
        assert [name for name, _ in paths.files_in(txn, root(txn))] == [b"b.jpg"]
    with store.read() as txn:
        assert list(facets.live(txn)) == [first]
        gone = assets.asset(txn, second)
        assert gone is not None
        assert gone.files == ()


def test_a_path_that_appears_twice_is_one_file(store: Store) -> None:
    """Two scans, or a scan and a watch, may both have seen that it is new."""
    with store.write() as txn:
        photo = add_photo(txn, root(txn), b"a.jpg")
        assert paths.add_file(txn, root(txn), b"a.jpg", FileStat(5, 6, 7), Kind.IMAGE) == 1
        record = paths.file(txn, FileId(1))
        assert record is not None
        assert (record.size, record.mtime_ns, record.inode, record.asset) == (5, 6, 7, photo)


def test_nothing_is_added_to_a_folder_that_is_gone(store: Store) -> None:
    with store.write() as txn:
        gone = paths.add_folder(txn, root(txn), b"a")
        file = add_file(txn, root(txn), b"a.jpg")
        paths.remove_folder(txn, gone)
        with pytest.raises(LookupError, match="no folder 2"):
            add_file(txn, gone, b"a.jpg")
        with pytest.raises(LookupError, match="no folder 2"):
            paths.add_folder(txn, gone, b"b")
        with pytest.raises(LookupError, match="no folder 2"):
            paths.move_file(txn, file, gone, b"a.jpg")


def test_folders_nested_by_the_thousand_are_removed(store: Store) -> None:
    with store.write() as txn:
        top = folder = paths.add_folder(txn, root(txn), b"d")
        for _ in range(2000):
            folder = paths.add_folder(txn, folder, b"d")
        add_photo(txn, folder, b"a.jpg")
        paths.remove_folder(txn, top)
        assert txn.count(Tables.DIRS) == 1


def test_a_library_is_removed_with_its_root_however_long_its_path(store: Store) -> None:
    long = b"/" + b"/".join([b"x" * 200] * 4)
    with store.write() as txn:
        other = paths.add_library(txn, long)
        add_photo(txn, other.dir, b"a.jpg")
        root(txn)
        paths.remove_folder(txn, other.dir)
        assert [library.path for library in paths.libraries(txn)] == [ROOT]


@pytest.mark.parametrize("length", [255, 256, 511, 765])
def test_names_longer_than_a_key_are_told_apart(store: Store, length: int) -> None:
    """Network file systems have names of 255 characters, of up to three bytes each."""
    names = sorted(b"x" * (length - 5) + b"%d.jpg" % number for number in range(1, 3))
    with store.write() as txn:
        folders = [paths.add_folder(txn, root(txn), name) for name in names]
        photos = [add_photo(txn, folders[0], name) for name in names]
        assert dict(paths.children(txn, root(txn))) == dict(zip(names, folders, strict=True))
        assert {name: row.file for name, row in paths.files_in(txn, folders[0])} == {names[0]: 1, names[1]: 2}
        assert paths.child(txn, root(txn), names[1]) == folders[1]
        at = paths.file_at(txn, folders[0], names[1])
        assert at is not None
        assert at.file == 2
        for photo in photos:
            record = assets.asset(txn, photo)
            assert record is not None
            assert len(record.name) <= 255
            assert record.name.endswith(b".jpg")
            assert assets.named(txn, record.name) == photo
        paths.move_file(txn, FileId(1), root(txn), names[0])
        paths.remove_folder(txn, folders[0])
        assert txn.count(Tables.PATHS) == txn.count(Tables.CHILDREN) == 1


def test_a_name_that_no_row_can_have_is_simply_not_there(store: Store) -> None:
    with store.write() as txn:
        assert paths.child(txn, root(txn), b"x" * 4000) is None
        assert assets.named(txn, b"x" * 4000) is None
        assert assets.named(txn, b"") is None


@pytest.mark.parametrize("year", [-5000, 1500, 1900, 2300, 9999, 200_000])
def test_files_from_times_beyond_the_clock_are_stored_and_known_again(store: Store, year: int) -> None:
    instant_ns = (year - 1970) * YEAR_S * 10**9
    stat = FileStat(1, instant_ns, 2)
    with store.write() as txn:
        file = paths.add_file(txn, root(txn), b"a.jpg", stat, Kind.IMAGE)
        paths.set_listed(txn, root(txn), mtime_ns=instant_ns, dev=1)
        assert assets.identify(txn, file, digest("a"), now_ns=1) == 1
        row = paths.file_at(txn, root(txn), b"a.jpg")
        assert row is not None
        assert row[1:] == FileStat(1, instant_ns, 2)
    with store.read() as txn:
        shown = txn.get(Tables.ROWS, U32.pack(1))
        assert shown is not None
        assert ASSET_ROW.unpack(shown[: ASSET_ROW.size])[1] == stat.mtime_ns


def test_what_a_real_file_says_of_its_time_can_be_stored(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.touch()
    os.utime(file, (0, 2**33))
    status = file.stat()
    with store.write() as txn:
        stat = FileStat(status.st_size, status.st_mtime_ns, status.st_ino)
        paths.add_file(txn, root(txn), b"a.jpg", stat, Kind.IMAGE)


def test_a_library_may_be_the_whole_file_system(store: Store) -> None:
    with store.write() as txn:
        top = paths.add_library(txn, b"/").dir
        file = paths.file(txn, add_file(txn, top, b"a.jpg"))
        below = paths.add_folder(txn, top, b"x")
        assert paths.folder_path(txn, top) == b"/"
        assert paths.folder_path(txn, below) == b"/x"
        assert file is not None
        assert paths.file_path(txn, file) == b"/a.jpg"
        assert folder_at(txn, b"/x") == below
        assert paths.folder_path(txn, DirId(77)) == b""


def test_a_photo_whose_last_file_goes_comes_back_with_its_name_and_facts(store: Store) -> None:
    with store.write() as txn:
        photo = add_photo(txn, root(txn), b"a.jpg", "content")
        paths.remove_file(txn, FileId(1))
    with store.write() as txn:
        other = add_photo(txn, root(txn), b"a.jpg", "something else")
        assert add_photo(txn, root(txn), b"b.jpg", "content") == photo
        names = [record.name for number in (photo, other) if (record := assets.asset(txn, number)) is not None]
        assert names == [b"a.jpg", b"a~2.jpg"]
