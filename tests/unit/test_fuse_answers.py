"""Every error has an errno, every handler an answer, and waiting has an end."""

from __future__ import annotations

import errno as posix
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
import trio
import trio.testing
from pyfuse3 import FUSEError

from photofsd import errors
from photofsd.fuse import errno, offloop
from photofsd.fuse.guard import Tally, guarded, guarded_forget
from photofsd.fuse.offloop import OffLoop
from photofsd.fuse.readiness import Readiness
from photofsd.fuse.requests import Requests, watched
from photofsd.vtree.node import Directory, Listing, Names, Node

T = TypeVar("T")


def run(call: Callable[[], Awaitable[T]]) -> T:
    return trio.run(call)


# ---- errno.py ----


def test_every_refusal_has_an_errno_of_its_own() -> None:
    errnos = {
        errors.AlreadyThere("x"): posix.EEXIST,
        errors.BadQuery("x", "y", 0): posix.EINVAL,
        errors.NoSuchEntry("x"): posix.ENOENT,
        errors.NotEmpty("x"): posix.ENOTEMPTY,
        errors.NotPermitted("x"): posix.EPERM,
        errors.ReadOnlyTree("x"): posix.EROFS,
        errors.StoreFull("x"): posix.ENOSPC,
        errors.TooSlow("x"): posix.ETIMEDOUT,
        errors.FileUnreadable("x"): posix.EIO,
        errors.PhotofsdError("x"): posix.EIO,
    }
    assert {error: errno.errno_of(error) for error in errnos} == errnos


def test_a_library_that_went_away_never_looks_like_a_deletion() -> None:
    for number in (posix.ENOENT, posix.ESTALE, posix.ENOTDIR, posix.EIO, posix.ELOOP):
        assert errno.errno_of_library(OSError(number, "x")) == posix.EIO
    for number in (posix.EACCES, posix.EMFILE, posix.ENFILE):
        assert errno.errno_of_library(OSError(number, "x")) == number


# ---- guard.py ----


class Handlers:
    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.tally = Tally(self.reasons.append)
        self.requests = Requests()

    @guarded
    async def fail_with(self, error: BaseException | None) -> str:
        if error is not None:
            raise error
        return "done"

    @guarded
    async def hang(self) -> None:
        await trio.sleep_forever()

    @guarded_forget
    def forget(self, inode_list: object) -> None:
        raise KeyError(inode_list)


def errno_from(handlers: Handlers, error: BaseException) -> int:
    with pytest.raises(FUSEError) as raised:
        run(lambda: handlers.fail_with(error))
    return raised.value.errno


async def waiting(steps: int, error: Exception | None = None) -> int:
    for _ in range(steps):
        await trio.lowlevel.checkpoint()
    if error is not None:
        raise error
    return steps


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_that_an_answer_waits_is_said_once_and_changes_nothing_of_it(steps: int) -> None:
    said: list[None] = []

    async def watch(error: Exception | None = None) -> int:
        return await watched(waiting(steps, error), lambda: said.append(None))

    assert run(watch) == steps
    assert len(said) == min(1, steps)
    with pytest.raises(KeyError, match="lost"):
        run(lambda: watch(KeyError("lost")))


def test_an_answer_that_waits_can_be_cancelled() -> None:
    async def give_up() -> bool:
        with trio.move_on_after(0) as scope:
            await watched(waiting(1_000_000), lambda: None)
        return scope.cancelled_caught

    assert run(give_up)


def test_an_answer_passes_through_the_guard() -> None:
    handlers = Handlers()
    assert run(lambda: handlers.fail_with(None)) == "done"
    assert handlers.tally.requests == {"fail_with": 1}
    assert not handlers.tally.faults


def test_refusals_are_answered_and_their_reason_kept() -> None:
    handlers = Handlers()
    assert errno_from(handlers, errors.NotPermitted("not like this")) == posix.EPERM
    assert errno_from(handlers, errors.NoSuchEntry("nothing there")) == posix.ENOENT
    assert errno_from(handlers, FUSEError(posix.ESTALE)) == posix.ESTALE
    assert handlers.reasons == ["not like this"]
    assert not handlers.tally.faults


def test_the_unexpected_is_an_io_error_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    handlers = Handlers()
    with caplog.at_level(logging.ERROR):
        assert [errno_from(handlers, KeyError("x")) for _ in range(3)] == [posix.EIO] * 3
        assert errno_from(handlers, OSError(posix.ENOENT, "x")) == posix.EIO
    assert sorted(handlers.tally.faults.values()) == [1, 3]
    assert len(caplog.records) == 2
    assert all(record.exc_info for record in caplog.records)


def test_a_cancelled_request_is_answered_too() -> None:
    handlers = Handlers()

    async def cancelled() -> int:
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await handlers.hang()
            except FUSEError as error:
                return error.errno
        return 0

    assert run(cancelled) == posix.EIO


def test_forget_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    handlers = Handlers()
    run(lambda: handlers.forget([(1, 1)]))
    assert sum(handlers.tally.faults.values()) == 1
    assert "forget" in caplog.text


# ---- offloop.py ----


def test_waiting_ends_after_its_time_and_the_loop_goes_on() -> None:
    async def slow() -> None:
        gate = threading.Event()
        work = OffLoop(1, 0.05, errors.TooSlow)
        try:
            with pytest.raises(errors.TooSlow, match=r"within 0\.05 s"):
                await work.run(gate.wait)
        finally:
            gate.set()
        assert await work.run(lambda: "next") == "next"

    run(slow)


def test_stopping_answers_all_that_wait_and_all_that_come() -> None:
    async def stopped() -> list[str]:
        gate, reasons = threading.Event(), []
        work = OffLoop(1, 3600, errors.FileUnreadable)

        async def wait() -> None:
            try:
                await work.run(gate.wait)
            except errors.FileUnreadable as error:
                reasons.append(str(error))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            work.stop()
        await wait()
        gate.set()
        return reasons

    assert run(stopped) == ["the tree is being unmounted"] * 4


def test_a_crowd_that_waits_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloop, "WAITING_MAX", 3)

    async def crowd() -> None:
        gate = threading.Event()
        work = OffLoop(1, 3600, errors.TooSlow)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(work.run, gate.wait)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(errors.TooSlow, match="3 requests wait already"):
                await work.run(gate.wait)
            gate.set()

    run(crowd)


# ---- readiness.py ----


class Search(Directory):
    def __init__(self, error: Exception | None = None) -> None:
        self.gate = threading.Event()
        self.error = error
        self.prepared = 0

    def is_ready(self) -> bool:
        return self.prepared > 0 and self.error is None

    def prepare(self) -> None:
        self.gate.wait()
        self.prepared += 1
        if self.error is not None:
            raise self.error

    def lookup(self, name: bytes) -> Node | None:
        return None

    def listing(self) -> Listing:
        return Names([])


async def all_wait_for(search: Search, count: int) -> list[Exception | None]:
    """What each of `count` requests for the folder gets."""
    readiness, outcomes = Readiness(OffLoop(8, 3600, errors.TooSlow)), []

    async def ask() -> None:
        try:
            await readiness.ensure(search)
        except errors.PhotofsdError as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        search.gate.set()
    return outcomes


def test_a_search_runs_once_for_all_who_wait() -> None:
    search = Search()
    assert run(lambda: all_wait_for(search, 5)) == [None] * 5
    assert search.prepared == 1


def test_all_who_wait_share_a_failure_and_the_next_one_tries_again() -> None:
    search = Search(errors.BadQuery("bad", "x", 0))
    assert run(lambda: all_wait_for(search, 5)) == [search.error] * 5
    assert search.prepared == 1
    assert run(lambda: all_wait_for(search, 1)) == [search.error]
    assert search.prepared == 2
