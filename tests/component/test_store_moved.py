"""Folders that are moved: the tree says so at once, their photos are told in pieces, and nothing is wrong meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from photofsd.store import facets, moved, paths
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.writer import Writer
from photofsd.types import AssetId, DirId, Facet
from tests.component.store_kit import ROOT, add_photo, root, violations

PIECE = 2
SAFARI = DirId(2)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moved, "PIECE", PIECE)


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    with closing(Writer(store)) as writer:
        yield writer


@pytest.fixture
def photos(store: Store) -> list[AssetId]:
    """Six photos in Safari, in Safari/day 1 and in Safari/day 2, two in each."""
    with store.write() as txn:
        safari = paths.add_folder(txn, root(txn), b"Safari")
        folders = [safari, *(paths.add_folder(txn, safari, name) for name in (b"day 1", b"day 2"))]
        return [add_photo(txn, folder, name) for folder in folders for name in (b"a.jpg", b"b.jpg")]


def by_word(store: Store, word: bytes) -> list[int]:
    with store.read() as txn:
        return list(facets.bitmap(txn, Facet.WORD, b"f" + word))


def move(store: Store, name: bytes, folder: DirId = SAFARI) -> None:
    with store.write() as txn:
        assert moved.move_folder(txn, folder, root(txn), name)
    assert violations(store) == []


def are_all_told(store: Store) -> bool:
    with store.read() as txn:
        return not txn.count(Tables.MOVED)


def test_photos_are_told_in_pieces_and_the_tree_is_right_at_once(
    store: Store, writer: Writer, photos: list[AssetId]
) -> None:
    move(store, b"Kenya")
    assert (by_word(store, b"kenya"), by_word(store, b"safari")) == (photos[:PIECE], photos[PIECE:])
    assert by_word(store, b"day") == photos[PIECE:]
    with store.read() as txn:
        assert paths.folder_path(txn, DirId(3)) == ROOT + b"/Kenya/day 1"
    pieces = []

    def note() -> None:
        assert violations(store) == []
        pieces.append(len(by_word(store, b"safari")))

    moved.tell(store, writer, note)
    assert pieces == [2, 0]
    assert (by_word(store, b"kenya"), by_word(store, b"safari")) == (photos, [])
    assert are_all_told(store)


def test_telling_that_is_ended_goes_on_where_it_was(store: Store, writer: Writer, photos: list[AssetId]) -> None:
    def end() -> None:
        raise KeyError("no more")

    move(store, b"Kenya")
    with pytest.raises(KeyError):
        moved.tell(store, writer, end)
    assert by_word(store, b"kenya") == photos[: 2 * PIECE]
    moved.tell(store, writer, lambda: None)
    assert by_word(store, b"kenya") == photos
    assert are_all_told(store)


def test_what_comes_goes_and_changes_meanwhile_is_as_it_would_be_without(
    store: Store, writer: Writer, photos: list[AssetId]
) -> None:
    move(store, b"Kenya")
    with store.write() as txn:
        known = add_photo(txn, DirId(4), b"new.jpg")
        fresh = add_photo(txn, paths.add_folder(txn, SAFARI, b"day 3"), b"c.jpg")
        gone = paths.file_at(txn, DirId(3), b"a.jpg")
        left = paths.file_at(txn, DirId(4), b"a.jpg")
        assert gone is not None
        assert left is not None
        paths.remove_file(txn, gone.file)
        paths.move_file(txn, left.file, root(txn), b"elsewhere.jpg")
    assert violations(store) == []
    assert fresh in by_word(store, b"kenya")
    assert fresh not in by_word(store, b"safari")
    assert photos[4] not in by_word(store, b"safari")
    moved.tell(store, writer, lambda: None)
    assert by_word(store, b"kenya") == [photos[0], photos[1], photos[3], photos[5], known, fresh]
    assert by_word(store, b"safari") == []
    assert violations(store) == []


@pytest.mark.parametrize("again", [SAFARI, DirId(3), DirId(4)])
def test_a_move_that_follows_before_all_are_told_leaves_no_word_of_the_first(
    store: Store, writer: Writer, photos: list[AssetId], again: DirId
) -> None:
    move(store, b"Kenya")
    move(store, b"Tanzania", again)
    moved.tell(store, writer, lambda: None)
    assert by_word(store, b"safari") == []
    assert len(by_word(store, b"kenya")) + len(by_word(store, b"tanzania")) == len(photos)
    assert are_all_told(store)
    assert violations(store) == []


def test_a_moved_folder_that_goes_before_all_are_told_takes_the_move_along(
    store: Store, writer: Writer, photos: list[AssetId]
) -> None:
    assert photos
    move(store, b"Kenya")
    with store.write() as txn:
        paths.remove_folder(txn, SAFARI)
    assert are_all_told(store)
    assert violations(store) == []
    moved.tell(store, writer, lambda: None)
    assert by_word(store, b"kenya") == by_word(store, b"safari") == []


def test_a_move_of_a_folder_that_is_not_there_is_a_violation(store: Store, photos: list[AssetId]) -> None:
    assert photos
    move(store, b"Kenya")
    with store.write() as txn:
        (key,) = txn.keys(Tables.MOVED)
        txn.put(Tables.MOVED, b"\0\0\0\x63", txn.get(Tables.MOVED, key) or b"")
    assert violations(store) == ["I2 moved 99: there is no such folder"]
    with store.write() as txn:
        txn.delete(Tables.MOVED, b"\0\0\0\x63")
