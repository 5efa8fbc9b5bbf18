"""Answers that are remembered for a moment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from photofsd.query.searches import Searches
from photofsd.store import assets, paths
from photofsd.store.writer import Writer
from tests.component.query_library import Shot, add, open_store


def test_a_photo_that_is_gone_is_in_no_answer_however_fresh(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, [Shot(("beach_1.jpg",)), Shot(("beach_2.jpg",))])
    writer = Writer(store)
    remembered = Searches(store, writer, lambda: dt.date(2026, 11, 21), limit=200, remembered=20)
    beach = remembered.members("beach", None)
    beach.prepare()
    with store.write() as txn:
        record = assets.asset(txn, first)
        assert record is not None
        paths.remove_file(txn, record.files[0])
    assert beach.is_ready()
    with store.read() as txn:
        assert list(beach.ordered(txn)) == list(beach.bitmap(txn)) == [second]
        assert [beach.has(txn, photo) for photo in (first, second)] == [False, True]
    writer.close()
    store.close()
