"""Whatever happens to a library, in whatever order and in whatever transactions, the store says what a naive one says.

Rules work in a transaction that a rule of its own commits or abandons: pieces of work share transactions, too.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar
from unittest import mock

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from pyroaring import BitMap

from photofsd.records import Failure, JobRecord, Metadata, Place
from photofsd.store import assets, changes, facets, jobs, moved, paths
from photofsd.store.paths import FileStat
from photofsd.store.schema import ASSET_ROW, STAGE_SUBJECT, U32, Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId, DirId, Facet, FileId, Kind, Subject
from tests.component.store_kit import digest, open_store, quick_folder, root, violations
from tests.component.store_model import ROOT_ID, Fact, File, Folder, Model, Queue

T = TypeVar("T")
picks = st.integers(0, 999)
folder_names = st.sampled_from([b"x", b"y", b"summer x"])
file_names = st.sampled_from([b"a.jpg", b"A.JPG", b"b 1.jpg"])
contents = st.sampled_from([digest(letter) for letter in "abc"])
tags = st.lists(st.sampled_from(["beach", "red car"]), max_size=2, unique=True).map(tuple)
places = st.none() | st.sampled_from([("Italy", "Tuscany", "Arezzo"), ("Italy", "Lazio", "Roma")])
of_files = st.booleans()


def one_of(choices: Iterable[T], pick: int) -> T | None:
    """One of the choices, None where there is none."""
    ordered = sorted(choices)  # type: ignore[type-var]
    return ordered[pick % len(ordered)] if ordered else None


class StoreMachine(RuleBasedStateMachine):
    """The store beside the model."""

    txn: WriteTransaction

    def __init__(self) -> None:
        super().__init__()
        self.pieces = mock.patch.object(moved, "PIECE", 1)  # so that moves are told by and by
        self.pieces.start()
        self.folder = quick_folder()
        self.store = open_store(Path(self.folder.name))
        self.model = Model(folders={ROOT_ID: Folder(DirId(0), b"")})
        self.now_ns = 1000
        with self.store.write() as txn:
            assert root(txn) == ROOT_ID
            jobs.register(txn, "read", 1, Subject.FILE)
            jobs.register(txn, "look", 1, Subject.ASSET)
        self.begin()

    def begin(self) -> None:
        self.committed = copy.deepcopy(self.model)
        with self.store.read() as txn:
            self.sequence = changes.sequence(txn)
            self.were_all_told = not txn.count(Tables.MOVED)
        self.writing = self.store.write()
        self.txn = self.writing.__enter__()

    def teardown(self) -> None:
        self.pieces.stop()
        with self.folder:
            self.commit(luck=1)
            self.writing.__exit__(None, None, None)
            self.store.close()

    @initialize()
    def some_photos(self) -> None:
        """Folders in folders, photos in all of them, two of the same content."""
        for folder, name in enumerate((b"x", b"y", b"x")):
            self.add_folder(parent=folder, name=name)
            self.add_file(folder=folder, name=b"a.jpg", size=1)
            self.read_file(file=folder, content=digest("abb"[folder]), size=1)
        self.commit(luck=1)

    # ---- transactions

    @rule(luck=st.integers(0, 5))
    def commit(self, luck: int) -> None:
        """End the transaction; now and then by an error."""
        if luck:
            self.writing.__exit__(None, None, None)
            with self.store.read() as txn:
                self.compare(txn)
        else:
            assert not self.writing.__exit__(KeyError, KeyError("abandoned on purpose"), None)
            self.model = self.committed
        self.begin()

    # ---- folders

    def a_folder(self, pick: int) -> DirId:
        found = one_of(self.model.folders, pick)
        assert found is not None
        return found

    @rule(parent=picks, name=folder_names)
    def add_folder(self, parent: int, name: bytes) -> None:
        where = self.a_folder(parent)
        known = self.model.folder_at(where, name)
        made = paths.add_folder(self.txn, where, name)
        assert made == known or self.is_new("dir", made)
        self.model.folders[made] = Folder(where, name)

    @rule(folder=picks, parent=picks, name=folder_names)
    def move_folder(self, folder: int, parent: int, name: bytes) -> None:
        what, where = self.a_folder(folder), self.a_folder(parent)
        is_moved = moved.move_folder(self.txn, what, where, name)
        assert is_moved == self.model.move_folder(what, where, name)

    @rule(photos=st.integers(1, 3))
    def tell_of_moves(self, photos: int) -> None:
        for top, below in moved.untold(self.txn):
            for _ in range(photos):
                moved.tell_some(self.txn, top, below)

    @rule(folder=picks)
    def remove_folder(self, folder: int) -> None:
        what = self.a_folder(folder)
        if what != ROOT_ID:
            paths.remove_folder(self.txn, what)
            self.model.remove_folder(what)

    # ---- files

    @rule(folder=picks, name=file_names, size=st.integers(1, 3))
    def add_file(self, folder: int, name: bytes, size: int) -> None:
        where = self.a_folder(folder)
        known = self.model.file_at(where, name)
        made = paths.add_file(self.txn, where, name, FileStat(size, size * 100, 1), Kind.IMAGE)
        assert made == known or self.is_new("file", made)
        asset = None if known is None else self.model.files[known].asset
        self.model.files[made] = File(where, name, size, size * 100, asset)

    @rule(file=picks, folder=picks, name=file_names)
    def move_file(self, file: int, folder: int, name: bytes) -> None:
        what = one_of(self.model.files, file)
        if what is not None:
            paths.move_file(self.txn, what, self.a_folder(folder), name)
            self.model.move_file(what, self.a_folder(folder), name)

    @rule(file=picks)
    def remove_file(self, file: int) -> None:
        what = one_of(self.model.files, file)
        if what is not None:
            paths.remove_file(self.txn, what)
            self.model.remove_file(what)

    @rule(file=picks, content=contents, size=st.integers(1, 3))
    def read_file(self, file: int, content: bytes, size: int) -> None:
        """A file that is new, edited, or as it was."""
        what = one_of(self.model.files, file)
        if what is None:
            return
        paths.set_stat(self.txn, what, FileStat(size, size * 100, 1))
        self.model.files[what].size, self.model.files[what].mtime_ns = size, size * 100
        self.now_ns += 1
        asset = assets.identify(self.txn, what, content, self.now_ns)
        assert asset is not None
        self.judge_identity(what, content, asset)
        record = assets.asset(self.txn, asset)
        assert record is not None
        self.model.identify(what, content, self.now_ns, (asset, record.name))

    def judge_identity(self, file: FileId, content: bytes, asset: AssetId) -> None:
        known, before = self.model.with_content(content), self.model.files[file].asset
        if known is not None:
            assert asset == known
        elif before is not None and self.model.files_of(before) == (file,):
            assert asset == before
        else:
            assert self.is_new("asset", asset)

    def is_new(self, kind: str, number: int) -> bool:
        """Claim: no such id was ever given in a transaction that was kept. From now on it has been."""
        is_new = (kind, number) not in self.model.ids_used
        self.model.ids_used.add((kind, number))
        return is_new

    # ---- what stages find

    @rule(asset=picks, found=tags)
    def tag(self, asset: int, found: tuple[str, ...]) -> None:
        what = one_of(self.model.assets, asset)
        if what is not None:
            assets.keep(self.txn, Tables.METADATA, what, Metadata("jpeg", Kind.IMAGE, tags=found))
            self.judge_news(what, is_news=found != self.model.assets[what].tags)
            self.model.assets[what].tags = found

    @rule(asset=picks, found=places)
    def place(self, asset: int, found: tuple[str, str, str] | None) -> None:
        what = one_of(self.model.assets, asset)
        if what is not None:
            assets.keep(self.txn, Tables.PLACES, what, None if found is None else Place(*found, 0.0, 0.0, 0.0))
            self.judge_news(what, is_news=found != self.model.assets[what].place)
            self.model.assets[what].place = found

    def judge_news(self, asset: AssetId, *, is_news: bool) -> None:
        """What was not known before is a change of the photo, the rest is none."""
        record = assets.asset(self.txn, asset)
        assert record is not None
        assert (record.changed_ns != self.model.assets[asset].changed_ns) == is_news
        self.model.assets[asset].changed_ns = record.changed_ns

    # ---- jobs

    def a_job(self, pick: int, *, of_files: bool) -> tuple[str, Queue, int | None, bool]:
        """A stage, its model, a subject that exists or did once, whether it is there."""
        if of_files:
            file = one_of({FileId(number) for kind, number in self.model.ids_used if kind == "file"}, pick)
            return "read", self.model.of_files, file, file in self.model.files
        asset = one_of(self.model.assets, pick)
        return "look", self.model.of_assets, asset, asset is not None and bool(self.model.files_of(asset))

    @rule(pick=picks, of_files=of_files, priority=st.integers(0, 1), not_before=st.integers(0, 3))
    def put_job(self, pick: int, *, of_files: bool, priority: int, not_before: int) -> None:
        name, queue, subject, is_there = self.a_job(pick, of_files=of_files)
        if subject is not None:
            job = JobRecord(priority, not_before)
            jobs.put(self.txn, jobs.stage(self.txn, name), subject, job)
            queue.failed.discard(subject)
            if is_there:
                queue.queued[subject] = job

    @rule(pick=picks, of_files=of_files)
    def finish_job(self, pick: int, *, of_files: bool) -> None:
        name, queue, subject, is_there = self.a_job(pick, of_files=of_files)
        if subject is not None:
            jobs.finish(self.txn, jobs.stage(self.txn, name), subject)
            queue.forget(subject, keep_done=True)
            if is_there or not of_files:
                queue.done.add(subject)

    @rule(pick=picks, of_files=of_files)
    def fail_job(self, pick: int, *, of_files: bool) -> None:
        name, queue, subject, is_there = self.a_job(pick, of_files=of_files)
        if subject is not None:
            jobs.fail(self.txn, jobs.stage(self.txn, name), subject, Failure("broken", 1, 1, 0))
            queue.queued.pop(subject, None)
            if is_there:
                queue.failed.add(subject)

    @rule(pick=picks, of_files=of_files, not_before=st.integers(0, 3))
    def postpone_job(self, pick: int, *, of_files: bool, not_before: int) -> None:
        name, queue, subject, _ = self.a_job(pick, of_files=of_files)
        if subject is not None:
            jobs.postpone(self.txn, jobs.stage(self.txn, name), subject, not_before, "busy")
            job = queue.queued.get(subject)
            if job is not None:
                queue.queued[subject] = JobRecord(job.priority, not_before, job.attempts + 1, "busy")

    @rule(of_files=of_files)
    def retry_jobs(self, *, of_files: bool) -> None:
        name, queue, _, _ = self.a_job(0, of_files=of_files)
        while jobs.retry(self.txn, jobs.stage(self.txn, name), limit=2):
            pass
        waiting = {subject: job.priority for subject, job in queue.queued.items() if job.not_before_ms}
        waiting.update(dict.fromkeys(queue.failed, jobs.BACKLOG))
        queue.queued.update({subject: JobRecord(priority) for subject, priority in waiting.items()})
        queue.failed.clear()

    @rule(of_files=of_files)
    def reset_jobs(self, *, of_files: bool) -> None:
        name, queue, _, _ = self.a_job(0, of_files=of_files)
        after: int | None = 0
        while after is not None:
            after = jobs.reset(self.txn, jobs.stage(self.txn, name), after=after, limit=2)
        for subject in queue.done | queue.failed:
            if of_files or self.model.files_of(AssetId(subject)):
                job = queue.queued.get(subject)
                queue.queued[subject] = JobRecord(jobs.BACKLOG if job is None else job.priority)
        queue.done.clear()
        queue.failed.clear()

    @rule(is_paused=st.booleans())
    def pause(self, *, is_paused: bool) -> None:
        jobs.pause(self.txn, "look", is_paused=is_paused)
        assert jobs.stage(self.txn, "look").is_paused == is_paused

    # ---- comparison

    def compare(self, txn: ReadTransaction) -> None:
        assert violations(self.store) == []
        self.compare_paths(txn)
        self.compare_assets(txn)
        are_all_told = not txn.count(Tables.MOVED)
        if are_all_told:  # else the facets are what check finds them to be
            self.compare_facets(txn)
        if are_all_told and self.were_all_told:
            self.compare_changes(txn)
        self.compare_jobs(txn, "read", self.model.of_files)
        self.compare_jobs(txn, "look", self.model.of_assets)

    def compare_paths(self, txn: ReadTransaction) -> None:
        for folder, known in self.model.folders.items():
            record = paths.folder(txn, folder)
            assert record is not None
            assert folder == ROOT_ID or (record.parent, record.name) == (known.parent, known.name)
            assert dict(paths.files_in(txn, folder)) == {
                one.name: (key, one.size, one.mtime_ns, 1)
                for key, one in self.model.files.items()
                if one.folder == folder
            }
        assert txn.count(Tables.DIRS) == len(self.model.folders)

    def compare_assets(self, txn: ReadTransaction) -> None:
        for number, known in self.model.assets.items():
            record = assets.asset(txn, number)
            assert record is not None
            assert (record.content, record.name, record.files) == (
                known.content,
                known.name,
                self.model.files_of(number),
            )
            assert txn.get(Tables.ROWS, U32.pack(number)) == ASSET_ROW.pack(*self.model.row(number)[:3]) + known.name
            assert assets.named(txn, known.name) == assets.with_content(txn, known.content) == number
        names = [known.name for known in self.model.assets.values()]
        assert len(set(names)) == len(names) == txn.count(Tables.ASSETS)

    def compare_facets(self, txn: ReadTransaction) -> None:
        expected: dict[Fact, BitMap] = {}
        for number in self.model.assets:
            for fact in self.model.facts(number):
                expected.setdefault(fact, BitMap()).add(number)
        stored = {
            (facet, value): facets.bitmap(txn, facet, value) for facet in Facet for value in facets.values(txn, facet)
        }
        assert stored == expected

    def compare_changes(self, txn: ReadTransaction) -> None:
        """Every asset of which something changed in the transaction is logged, once, and no other."""
        now = {number: (self.model.facts(number), self.model.row(number)) for number in self.model.assets}
        before = self.committed
        then = {number: (before.facts(number), before.row(number)) for number in before.assets}
        logged = [asset for _, asset in changes.since(txn, self.sequence, 1000)]
        assert sorted(logged) == sorted(number for number in now if now[number] != then.get(number))

    def compare_jobs(self, txn: ReadTransaction, name: str, queue: Queue) -> None:
        record = jobs.stage(txn, name)
        assert jobs.counts(txn, record) == (len(queue.queued), len(queue.done), len(queue.failed))
        assert {subject: jobs.get(txn, record, subject) for subject in queue.queued} == queue.queued
        assert {subject for subject, _ in jobs.failures(txn, record)} == queue.failed
        done = txn.keys(Tables.DONE, bytes((record.number,)))
        assert {STAGE_SUBJECT.unpack(key)[1] for key in done} == queue.done
        order = sorted((job.priority, job.not_before_ms, subject) for subject, job in queue.queued.items())
        due = [subject for _, not_before, subject in order if not_before <= 2]
        assert jobs.due(txn, record, now_ms=2, limit=100) == due


_usual = settings()
StoreMachine.TestCase.settings = settings(max_examples=_usual.max_examples, stateful_step_count=50, deadline=None)
test_the_store_says_what_a_naive_one_says = StoreMachine.TestCase
