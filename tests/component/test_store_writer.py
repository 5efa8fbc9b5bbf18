"""The writer: everybody's work is committed in its order, and nobody's mistake costs anybody else anything."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from types import SimpleNamespace
from typing import Any

import pytest

from photofsd.errors import StoreError, StoreFull
from photofsd.store import paths, writer
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.transaction import Touched, WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import AssetId, FileId
from tests.component.store_kit import add_photo, root, tag

TIMEOUT_S = 20
Work = Callable[[WriteTransaction], Any]


class Gate:
    """Holds the writer up, so that what is submitted meanwhile comes into one batch."""

    def __init__(self, running: Writer) -> None:
        self._opened = threading.Event()
        reached = threading.Event()
        self._future = running.submit(lambda _: (reached.set(), self._opened.wait(TIMEOUT_S)), rows=10**6)
        assert reached.wait(TIMEOUT_S)

    def open(self) -> None:
        self._opened.set()
        self._future.result(TIMEOUT_S)


def _photo(name: bytes) -> Work:
    return lambda txn: add_photo(txn, root(txn), name)


def _raise(error: BaseException) -> Work:
    def work(txn: WriteTransaction) -> None:
        add_photo(txn, root(txn), b"never.jpg")
        raise error

    return work


def _names(store: Store) -> list[bytes]:
    with store.read() as txn:
        return list(txn.keys(Tables.NAMES))


def _together(running: Writer, *pieces: Work) -> list[Future[Any]]:
    gate = Gate(running)
    futures = [running.submit(piece) for piece in pieces]
    gate.open()
    wait(futures, TIMEOUT_S)
    return futures


def test_a_piece_of_work_is_committed_when_its_future_is_set(store: Store, writer: Writer) -> None:
    assert writer.run(_photo(b"a.jpg")) == 1
    assert _names(store) == [b"a.jpg"]


def test_a_thread_that_is_late_to_linger_still_commits(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """SimpleQueue.get, in one of some ten thousand, waits for ever if the time is over as it begins."""
    monkeypatch.setattr("photofsd.store.writer.LINGER_S", 1e-6)
    monkeypatch.setattr("photofsd.store.writer.time", SimpleNamespace(monotonic=lambda: 0.0))
    for number in range(10_000):
        assert writer.submit(lambda _, number=number: number).result(timeout=60) == number


def test_pieces_are_run_in_the_order_in_which_they_were_submitted(writer: Writer) -> None:
    futures = _together(writer, *(_photo(b"%d.jpg" % number) for number in range(300)))
    assert [future.result() for future in futures] == list(range(1, 301))


@pytest.mark.parametrize(
    "error",
    [
        KeyError("guilty"),
        StoreError("its own"),
        StopIteration("ended"),
        KeyboardInterrupt(),
        SystemExit(3),
        GeneratorExit(),
        RecursionError("too deep"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_guilty_piece_fails_alone(store: Store, writer: Writer, error: BaseException) -> None:
    good, guilty, after = _together(writer, _photo(b"a.jpg"), _raise(error), _photo(b"b.jpg"))
    assert guilty.exception() is error
    assert (good.result(), after.result()) == (1, 2)
    assert _names(store) == [b"a.jpg", b"b.jpg"]
    assert writer.run(_photo(b"c.jpg")) == 3


def test_a_row_that_the_store_cannot_hold_is_the_trouble_of_its_piece(store: Store, writer: Writer) -> None:
    good, guilty = _together(writer, _photo(b"a.jpg"), lambda txn: txn.put(Tables.USER, b"k" * 600, b""))
    assert isinstance(guilty.exception(), StoreError)
    assert good.result() == 1
    assert _names(store) == [b"a.jpg"]


def test_pieces_that_are_run_again_leave_nothing_of_their_first_run(store: Store, writer: Writer) -> None:
    runs: list[int] = []

    def counted(txn: WriteTransaction) -> int:
        runs.append(add_photo(txn, root(txn), b"a.jpg"))
        return runs[-1]

    photo, _ = _together(writer, counted, _raise(KeyError("guilty")))
    assert (photo.result(), runs) == (1, [1, 1])
    with store.read() as txn:
        assert txn.number(Tables.META, b"next_file") == 2
        assert txn.counter(b"files") == 1


def test_a_full_disk_is_everybodys_trouble(store: Store, writer: Writer) -> None:
    futures = _together(writer, _photo(b"a.jpg"), _raise(StoreFull("no room")), _photo(b"b.jpg"))
    assert all(isinstance(future.exception(), StoreFull) for future in futures)
    assert _names(store) == []


def test_a_future_that_is_cancelled_in_time_is_not_run(store: Store, writer: Writer) -> None:
    gate = Gate(writer)
    cancelled, kept = writer.submit(_photo(b"a.jpg")), writer.submit(_photo(b"b.jpg"))
    assert cancelled.cancel()
    gate.open()
    assert kept.result(TIMEOUT_S) == 1
    with pytest.raises(CancelledError):
        cancelled.result(TIMEOUT_S)
    assert _names(store) == [b"b.jpg"]


def test_a_batch_of_nothing_but_cancelled_work_is_no_trouble(writer: Writer) -> None:
    gate = Gate(writer)
    cancelled = writer.submit(_photo(b"a.jpg"))
    assert cancelled.cancel()
    gate.open()
    assert writer.run(_photo(b"b.jpg")) == 1


def test_work_that_has_begun_can_no_longer_be_cancelled(writer: Writer) -> None:
    begun, go_on = threading.Event(), threading.Event()
    future = writer.submit(lambda _: (begun.set(), go_on.wait(TIMEOUT_S)))
    assert begun.wait(TIMEOUT_S)
    assert not future.cancel()
    go_on.set()
    assert future.result(TIMEOUT_S) == (None, True)


def test_listeners_hear_of_every_touched_photo_once_it_is_committed(store: Store, writer: Writer) -> None:
    heard: list[Touched] = []
    seen: list[list[bytes]] = []
    writer.listen(heard.append)
    writer.listen(lambda _: seen.append(_names(store)))
    _together(writer, _photo(b"a.jpg"), _photo(b"b.jpg"), lambda txn: tag(txn, AssetId(1), "beach"))
    writer.run(lambda txn: paths.remove_file(txn, FileId(2)))
    assert [set(touched.assets) for touched in heard if touched.assets] == [{1, 2}, {2}]
    assert seen[1] == [b"a.jpg", b"b.jpg"]


def test_listeners_hear_nothing_of_what_failed(writer: Writer) -> None:
    heard: list[Touched] = []
    writer.listen(heard.append)
    with pytest.raises(KeyError):
        writer.run(_raise(KeyError("guilty")))
    assert heard == []


@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(3)])
def test_a_listener_that_fails_harms_nobody_and_is_logged(
    writer: Writer, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Touched] = []

    def fail(_: Touched) -> None:
        raise error

    writer.listen(fail)
    writer.listen(heard.append)
    with caplog.at_level(logging.ERROR):
        assert writer.run(_photo(b"a.jpg")) == 1
        assert writer.run(_photo(b"b.jpg")) == 2
    assert [touched.assets for touched in heard] == [(1,), (2,)]
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error, error]


def test_who_would_wait_for_the_writer_in_its_own_thread_is_told_so(writer: Writer) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        writer.run(lambda _: writer.run(_photo(b"a.jpg")))


def test_a_listener_may_submit_more_work(store: Store, writer: Writer) -> None:
    more: list[Future[Any]] = []
    writer.listen(lambda touched: more.append(writer.submit(_photo(b"b.jpg"))) if touched.assets == (1,) else None)
    writer.run(_photo(b"a.jpg"))
    assert more[0].result(TIMEOUT_S) == 2
    assert _names(store) == [b"a.jpg", b"b.jpg"]


def test_close_commits_what_was_submitted(store: Store) -> None:
    running = Writer(store)
    futures = [running.submit(_photo(b"%d.jpg" % number)) for number in range(2000)]
    running.close()
    assert all(future.done() for future in futures)
    assert len(_names(store)) == 2000


def test_after_close_nothing_can_be_submitted_and_nothing_waits_for_ever(store: Store) -> None:
    running = Writer(store)
    running.close()
    running.close()
    with pytest.raises(StoreError, match="closed"):
        running.submit(_photo(b"a.jpg"))


def test_threads_that_submit_while_it_is_closed_get_a_result_or_an_error(store: Store) -> None:
    running = Writer(store)
    outcomes: list[object] = []

    def submit_for_ever() -> None:
        try:
            while True:
                outcomes.append(running.submit(lambda _: True))
        except StoreError:
            return

    threads = [threading.Thread(target=submit_for_ever) for _ in range(4)]
    for thread in threads:
        thread.start()
    running.close()
    for thread in threads:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
    assert all(isinstance(future, Future) and future.result(TIMEOUT_S) for future in outcomes)


@pytest.mark.parametrize("commit_max, rows", [(1000, writer.SMALLEST_BATCH), (10, 10)])
def test_batches_get_smaller_while_commits_are_slow_but_never_larger_than_allowed(
    store: Store, monkeypatch: pytest.MonkeyPatch, commit_max: int, rows: int
) -> None:
    monkeypatch.setattr(writer, "COMMIT_TARGET_S", 0.0)
    assert _batch_after_some_commits(store, commit_max) == rows


def test_batches_grow_up_to_the_limit_while_commits_are_quick(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "COMMIT_TARGET_S", 1e9)
    assert _batch_after_some_commits(store, 700) == 700


def _batch_after_some_commits(store: Store, commit_max: int) -> int:
    running = Writer(store, commit_max=commit_max)
    for _ in range(10):
        running.run(lambda _: None)
    running.close()
    return running._batch_rows
