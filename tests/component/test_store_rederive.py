"""Derived rows are what this program makes of the records in this zone, whoever wrote them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from photofsd.records import Metadata, Taken
from photofsd.store import assets, changes, derived, facets, rederive, stacks
from photofsd.store.env import Store
from photofsd.store.facets import fact
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import AssetId, DateSource, Facet, Kind, StackKind
from tests.component.store_kit import add_photo, root, violations

NOON_NS = 1_373_000_400 * 10**9  # 2013-07-05 05:00 on the camera's clock
ANOTHER_CHUNK = 1 << facets.CHUNK_BITS
OUT_OF_DATE = "I5 meta derived: not with this version and time zone"


def fill(txn: WriteTransaction) -> AssetId:
    """A photo that says no zone, and one of another chunk."""
    asset = add_photo(txn, root(txn), b"a.jpg")
    taken = Taken(NOON_NS, DateSource.EXIF)
    assets.keep(txn, Tables.METADATA, asset, Metadata("jpeg", Kind.IMAGE, taken=taken, albums=("Rome",)))
    txn.put_number(Tables.META, b"next_asset", ANOTHER_CHUNK + 5)
    add_photo(txn, root(txn), b"b.jpg")
    return asset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a store of two photos lies that was written in UTC."""
    store = Store.open(tmp_path / "store", timezone=dt.UTC)
    with store.write() as txn:
        fill(txn)
    assert violations(store) == []
    store.close()
    return tmp_path / "store"


def opened(folder: Path, zone: str = "UTC") -> Iterator[tuple[Store, Writer]]:
    store = Store.open(folder, timezone=ZoneInfo(zone))
    writer = Writer(store)
    yield store, writer
    assert violations(store) == []
    writer.close()
    store.close()


@pytest.fixture
def here(folder: Path) -> Iterator[tuple[Store, Writer]]:
    """That store, in the zone that it was written in; in the end it must be clean."""
    yield from opened(folder)


@pytest.fixture
def in_rome(folder: Path) -> Iterator[tuple[Store, Writer]]:
    """That store, in another zone; in the end it must be clean."""
    yield from opened(folder, "Europe/Rome")


def mtime_ns(store: Store, asset: AssetId) -> int:
    with store.read() as txn:
        row = txn.get(Tables.ROWS, U32.pack(asset))
    assert row is not None
    return int(ASSET_ROW.unpack_from(row)[1])


def test_nothing_is_done_where_nothing_has_changed(here: tuple[Store, Writer]) -> None:
    told: list[tuple[int, int]] = []
    assert rederive.refresh(*here, lambda done, chunks: told.append((done, chunks))) == 0
    assert told == []


def test_rows_follow_the_time_zone(in_rome: tuple[Store, Writer]) -> None:
    store, writer = in_rome
    with store.read() as txn:
        before = changes.sequence(txn)
    assert mtime_ns(store, AssetId(1)) == NOON_NS
    assert violations(store)[0].startswith(OUT_OF_DATE)
    assert rederive.refresh(store, writer) == 1
    assert mtime_ns(store, AssetId(1)) == NOON_NS - 2 * 3600 * 10**9
    with store.read() as txn:
        assert [asset for _, asset in changes.since(txn, before, 10)] == [1]
    assert rederive.refresh(store, writer) == 0


def test_what_an_older_program_derived_is_set_right(
    here: tuple[Store, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, writer = here

    def as_an_older_one(txn: WriteTransaction) -> None:
        stray, missing = fact(Facet.TAG, b"stray") + b"\0\0", fact(Facet.ALBUM, b"Rome") + b"\0\0"
        bitmap = txn.get(Tables.FACETS, missing)
        assert bitmap is not None
        txn.put(Tables.FACETS, stray, bitmap)
        txn.delete(Tables.FACETS, missing)

    writer.run(as_an_older_one)
    assert len(violations(store)) == 2
    with monkeypatch.context() as newer:
        newer.setattr(derived, "VERSION", derived.VERSION + 1)
        assert rederive.refresh(store, writer) == 1
        assert violations(store) == []
    assert rederive.refresh(store, writer) == 0
    with store.read() as txn:
        assert facets.contains(txn, Facet.ALBUM, b"Rome", AssetId(1))
        assert not facets.exists(txn, Facet.TAG, b"stray")


def test_stacks_are_formed_of_what_a_program_without_them_has_left(
    here: tuple[Store, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, writer = here

    def add_raw(txn: WriteTransaction) -> None:
        raw = add_photo(txn, root(txn), b"a.cr2")
        assets.keep(txn, Tables.METADATA, raw, Metadata("cr2", Kind.RAW))

    def forget_stacks(txn: WriteTransaction) -> None:
        for table in (Tables.KIN, Tables.STACKS, Tables.MEMBERS):
            txn.clear(table)

    writer.run(add_raw)
    writer.run(forget_stacks)
    assert violations(store) != []
    with monkeypatch.context() as newer:
        newer.setattr(derived, "VERSION", derived.VERSION + 1)
        rederive.refresh(store, writer)
        assert violations(store) == []
    rederive.refresh(store, writer)
    with store.read() as txn:
        raw = assets.named(txn, b"a.cr2")
        assert raw is not None
        assert stacks.row(txn, raw) == (AssetId(1), StackKind.RAW, False)
        assert facets.contains(txn, Facet.COMPANION, b"", raw)


def test_a_start_that_is_killed_goes_on_where_it_was(in_rome: tuple[Store, Writer]) -> None:
    class Killed(Exception):
        pass

    def kill_before_the_last(done: int, steps: int) -> None:
        if done == steps - 1:
            raise Killed

    store, writer = in_rome
    with pytest.raises(Killed):
        rederive.refresh(store, writer, kill_before_the_last)
    assert violations(store)[0].startswith(OUT_OF_DATE)
    told: list[tuple[int, int]] = []
    assert rederive.refresh(store, writer, lambda done, chunks: told.append((done, chunks))) == 0
    assert told == [(3, 4)]


def test_a_killed_start_is_worth_nothing_to_one_in_a_third_zone(in_rome: tuple[Store, Writer]) -> None:
    store, writer = in_rome
    writer.run(lambda txn: txn.put_number(Tables.META, b"deriving", 1))
    writer.run(lambda txn: txn.put_number(Tables.META, b"derived_steps", 2))
    assert rederive.refresh(store, writer) == 1


def test_a_zone_is_known_by_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    rome = rederive.fingerprint(ZoneInfo("Europe/Rome"))
    try:
        monkeypatch.setenv("TZ", "Europe/Rome")
        time.tzset()
        assert rederive.fingerprint(None) == rome
    finally:
        monkeypatch.undo()
        time.tzset()
    zones = ("UTC", "Europe/Rome", "Europe/London", "America/New_York", "America/Phoenix", "Asia/Kolkata", "Asia/Tokyo")
    assert len({rederive.fingerprint(ZoneInfo(zone)) for zone in zones}) == len(zones)
