"""Newest first: exactly, whatever the time zones, and without reading the photos that are not listed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from photofsd.query import newest as module
from photofsd.query.newest import newest
from photofsd.store import facets
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction
from photofsd.types import Facet
from tests.component.query_library import Shot, add, open_store
from tests.component.store_kit import quick_folder

HOURS = st.datetimes(dt.datetime(2022, 12, 28), dt.datetime(2023, 1, 4)).map(  # noqa: DTZ001  the camera's clock
    lambda moment: moment.replace(minute=0, second=0, microsecond=0)
)
TAKEN = st.one_of(st.none(), HOURS, st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2023, 12, 31)))  # noqa: DTZ001
OFFSETS = st.one_of(st.none(), st.sampled_from([-720, 0, 840]))


@pytest.fixture
def _small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_AT_ONCE", 0)


@pytest.mark.usefixtures("_small_reads")
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TAKEN, OFFSETS), min_size=1, max_size=30), st.integers(1, 31), st.data())
def test_newest_are_those_of_sorting_every_photo(
    moments: list[tuple[dt.datetime | None, int | None]], count: int, data: st.DataObject
) -> None:
    shots = [Shot((f"{at}.jpg",), taken=taken, offset_min=offset) for at, (taken, offset) in enumerate(moments)]
    members = data.draw(st.sets(st.integers(1, len(shots))))

    def rank(asset: int) -> tuple[bool, float, int]:
        taken, offset = moments[asset - 1]
        if taken is None:
            return True, 0, -asset
        utc = taken.replace(microsecond=0, tzinfo=dt.UTC) - dt.timedelta(minutes=offset or 0)
        return False, -utc.timestamp(), asset

    with quick_folder() as folder:
        store = open_store(Path(folder))
        add(store, shots)
        with store.read() as txn:
            assert newest(txn, BitMap(members), count) == sorted(members, key=rank)[:count]
        store.close()


@pytest.mark.usefixtures("_small_reads")
def test_the_last_day_of_the_calendar_need_not_hold_the_newest_photo(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    kiribati = Shot(("a.jpg",), taken=dt.datetime(2023, 1, 2, 1), offset_min=840)  # noqa: DTZ001  11:00 the day before
    baker_island = Shot(("b.jpg",), taken=dt.datetime(2023, 1, 1, 23), offset_min=-720)  # noqa: DTZ001  a day later
    assert add(store, [kiribati, baker_island]) == [1, 2]
    with store.read() as txn:
        assert newest(txn, facets.live(txn), 1) == [2]
    store.close()


def test_old_photos_are_not_read_to_list_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_AT_ONCE", 10)
    store = open_store(tmp_path / "store")
    start = dt.datetime(2021, 1, 1, 12)  # noqa: DTZ001
    add(store, [Shot((f"{day}.jpg",), taken=start + dt.timedelta(days=day)) for day in range(500)])
    read: list[bytes] = []

    def watched(txn: ReadTransaction, table: Tables, key: bytes) -> bytes | None:
        read.append(key)
        return get(txn, table, key)

    with store.read() as txn:
        get = ReadTransaction.get
        monkeypatch.setattr(ReadTransaction, "get", watched)
        listed = newest(txn, facets.bitmap(txn, Facet.LIVE), 20)
    store.close()
    assert listed == list(range(500, 480, -1))
    assert len(read) <= 60
