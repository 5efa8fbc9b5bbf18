"""What bounds the pipeline: pixels, size, time and memory of a file, the life of a reader; and what goes first."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from PIL import Image

from photofsd.pipeline import crew
from photofsd.pipeline.runner import Runner, RunnerSettings
from photofsd.pipeline.scheduler import Scheduler
from photofsd.pipeline.stage import Visit, VisitReport, Work
from photofsd.pipeline.visits import Patience
from photofsd.pipeline.worker import Request
from photofsd.processes.child import Child, Program
from photofsd.records import JobRecord
from photofsd.store import jobs
from photofsd.store.transaction import WriteTransaction
from photofsd.types import Subject
from tests.component.librarian import ANY_SIZE, Librarian, librarian

MB = 1_000_000
SMALL = RunnerSettings(readers=1, memory_mb=512, patience=Patience(30))


def draw(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        Image.new("RGB", (40, 30), (number * 5 % 256, 90, 120)).save(folder / name)


def bomb(path: Path, side: int) -> None:
    """A PNG of side x side RGB pixels in a few hundred kilobytes."""
    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * side)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


@pytest.mark.parametrize("side", [12_000, 30_000], ids=["too large for the memory", "too many pixels"])
def test_a_bomb_fails_by_itself_and_its_neighbours_do_not(here: Librarian, side: int) -> None:
    bomb(here.folder / "bomb.png", side)
    draw(here.folder, "a.png", "b.png", "c.png")
    here.take_in()
    here.work_off(SMALL)
    assert here.counts("metadata") == jobs.Counts(0, 4, 0)
    assert here.counts("preview") == jobs.Counts(0, 3, 1)
    (reason,) = here.failures("preview")
    assert "bomb.png" in reason
    assert "memory" in reason or "pixels" in reason


def test_a_file_that_is_too_large_is_not_read(here: Librarian) -> None:
    with (here.folder / "huge.mp4").open("wb") as huge:
        huge.truncate(3 * MB)
    draw(here.folder, "a.png")
    here.take_in()
    here.work_off(RunnerSettings(1, 1024, Patience(30), Work(file_max_mb=2)))
    assert here.counts("identify") == jobs.Counts(0, 1, 1)
    assert "readers.file_max_mb (2)" in here.failures("identify")[0]


def test_a_large_file_may_take_longer() -> None:
    patience = Patience(60, mb_per_s=5)
    assert patience.for_file(0) == 60
    assert patience.for_file(10_000 * MB) == 60 + 2000


@pytest.mark.parametrize("setting", [{"tasks_max": 1}, {"worn_share": 0.0}], ids=["much done", "much memory"])
def test_a_worn_reader_is_replaced_and_nothing_is_lost(
    here: Librarian, monkeypatch: pytest.MonkeyPatch, setting: dict[str, Any]
) -> None:
    shift = crew.Shift(first=4, most=4, **setting)
    started: list[int] = []
    start = Child.start

    async def counted(program: Program, *, memory_mb: int) -> Child:
        child = await start(program, memory_mb=memory_mb)
        started.append(child.pid)
        return child

    monkeypatch.setattr(Child, "start", counted)
    draw(here.folder, *(f"{number}.png" for number in range(12)))
    here.take_in()
    here.work_off(RunnerSettings(readers=1, memory_mb=1024, patience=Patience(30), shift=shift))
    assert len(started) >= 3
    assert here.counts("preview") == jobs.Counts(0, 12, 0)


def test_a_reader_knows_how_much_it_has_taken(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    draw(tmp_path, "a.png")

    async def sizes() -> tuple[int, int, int]:
        child = await Child.start(crew.READER, memory_mb=1024)
        at_first = child.address_space_bytes()
        await child.send(msgspec.msgpack.encode(Request(ANY_SIZE, (Visit(os.fsencode(picture), ("preview",)),))))
        msgspec.msgpack.decode(await child.receive(), type=VisitReport)
        at_work = child.address_space_bytes()
        await child.close()
        return at_first, at_work, child.address_space_bytes()

    at_first, at_work, at_last = trio.run(sizes)
    assert (
        0 < at_first < at_work < crew.Shift().worn_share * (512 << 20)
    )  # also the smallest readers.memory_mb leaves room
    assert at_last == 0


# ---- What goes first ----


def leased(here: Librarian, count: int) -> list[tuple[str, int]]:
    return [(task.stage, task.subject) for task in Scheduler(here.store, here.graph).file_tasks(count)]


def queue(here: Librarian, stage: str, subjects: range, priority: int) -> None:
    def put(txn: WriteTransaction) -> None:
        for subject in subjects:
            jobs.put(txn, jobs.stage(txn, stage), subject, JobRecord(priority))

    here.writer.run(put)


def test_what_has_just_arrived_goes_before_all_backlog_and_cheap_before_dear(here: Librarian) -> None:
    draw(here.folder, *(f"{number}.png" for number in range(6)))
    here.take_in()
    here.work_off()
    queue(here, "identify", range(1, 7), jobs.BACKLOG)
    queue(here, "preview", range(1, 2), jobs.NEW)
    assert leased(here, 10) == [("preview", 1)]
    queue(here, "metadata", range(2, 3), jobs.NEW)
    assert leased(here, 10) == [("metadata", 2)]
    queue(here, "identify", range(3, 4), jobs.NEW)
    assert leased(here, 10) == [("identify", 3)]


def test_a_job_that_is_tried_again_is_counted(here: Librarian) -> None:
    draw(here.folder, "a.png", "b.png")
    here.take_in()

    def has_failed_before(txn: WriteTransaction) -> None:
        jobs.postpone(txn, jobs.stage(txn, "identify"), 1, 0, "the NAS did not answer")

    here.writer.run(has_failed_before)
    seen: list[Runner] = []
    here.work_off(meanwhile=seen.append)
    assert here.counts("identify").done == 2
    assert seen[-1].pace.retried.last_minute("identify") == 1
    assert seen[-1].pace.retried.last_minute("metadata") == 0


def test_a_pause_of_everything_outlives_the_daemon(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    draw(folder, "a.png")
    with librarian(folder, tmp_path / "state") as here:
        here.take_in()
        for stage in here.graph.names:
            here.writer.run(lambda txn, name=stage: jobs.pause(txn, name, is_paused=True))  # type: ignore[misc]
    with librarian(folder, tmp_path / "state") as here:
        here.work_off()
        assert here.counts("identify") == jobs.Counts(1, 0, 0)
        here.writer.run(lambda txn: jobs.register(txn, "came with an update", 1, Subject.ASSET))
        with here.store.read() as txn:
            assert jobs.stage(txn, "came with an update").is_paused
