"""The log of changes: followers see every change, and nothing is trimmed that one of them still needs."""

from __future__ import annotations

import pytest

from photofsd.store import changes
from photofsd.store.env import Store
from photofsd.types import AssetId
from tests.component.store_kit import add_photo, root, tag


@pytest.fixture
def logged(store: Store) -> Store:
    """Changes 1..5, of photos 1, 2, 1, 2, 1."""
    with store.write() as txn:
        for name in (b"a.jpg", b"b.jpg"):
            add_photo(txn, root(txn), name)
    for number, photo in enumerate((1, 2, 1)):
        with store.write() as txn:
            tag(txn, AssetId(photo), f"tag {number}")
    return store


def _since(store: Store, sequence: int, limit: int = 100) -> list[tuple[int, AssetId]]:
    with store.read() as txn:
        return list(changes.since(txn, sequence, limit))


def test_a_follower_gets_what_is_above_its_mark_oldest_first(logged: Store) -> None:
    assert _since(logged, 0) == [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1)]
    assert _since(logged, 3) == [(4, 2), (5, 1)]
    assert _since(logged, 1, limit=2) == [(2, 2), (3, 1)]
    assert _since(logged, 5) == []


def test_an_asset_is_logged_once_a_transaction_however_often_it_changed(logged: Store) -> None:
    with logged.write() as txn:
        tag(txn, AssetId(1), "red")
        tag(txn, AssetId(1), "blue")
    assert _since(logged, 5) == [(6, 1)]


def test_what_changes_nothing_is_not_logged(logged: Store) -> None:
    with logged.write() as txn:
        tag(txn, AssetId(1), "tag 2")
    assert _since(logged, 5) == []
    with logged.read() as txn:
        assert changes.sequence(txn) == 5


def test_a_watermark_is_kept_for_each_follower(logged: Store) -> None:
    with logged.write() as txn:
        changes.set_watermark(txn, "words", 3)
    with logged.read() as txn:
        assert (changes.watermark(txn, "words"), changes.watermark(txn, "vectors")) == (3, 0)


def test_what_all_followers_have_passed_is_trimmed(logged: Store) -> None:
    with logged.write() as txn:
        changes.set_watermark(txn, "words", 3)
        changes.set_watermark(txn, "vectors", 4)
        assert changes.trim(txn, keep=0) == 3
        assert changes.trim(txn, keep=0) == 0
    assert _since(logged, 0) == [(4, 2), (5, 1)]


def test_the_last_changes_are_kept_though_all_have_passed_them(logged: Store) -> None:
    with logged.write() as txn:
        assert changes.trim(txn, keep=2) == 3
        assert changes.trim(txn, keep=9) == 0
    assert [sequence for sequence, _ in _since(logged, 0)] == [4, 5]


def test_a_trim_is_done_in_transactions_of_a_bounded_size(logged: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "TRIM_MAX_ROWS", 2)
    with logged.write() as txn:
        assert [changes.trim(txn, keep=0) for _ in range(4)] == [2, 2, 1, 0]


def test_a_follower_that_is_given_up_holds_nothing_back(logged: Store) -> None:
    with logged.write() as txn:
        changes.set_watermark(txn, "gone", 0)
        assert changes.trim(txn, keep=0) == 0
        changes.forget_follower(txn, "gone")
        assert changes.trim(txn, keep=0) == 5


def test_who_comes_after_the_trim_is_told_that_it_has_missed_something(logged: Store) -> None:
    with logged.write() as txn:
        assert changes.is_complete_since(txn, 0)
        changes.trim(txn, keep=2)
        assert not changes.is_complete_since(txn, 2)
        assert changes.is_complete_since(txn, 3)
        changes.trim(txn, keep=0)
        assert not changes.is_complete_since(txn, 4)
        assert changes.is_complete_since(txn, 5)


def test_an_empty_log_is_complete(store: Store) -> None:
    with store.read() as txn:
        assert changes.is_complete_since(txn, 0)
        assert changes.sequence(txn) == 0
