"""The queue: order, retries, resets; nothing is queued for what is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photofsd.records import Failure, JobRecord, StageRecord
from photofsd.store import assets, jobs, paths
from photofsd.store.env import Store
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId, FileId, Subject
from tests.component.store_kit import add_file, add_photo, digest, root

BROKEN = Failure("broken", 1, 1, 0)


@pytest.fixture
def files(store: Store) -> Store:
    """A store with files 1..9 and a stage `read` of them."""
    with store.write() as txn:
        jobs.register(txn, "read", 1, Subject.FILE)
        for number in range(1, 10):
            add_file(txn, root(txn), b"%d.jpg" % number)
    return store


def _read(txn: ReadTransaction) -> StageRecord:
    return jobs.stage(txn, "read")


def _do(store: Store, work: Callable[[WriteTransaction, StageRecord], object]) -> None:
    with store.write() as txn:
        work(txn, _read(txn))


def _due(store: Store, now_ms: int = 0, limit: int = 100, leased: tuple[int, ...] = ()) -> list[int]:
    with store.read() as txn:
        return jobs.due(txn, _read(txn), now_ms=now_ms, limit=limit, leased=leased)


def _counts(store: Store, name: str = "read") -> jobs.Counts:
    with store.read() as txn:
        return jobs.counts(txn, jobs.stage(txn, name))


def test_what_is_new_goes_before_the_backlog_and_the_long_waiting_first(files: Store) -> None:
    def queue(txn: WriteTransaction, stage: StageRecord) -> None:
        for subject, priority, not_before in ((1, 1, 0), (2, 1, 5), (3, 0, 7), (4, 0, 0), (5, 0, 99)):
            jobs.put(txn, stage, subject, JobRecord(priority, not_before))

    _do(files, queue)
    assert _due(files, now_ms=10) == [4, 3, 1, 2]
    assert _due(files, now_ms=10, limit=2) == [4, 3]
    assert _due(files, now_ms=10, leased=(4, 1)) == [3, 2]
    with files.read() as txn:
        assert jobs.next_due_ms(txn, _read(txn)) == 0
        assert jobs.next_due_ms(txn, _read(txn), leased=(4, 1)) == 5
        assert jobs.next_due_ms(txn, _read(txn), leased=(1, 2, 3, 4, 5)) is None


def test_a_postponed_job_waits_with_its_error_and_one_attempt_more(files: Store) -> None:
    _do(files, lambda txn, stage: jobs.put(txn, stage, 1, JobRecord(jobs.NEW)))
    _do(files, lambda txn, stage: jobs.postpone(txn, stage, 1, 500, "the disk did not answer"))
    _do(files, lambda txn, stage: jobs.postpone(txn, stage, 1, 900, "nor now"))
    assert _due(files, now_ms=899) == []
    assert _due(files, now_ms=900) == [1]
    with files.read() as txn:
        assert jobs.get(txn, _read(txn), 1) == JobRecord(jobs.NEW, 900, 2, "nor now")
        assert jobs.next_due_ms(txn, _read(txn)) == 900


def test_a_job_put_off_before_the_clock_was_set_back_does_not_wait_for_that_time_to_come_again(files: Store) -> None:
    now_ms = 10 * jobs.POSTPONED_MAX_MS
    _do(files, lambda txn, stage: jobs.put(txn, stage, 1, JobRecord(jobs.NEW, now_ms + jobs.POSTPONED_MAX_MS)))
    assert _due(files, now_ms=now_ms) == []
    assert _due(files, now_ms=now_ms - 1) == [1]
    assert _due(files, now_ms=now_ms + jobs.POSTPONED_MAX_MS) == [1]


def test_a_job_that_was_taken_back_meanwhile_is_not_postponed(files: Store) -> None:
    _do(files, lambda txn, stage: jobs.postpone(txn, stage, 1, 500, "too late"))
    assert _counts(files) == (0, 0, 0)


def test_retry_queues_the_failed_ones_some_at_a_time(files: Store) -> None:
    def fail(txn: WriteTransaction, stage: StageRecord) -> None:
        for subject in (2, 3, 5):
            jobs.fail(txn, stage, subject, BROKEN)
        jobs.finish(txn, stage, 1)

    _do(files, fail)
    retried = []
    for _ in range(3):
        _do(files, lambda txn, stage: retried.append(jobs.retry(txn, stage, limit=2)))
    assert retried == [2, 1, 0]
    assert _due(files) == [2, 3, 5]
    assert _counts(files) == (3, 1, 0)


def test_retry_waits_for_nothing(files: Store) -> None:
    def postpone(txn: WriteTransaction, stage: StageRecord) -> None:
        for subject, priority in ((1, jobs.NEW), (2, jobs.BACKLOG), (3, jobs.BACKLOG)):
            jobs.put(txn, stage, subject, JobRecord(priority))
        for subject in (1, 2):
            jobs.postpone(txn, stage, subject, 500, "the disk did not answer")

    _do(files, postpone)
    retried = []
    for _ in range(3):
        _do(files, lambda txn, stage: retried.append(jobs.retry(txn, stage, limit=1)))
    assert retried == [1, 1, 0]
    assert _due(files) == [1, 2, 3]


def test_retry_leaves_the_failures_of_other_stages(files: Store) -> None:
    with files.write() as txn:
        jobs.register(txn, "other", 1, Subject.FILE)
        jobs.fail(txn, jobs.stage(txn, "other"), 1, BROKEN)
    _do(files, lambda txn, stage: jobs.retry(txn, stage, limit=10))
    assert _counts(files, "other").failed == 1


def test_reset_queues_what_is_done_or_failed_once_each_in_chunks(files: Store) -> None:
    def stand(txn: WriteTransaction, stage: StageRecord) -> None:
        for subject in (1, 2, 4, 6, 7):
            jobs.finish(txn, stage, subject)
        for subject in (3, 4, 9):
            jobs.fail(txn, stage, subject, BROKEN)
        jobs.put(txn, stage, 7, JobRecord(jobs.NEW, 10**15, 3, "busy"))

    _do(files, stand)
    after, calls = 0, []
    while after is not None:
        with files.write() as txn:
            after = jobs.reset(txn, _read(txn), after=after, limit=3)
        calls.append(after)
    assert calls == [3, 7, None]
    assert _due(files) == [7, 1, 2, 3, 4, 6, 9]
    assert _counts(files) == (7, 0, 0)


def test_reset_of_nothing_is_over_at_once(files: Store) -> None:
    with files.write() as txn:
        assert jobs.reset(txn, _read(txn), after=0, limit=3) is None


def test_reset_that_ends_on_a_full_chunk_is_over_with_the_next(files: Store) -> None:
    _do(files, lambda txn, stage: [jobs.finish(txn, stage, subject) for subject in (1, 2)])
    with files.write() as txn:
        assert jobs.reset(txn, _read(txn), after=0, limit=2) == 2
        assert jobs.reset(txn, _read(txn), after=2, limit=2) is None


def test_a_gone_photo_is_done_again_only_when_it_comes_back(store: Store) -> None:
    with store.write() as txn:
        jobs.register(txn, "look", 1, Subject.ASSET)
        photo = add_photo(txn, root(txn), b"a.jpg", "content")
        jobs.finish(txn, jobs.stage(txn, "look"), photo)
        paths.remove_file(txn, FileId(1))
        jobs.reset(txn, jobs.stage(txn, "look"), after=0, limit=9)
    assert _counts(store, "look") == (0, 0, 0)
    with store.write() as txn:
        assert add_photo(txn, root(txn), b"b.jpg", "content") == photo
        assert jobs.version_done(txn, jobs.stage(txn, "look"), photo) is None


def test_nothing_is_queued_or_kept_for_a_file_that_is_gone(files: Store) -> None:
    with files.write() as txn:
        paths.remove_file(txn, FileId(1))
    _do(files, lambda txn, stage: jobs.put(txn, stage, 1, JobRecord(jobs.NEW)))
    _do(files, lambda txn, stage: jobs.finish(txn, stage, 1))
    _do(files, lambda txn, stage: jobs.fail(txn, stage, 1, BROKEN))
    assert _counts(files) == (0, 0, 0)


def test_what_was_found_in_an_edited_photo_is_to_be_found_again(store: Store) -> None:
    with store.write() as txn:
        jobs.register(txn, "look", 1, Subject.ASSET)
        jobs.register(txn, "think", 1, Subject.ASSET)
        photo = add_photo(txn, root(txn), b"a.jpg")
        jobs.finish(txn, jobs.stage(txn, "look"), photo)
        jobs.fail(txn, jobs.stage(txn, "think"), photo, BROKEN)
        assert assets.identify(txn, FileId(1), digest("edited"), now_ns=2) == photo
    assert _counts(store, "look") == _counts(store, "think") == (0, 0, 0)


def test_a_stage_keeps_its_number_and_its_pause_and_a_new_one_is_paused_where_all_are(store: Store) -> None:
    with store.write() as txn:
        assert jobs.register(txn, "look", 1, Subject.ASSET) is jobs.Registered.NEW
        jobs.pause(txn, "look", is_paused=True)
        assert jobs.register(txn, "look", 1, Subject.ASSET) is jobs.Registered.SAME
        assert jobs.register(txn, "look", 2, Subject.ASSET) is jobs.Registered.OF_ANOTHER_VERSION
        assert jobs.register(txn, "think", 1, Subject.ASSET) is jobs.Registered.NEW
        assert jobs.stages(txn) == {
            "look": StageRecord(1, 2, Subject.ASSET, is_paused=True),
            "think": StageRecord(2, 1, Subject.ASSET, is_paused=True),
        }
        jobs.pause(txn, "look", is_paused=False)
        jobs.register(txn, "dream", 1, Subject.ASSET)
        assert jobs.stage(txn, "dream") == StageRecord(3, 1, Subject.ASSET)


def test_a_stage_that_nobody_registered_is_a_key_error(store: Store) -> None:
    with store.read() as txn, pytest.raises(KeyError, match="nothing"):
        jobs.stage(txn, "nothing")


def test_the_version_that_a_subject_was_done_with_is_told(files: Store) -> None:
    _do(files, lambda txn, stage: jobs.finish(txn, stage, 1))
    with files.write() as txn:
        jobs.register(txn, "read", 2, Subject.FILE)
        jobs.finish(txn, _read(txn), 2)
    with files.read() as txn:
        assert [jobs.version_done(txn, _read(txn), subject) for subject in (1, 2, 3)] == [1, 2, None]


def test_a_failure_says_why_until_the_job_is_queued_again(files: Store) -> None:
    _do(files, lambda txn, stage: jobs.fail(txn, stage, 1, BROKEN))
    with files.read() as txn:
        assert jobs.failure(txn, _read(txn), 1) == BROKEN
        assert list(jobs.failures(txn, _read(txn))) == [(1, BROKEN)]
    _do(files, lambda txn, stage: jobs.put(txn, stage, 1, JobRecord(jobs.NEW)))
    with files.read() as txn:
        assert jobs.failure(txn, _read(txn), 1) is None


def test_there_is_a_job_for_an_asset_as_long_as_it_has_a_file(store: Store) -> None:
    with store.write() as txn:
        jobs.register(txn, "look", 1, Subject.ASSET)
        stage = jobs.stage(txn, "look")
        photo = add_photo(txn, root(txn), b"a.jpg", "content")
        add_photo(txn, root(txn), b"copy.jpg", "content")
        jobs.put(txn, stage, photo, JobRecord(jobs.NEW))
        paths.remove_file(txn, FileId(1))
        assert jobs.get(txn, stage, photo) is not None
        paths.remove_file(txn, FileId(2))
        assert jobs.get(txn, stage, photo) is None
        assert not jobs.is_there(txn, stage, AssetId(99))
