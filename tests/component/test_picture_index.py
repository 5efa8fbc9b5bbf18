"""The index of what pictures show: answers as brute force does, from whatever state it is opened in."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from pyroaring import BitMap

from photofsd.config.schema import IndexSettings
from photofsd.index import exact, pictures, scan
from photofsd.store import changes
from tests.component.vector_kit import MODEL, Embedded, assert_right, directions, follow


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred photos are scanned, in several blocks."""
    monkeypatch.setattr(pictures, "RESCORED", 4)
    monkeypatch.setattr(scan, "BLOCK_ROWS", 100)
    monkeypatch.setattr(exact, "_GROWN_ROWS", 50)


@pytest.mark.parametrize(
    "way, dimension",
    [*itertools.product(["simsimd", "blas"], [512, 384, 7, 1]), ("two threads", 384)],
)
def test_answers_are_those_of_brute_force(
    tmp_path: Path, dimension: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way != "blas" and not scan.is_fast():
        pytest.skip("this processor has no fast int8 products, or simsimd is not installed")
    monkeypatch.setattr(scan, "is_fast", lambda: way != "blas")
    at = Embedded(tmp_path, dimension, IndexSettings(threads=2 if way == "two threads" else 1))
    ids = at.add(directions(500, dimension))
    index = at.index()
    follow(index, at.store)
    for seed in range(5 if way == "two threads" else 20):  # threads wait for each other busily: 10 ms a question
        query = directions(1, dimension, seed=100 + seed)[0] * 3
        for allowed in (BitMap(ids), BitMap(ids[::3]), BitMap(ids[::40]), BitMap(ids[100:200]), BitMap([1, 10**6])):
            for count in (1, 10, 200, 1000):
                assert_right(at, index.by_words(query, count, allowed), query, count, allowed)
    assert index.figures().vectors == 500


def test_an_empty_index_answers_nothing(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 8)
    index = at.index()
    assert index.figures()[:3] == (0, 0, False)
    follow(index, at.store)
    assert index.figures()[:3] == (0, 0, True)
    assert index.by_words(directions(1, 8)[0], 10, BitMap(range(100))).ids.size == 0
    assert index.vector_of(5) is None


def test_news_are_followed(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(directions(300, 16))
    index = at.index()
    follow(index, at.store)
    query = directions(1, 16, seed=3)[0]
    more = at.add(directions(100, 16, seed=4))
    at.embed(ids[:50], directions(50, 16, seed=5))
    at.discount(ids[50:60])
    follow(index, at.store)
    allowed = BitMap(ids + more)
    assert_right(at, index.by_words(query, 400, allowed), query, 400, allowed)
    assert np.allclose(index.vector_of(ids[0]), at.counted[ids[0]], atol=1e-3)
    assert index.vector_of(ids[55]) is None


def test_a_new_searcher_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(directions(300, 16))
    first = at.index()
    follow(first, at.store)
    first.close()
    more = at.add(directions(3, 16, seed=4))
    second = at.index()
    query = directions(1, 16, seed=3)[0]
    assert_right(at, second.by_words(query, 10, BitMap(ids)), query, 10, BitMap(ids))
    with at.store.read() as txn:
        assert [second.follow(txn, 2), second.follow(txn, 2)] == [2, 1]
    allowed = BitMap(ids + more)
    assert_right(at, second.by_words(query, 400, allowed), query, 400, allowed)


def test_what_lay_there_answers_before_all_is_compared_but_not_before_the_news_are_in(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    at.add(directions(300, 16))
    first = at.index()
    follow(first, at.store)
    assert first.sequence > 0
    first.close()
    at.add(directions(4, 16, seed=4))
    second, seen = at.index(), []
    with at.store.read() as txn:
        while second.follow(txn, 2):
            seen.append(second.figures()[:3])
        assert second.sequence == changes.sequence(txn)
    assert seen[:3] == [(302, 0, False), (304, 0, False), (304, 0, True)]
    assert len(seen) > 300 / 2


def test_a_log_that_was_trimmed_is_no_loss(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(directions(300, 16))
    first = at.index()
    follow(first, at.store)
    first.close()
    at.embed(ids[:50], directions(50, 16, seed=5))
    at.discount(ids[50:60])
    ids += at.add(directions(100, 16, seed=4))
    with at.store.write() as txn:
        changes.trim(txn, keep=0)
    second = at.index()
    follow(second, at.store)
    query = directions(1, 16, seed=3)[0]
    assert_right(at, second.by_words(query, 400, BitMap(ids)), query, 400, BitMap(ids))


def test_a_torn_vector_does_not_count_until_it_is_made_again(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(directions(30, 16))
    at.file.write(ids[:2], directions(2, 16, seed=9))
    index = at.index()
    follow(index, at.store)
    assert index.figures()[:3] == (28, 2, True)
    assert not set(ids[:2]) & set(index.by_words(directions(1, 16)[0], 100, BitMap(ids)).ids.tolist())
    ids += at.add(directions(1, 16, seed=10))
    follow(index, at.store)
    assert index.figures()[:3] == (29, 2, True)
    at.embed(ids[:2], directions(2, 16, seed=9))
    follow(index, at.store)
    assert index.figures()[:3] == (31, 0, True)


def test_pictures_that_are_the_same_come_by_their_ids(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(np.repeat(directions(2, 16), 20, axis=0))
    index = at.index()
    follow(index, at.store)
    found = index.by_words(directions(1, 16)[0], 30, BitMap(ids)).ids.tolist()
    assert found == ids[:30]


def test_a_store_that_is_older_than_the_index_is_believed(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    at.add(directions(300, 16))
    at.embed(range(1, 101), directions(100, 16, seed=5))
    first = at.index()
    follow(first, at.store)
    first.close()
    at.store.close()
    shutil.rmtree(tmp_path / "store")
    older = Embedded(tmp_path, 16)
    ids = older.add(directions(80, 16, seed=6))
    second = older.index()
    assert second.figures()[:3] == (300, 0, False)
    with older.store.read() as txn:
        second.follow(txn, 10)
    assert not second.figures().is_complete
    follow(second, older.store)
    assert second.figures()[:3] == (80, 0, True)
    ids += older.add(directions(20, 16, seed=7))
    follow(second, older.store)
    query = directions(1, 16, seed=3)[0]
    assert_right(older, second.by_words(query, 400, BitMap(ids)), query, 400, BitMap(ids))


def test_a_text_that_int8_rounds_much_still_finds_the_best(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 512)
    spread = np.random.default_rng(1).choice([-1.0, 1.0], (2000, 512)).astype(np.float32)
    ids = at.add(spread / np.linalg.norm(spread, axis=1, keepdims=True))
    index = at.index()
    follow(index, at.store)
    for seed in range(20):
        query = np.random.default_rng(seed).standard_normal(512).astype(np.float32)
        query[seed] = 60
        assert_right(at, index.by_words(query, 10, BitMap(ids)), query, 10, BitMap(ids))


def test_a_mean_that_drifts_is_replaced(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(directions(100, 16))
    index = at.index()
    follow(index, at.store)
    before = index._exact._rows.mean
    ids += at.add(-directions(300, 16, seed=2))
    torn = ids[5]
    at.file.write([torn], directions(1, 16, seed=6))
    follow(index, at.store, limit=50)
    assert not np.allclose(index._exact._rows.mean, before)
    assert not index._exact._rows.has_drifted()
    assert torn not in index._exact.known
    at.embed([torn], directions(1, 16, seed=6))
    follow(index, at.store)
    query = directions(1, 16, seed=3)[0]
    assert_right(at, index.by_words(query, 400, BitMap(ids)), query, 400, BitMap(ids))
    assert sorted(path.name for path in (tmp_path / "index" / MODEL / "exact").iterdir()) == ["2", "CURRENT"]
