"""The task that keeps the indexes up: what stops it, and what does not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest
import trio

from photofsd.daemon import indexer as module
from photofsd.daemon.indexer import Indexer
from photofsd.errors import StoreFull
from photofsd.index.similar import SimilarPhotos
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from tests.component.look_alikes import FAR, add, groups
from tests.component.store_kit import root

LIMIT_S = 60


def two_alike(writer: Writer, name: bytes) -> None:
    writer.run(lambda txn: (add(txn, root(txn), name + b"1.jpg", FAR), add(txn, root(txn), name + b"2.jpg", FAR)))


async def until(is_so: Callable[[], bool]) -> None:
    with trio.fail_after(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 - another thread brings it about, nothing tells of it
            await trio.sleep(0.01)


def running(indexer: Indexer, work: Callable[[], None], is_done: Callable[[], bool]) -> None:
    """Have it run, do `work` in a thread, and end it once that is done."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(indexer.run)
            await trio.to_thread.run_sync(work)
            await until(is_done)
            nursery.cancel_scope.cancel()

    trio.run(main)


@pytest.fixture
def indexer(store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> Indexer:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    monkeypatch.setattr(module, "GATHER_S", 0.01)
    made = Indexer(store, writer)
    writer.listen(lambda _: made.wake())
    return made


def test_photos_that_come_while_it_runs_are_grouped(store: Store, writer: Writer, indexer: Indexer) -> None:
    two_alike(writer, b"before")
    running(indexer, partial(two_alike, writer, b"while"), lambda: {len(group) for group in groups(store)} == {4})


@pytest.mark.parametrize("error", [StoreFull("the disk is full"), RuntimeError("a bug")])
def test_what_fails_is_an_alert_that_is_logged_once_and_tried_again(
    store: Store,
    writer: Writer,
    indexer: Indexer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    failures: list[str | None] = []
    work = SimilarPhotos.catch_up

    def fails_thrice(photos: SimilarPhotos) -> None:
        if len(failures) < 3:
            failures.append(indexer.alert)
            raise error
        work(photos)

    monkeypatch.setattr(SimilarPhotos, "catch_up", fails_thrice)
    with caplog.at_level(logging.WARNING):
        running(indexer, partial(two_alike, writer, b""), lambda: bool(groups(store)) and indexer.alert is None)
    assert failures[0] is None
    assert failures[1] == failures[2]
    assert str(failures[1]).endswith(str(error))
    assert len(caplog.records) == 1


def test_it_ends_in_the_middle_of_long_work(indexer: Indexer, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []

    def work_for_ever(photos: SimilarPhotos) -> None:
        begun.append(True)
        while True:
            photos._pause()

    monkeypatch.setattr(SimilarPhotos, "catch_up", work_for_ever)
    running(indexer, lambda: None, lambda: bool(begun))
