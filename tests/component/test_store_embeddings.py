"""Which vectors count: what the store says of them, its facets, and what followers of the change log hear."""

from __future__ import annotations

import pytest
from pyroaring import BitMap

from photofsd.records import Embedding
from photofsd.store import assets, changes, embeddings, facets, paths
from photofsd.store.env import Store
from photofsd.store.transaction import ReadTransaction
from photofsd.types import AssetId, Facet, FileId
from tests.component.store_kit import add_photo, digest, root, violations

OLD, NEW = "old-00", "new-11"
FIRST, SECOND = AssetId(1), AssetId(2)


@pytest.fixture
def photos(store: Store) -> Store:
    with store.write() as txn:
        for name in (b"a.jpg", b"b.jpg"):
            add_photo(txn, root(txn), name)
    return store


def counted(txn: ReadTransaction, model: str) -> BitMap:
    return facets.bitmap(txn, Facet.EMBEDDED, model.encode())


def heard(txn: ReadTransaction, after: int) -> list[AssetId]:
    return [asset for _, asset in changes.since(txn, after, 100)]


def test_rows_of_two_models_count_side_by_side(photos: Store) -> None:
    with photos.write() as txn:
        assert embeddings.count(txn, FIRST, OLD, 1)
        assert embeddings.count(txn, FIRST, NEW, 2)
        assert embeddings.count(txn, SECOND, NEW, 3)
        assert not embeddings.count(txn, SECOND, NEW, 3)
    with photos.read() as txn:
        assert embeddings.embedding(txn, FIRST) == Embedding({OLD: 1, NEW: 2})
        assert (counted(txn, OLD), counted(txn, NEW)) == (BitMap([1]), BitMap([1, 2]))
    assert violations(photos) == []


def test_a_row_that_does_not_count_any_more_is_in_no_bitmap(photos: Store) -> None:
    with photos.write() as txn:
        for model in (OLD, NEW):
            embeddings.count(txn, FIRST, model, 1)
    with photos.write() as txn:
        assert embeddings.discount(txn, FIRST, OLD)
        assert not embeddings.discount(txn, FIRST, OLD)
        assert not embeddings.discount(txn, SECOND, OLD)
    with photos.read() as txn:
        assert embeddings.embedding(txn, FIRST) == Embedding({NEW: 1})
        assert (counted(txn, OLD), counted(txn, NEW)) == (BitMap(), BitMap([1]))
    with photos.write() as txn:
        embeddings.discount(txn, FIRST, NEW)
    with photos.read() as txn:
        assert embeddings.embedding(txn, FIRST) is None
    assert violations(photos) == []


def test_followers_hear_of_a_new_row_even_where_one_counted_before(photos: Store) -> None:
    with photos.write() as txn:
        embeddings.count(txn, FIRST, NEW, 1)
    with photos.read() as txn:
        before = changes.sequence(txn)
    with photos.write() as txn:
        embeddings.count(txn, FIRST, NEW, 2)
    with photos.read() as txn:
        assert heard(txn, before) == [FIRST]
    with photos.write() as txn:
        embeddings.count(txn, FIRST, NEW, 2)
    with photos.read() as txn:
        assert heard(txn, before) == [FIRST], "nothing has changed, and yet they hear of it"


def test_a_photo_of_another_content_has_no_vector(photos: Store) -> None:
    with photos.write() as txn:
        for asset in (FIRST, SECOND):
            embeddings.count(txn, asset, NEW, 1)
    with photos.write() as txn:
        assert assets.identify(txn, FileId(1), digest("edited"), now_ns=2) == FIRST
    with photos.read() as txn:
        assert embeddings.embedding(txn, FIRST) is None
        assert counted(txn, NEW) == BitMap([SECOND])
    assert violations(photos) == []


def test_a_photo_that_is_gone_answers_nothing_and_comes_back_with_its_vector(photos: Store) -> None:
    with photos.write() as txn:
        embeddings.count(txn, FIRST, NEW, 1)
    with photos.write() as txn:
        paths.remove_file(txn, FileId(1))
    with photos.read() as txn:
        assert counted(txn, NEW) == BitMap()
    with photos.write() as txn:
        assert add_photo(txn, root(txn), b"back.jpg", (root(txn), b"a.jpg")) == FIRST
    with photos.read() as txn:
        assert counted(txn, NEW) == BitMap([FIRST])
    assert violations(photos) == []


def test_one_model_answers_and_none_at_first(store: Store) -> None:
    with store.read() as txn:
        assert embeddings.answering(txn) == ""
    with store.write() as txn:
        embeddings.set_answering(txn, OLD)
    with store.write() as txn:
        embeddings.set_answering(txn, NEW)
    with store.read() as txn:
        assert embeddings.answering(txn) == NEW
