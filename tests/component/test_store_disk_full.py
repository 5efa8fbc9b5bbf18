"""A disk that fills up: who waits is told, what was acknowledged stays, and it goes on when there is room again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from photofsd.errors import StoreFull
from photofsd.store import facets, searches
from photofsd.store.env import Store
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.transaction import WriteTransaction
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from photofsd.types import AssetId
from tests.component.small_disk import small_disk
from tests.component.store_kit import add_photo, open_store, root, violations

PIECES = 150
PHOTOS = 20
ROOM_BYTES = 1 << 20


@pytest.fixture(params=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, kind=request.param, megabytes=16) as mounted:
        yield mounted


def _add_some(txn: WriteTransaction, piece: int) -> list[AssetId]:
    return [add_photo(txn, root(txn), b"%04d-%02d-%b.jpg" % (piece, number, b"x" * 200)) for number in range(PHOTOS)]


def _submit(writer: Writer) -> list[Future[list[AssetId]]]:
    return [writer.submit(lambda txn, piece=piece: _add_some(txn, piece), rows=PHOTOS) for piece in range(PIECES)]  # type: ignore[misc]


def _live(store: Store) -> set[int]:
    with store.read() as txn:
        return set(facets.live(txn))


def _fill_up(disk: Path, leave: int) -> Path:
    """Take all room but `leave` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as opened:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    opened.write(bytes(size))
            except OSError:
                continue
        opened.truncate(max(0, opened.tell() - leave))
    return ballast


def test_nothing_acknowledged_is_lost_on_a_full_disk_and_work_goes_on_with_room(disk: Path) -> None:
    store = open_store(disk / "store")
    ballast = _fill_up(disk, ROOM_BYTES)
    writer = Writer(store)
    first = _submit(writer)
    errors = [future.exception() for future in first]
    kept = {asset for future, error in zip(first, errors, strict=True) if error is None for asset in future.result()}
    assert {type(error) for error in errors} == {type(None), StoreFull}
    assert _live(store) == kept
    assert violations(store) == []

    ballast.unlink()
    for piece, error in enumerate(errors):
        if error is not None:
            kept |= set(writer.run(lambda txn, piece=piece: _add_some(txn, piece)))
    writer.close()
    assert _live(store) == kept
    assert len(kept) == PIECES * PHOTOS
    assert violations(store) == []
    store.close()

    again = open_store(disk / "store")
    assert _live(again) == kept
    assert violations(again) == []
    again.close()


def test_a_fact_that_finds_no_room_in_the_journal_changes_nothing(disk: Path, store: Store, writer: Writer) -> None:
    journal = Journal(disk / "journal")
    facts = UserFacts(journal, writer, VERBS)
    facts.say(searches.KEEP, query="before")
    ballast = _fill_up(disk, 0)
    said, error = _say_until_it_is_full(facts)
    assert "nothing was changed" in str(error)
    assert _kept(store) == {b"before", *said}
    assert {entry["query"].encode() for entry in journal.entries()} == {b"before", *said}

    ballast.unlink()
    facts.say(searches.KEEP, query="after")
    entries = list(Journal(disk / "journal").entries())
    assert [entry["n"] for entry in entries] == list(range(1, len(said) + 3))
    assert entries[-1]["query"] == "after"


def test_a_fact_that_the_store_has_no_room_for_is_recorded_and_becomes_true_with_the_next(
    disk: Path, tmp_path: Path
) -> None:
    store = open_store(disk / "store")
    ballast = _fill_up(disk, 0)
    writer = Writer(store)
    facts = UserFacts(Journal(tmp_path / "journal"), writer, VERBS)
    said, _ = _say_until_it_is_full(facts)
    assert _kept(store) == set(said)
    ballast.unlink()
    facts.say(searches.KEEP, query="after")
    assert _kept(store) == {*said, _query(len(said)).encode(), b"after"}
    writer.close()
    store.close()


def _say_until_it_is_full(facts: UserFacts) -> tuple[list[bytes], StoreFull]:
    """What could be said, and the error that ended it."""
    said: list[bytes] = []
    while True:
        query = _query(len(said))
        try:
            facts.say(searches.KEEP, query=query)
        except StoreFull as error:
            return said, error
        said.append(query.encode())


def _query(number: int) -> str:
    return f"{number:0200}"


def _kept(store: Store) -> set[bytes]:
    with store.read() as txn:
        return set(searches.kept(txn))
