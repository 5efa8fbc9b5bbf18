"""From files to facts, with real readers: what comes home, what fails, what dies."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import trio
from PIL import Image

from photofsd.pipeline import graph, runner
from photofsd.pipeline.crew import READER
from photofsd.pipeline.results import Results
from photofsd.pipeline.runner import Runner
from photofsd.pipeline.scheduler import FactTask
from photofsd.pipeline.stage import FactStage, Visit
from photofsd.pipeline.stages.places import Coordinates
from photofsd.pipeline.visits import Patience
from photofsd.pipeline.worker import Request
from photofsd.pipeline.worker import main as worker_main
from photofsd.processes.child import Child
from photofsd.records import Place
from photofsd.store import assets, facets, jobs, paths
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import Facet
from tests.component.librarian import ANY_SIZE, SETTINGS, Librarian, librarian

assert worker_main  # the children run this module


def draw(path: Path, *, date: str | None = None, gps: tuple[float, float] | None = None, shade: int = 0) -> Path:
    """A small JPEG with EXIF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0110] = "TestCam"
    if date is not None:
        exif.get_ifd(0x8769)[0x9003] = date
    if gps is not None:
        ifd = exif.get_ifd(0x8825)
        for tag, (value, letters) in {2: (gps[0], "NS"), 4: (gps[1], "EW")}.items():
            ifd[tag - 1] = letters[value < 0]
            ifd[tag] = (abs(value), 0.0, 0.0)
    Image.new("RGB", (16, 16), (shade, 90, 120)).save(path, "JPEG", exif=exif)
    return path


def days(txn: ReadTransaction) -> list[bytes]:
    return list(facets.values(txn, Facet.DAY))


def children() -> list[int]:
    """Processes that this one has started and not yet reaped."""
    listed = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, check=False)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if b"photofsd.pipeline.worker" in line]


def test_a_photo_comes_home_with_its_content_its_facts_and_its_place(here: Librarian) -> None:
    draw(here.folder / "a.jpg", date="2013:07:04 12:30:00", gps=(43.46, 11.88))
    here.take_in()
    here.work_off()
    asset = here.named(b"a.jpg")
    with here.store.read() as txn:
        assert days(txn) == [b"20130704"]
        place = assets.place(txn, asset)
        assert place is not None
        assert (place.country, place.region, place.city) == ("Italy", "Tuscany", "Arezzo")
    without_models = {*here.graph.names} - {stage.name for stage in here.graph.model_stages}
    assert all(here.counts(stage) == jobs.Counts(0, 1, 0) for stage in without_models)


def test_the_same_content_at_two_paths_is_one_photo(here: Librarian) -> None:
    first = draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    (here.folder / "copies").mkdir()
    shutil.copy(first, here.folder / "copies" / "b.jpg")
    here.take_in()
    here.work_off()
    with here.store.read() as txn:
        assert txn.counter(b"photos") == 1
        assert len(facets.bitmap(txn, Facet.HAS, b"copies")) == 1


def test_a_file_that_cannot_be_understood_costs_itself_alone(here: Librarian) -> None:
    draw(here.folder / "good.jpg", date="2013:07:04 12:30:00")
    (here.folder / "bad.jpg").write_bytes(b"no picture at all" * 10)
    here.take_in()
    here.work_off()
    assert here.counts("metadata") == jobs.Counts(0, 1, 1)
    assert "bad.jpg" in here.failures("metadata")[0]
    with here.store.read() as txn:
        assert facets.contains(txn, Facet.YEAR, b"", here.named(b"bad.jpg"))


def test_a_file_over_which_its_reader_dies_twice_is_given_up_and_the_others_are_not(here: Librarian) -> None:
    with (here.folder / "huge.jpg").open("wb") as huge:
        huge.truncate(1 << 40)
    for number in range(20):
        draw(here.folder / f"{number}.jpg", date="2013:07:04 12:30:00", shade=number * 12)

    def kill_the_one_that_reads_it(_: Runner) -> None:
        for child in children():
            if "huge.jpg" in open_files(child):
                os.kill(child, signal.SIGKILL)

    here.take_in()
    here.work_off(meanwhile=kill_the_one_that_reads_it)
    assert here.counts("metadata") == jobs.Counts(0, 20, 0)
    assert here.counts("identify") == jobs.Counts(0, 20, 1)
    assert "SIGKILL" in here.failures("identify")[0]
    assert "huge.jpg" in here.failures("identify")[0]


def open_files(process: int) -> list[str]:
    """Names of the files that a process has open; it may be closing them right now."""
    names = []
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                names.append(link.readlink().name)
    return names


def test_a_file_that_hangs_its_reader_is_given_up_in_time(here: Librarian) -> None:
    with (here.folder / "huge.jpg").open("wb") as huge:
        huge.truncate(1 << 40)
    draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    here.take_in()
    here.work_off(runner.RunnerSettings(readers=1, memory_mb=1024, patience=Patience(4, mb_per_s=1e9), work=ANY_SIZE))
    assert here.counts("metadata") == jobs.Counts(0, 1, 0)
    assert "longer than 4 s" in here.failures("identify")[0]


def test_a_reader_that_works_is_told_from_one_that_waits(tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(1 << 40)

    async def look() -> tuple[bool, bool]:
        child = await Child.start(READER, memory_mb=1024)
        waits = not await child.is_computing()
        await child.send(msgspec.msgpack.encode(Request(ANY_SIZE, (Visit(os.fsencode(huge), ("identify",)),))))
        works = await child.is_computing()
        child.kill()
        return waits, works

    assert trio.run(look) == (True, True)


def test_no_child_is_left_when_the_runner_ends(here: Librarian) -> None:
    for number in range(5):
        draw(here.folder / f"{number}.jpg", shade=number * 12)
    here.take_in()
    here.work_off()
    assert children() == []


def test_a_file_that_vanished_waits_for_the_scan_to_say_so(here: Librarian) -> None:
    draw(here.folder / "a.jpg")
    here.take_in()
    (here.folder / "a.jpg").unlink()
    here.work_off()
    with here.store.read() as txn:
        job = jobs.get(txn, jobs.stage(txn, "identify"), 1)
    assert job is not None
    assert job.attempts == 1
    assert here.counts("identify") == jobs.Counts(1, 0, 0)


def test_a_file_rewritten_behind_the_scan_is_read_until_record_and_content_agree(here: Librarian) -> None:
    path = draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    here.take_in()
    draw(path, date="2014:08:05 12:30:00", shade=200)

    def make_due(_: Runner) -> None:
        here.writer.run(functools.partial(run_at_once, "identify"))

    here.work_off()
    assert here.counts("identify").queued == 1
    here.work_off(meanwhile=make_due)
    make_due(None)  # type: ignore[arg-type]
    here.work_off()
    with here.store.read() as txn:
        assert days(txn) == [b"20140805"]
        row = paths.file_at(txn, paths.libraries(txn)[0].dir, b"a.jpg")
        assert row is not None
        assert row.mtime_ns == path.stat().st_mtime_ns


def run_at_once(stage: str, txn: WriteTransaction) -> None:
    record = jobs.stage(txn, stage)
    for subject in range(1, 10):
        job = jobs.get(txn, record, subject)
        if job is not None:
            jobs.put(txn, record, subject, msgspec.structs.replace(job, not_before_ms=0))


def test_an_edited_file_keeps_its_photo_and_all_stages_run_again(here: Librarian) -> None:
    path = draw(here.folder / "a.jpg", date="2013:07:04 12:30:00", gps=(43.46, 11.88))
    here.take_in()
    here.work_off()
    before = here.named(b"a.jpg")
    draw(path, date="2014:08:05 12:30:00", gps=(48.86, 2.35), shade=9)
    here.writer.run(lambda txn: jobs.put(txn, jobs.stage(txn, "identify"), 1, jobs.JobRecord(jobs.NEW)))
    here.work_off()
    here.writer.run(functools.partial(run_at_once, "identify"))
    here.work_off()
    assert here.named(b"a.jpg") == before
    with here.store.read() as txn:
        assert days(txn) == [b"20140805"]
        assert [value for value in facets.values(txn, Facet.PLACE) if b"/" not in value] == [b"France"]


def test_a_library_that_is_offline_is_no_failure(here: Librarian) -> None:
    draw(here.folder / "a.jpg")
    here.take_in()
    root = os.fsencode(here.folder)

    def go_offline(txn: WriteTransaction) -> None:
        library = paths.library(txn, root)
        assert library is not None
        paths.put_library(txn, msgspec.structs.replace(library, is_online=False))

    here.writer.run(go_offline)
    here.work_off()
    with here.store.read() as txn:
        job = jobs.get(txn, jobs.stage(txn, "identify"), 1)
    assert job is not None
    assert (job.attempts, job.error) == (0, None)


def test_a_paused_stage_does_nothing_and_remembers_it(here: Librarian) -> None:
    draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    here.writer.run(lambda txn: jobs.pause(txn, "metadata", is_paused=True))
    here.take_in()
    here.work_off()
    assert here.counts("identify").done == 1
    assert here.counts("metadata") == jobs.Counts(1, 0, 0)
    here.writer.run(lambda txn: jobs.pause(txn, "metadata", is_paused=False))
    here.work_off()
    assert here.counts("metadata") == jobs.Counts(0, 1, 0)


def test_a_new_version_of_a_stage_does_its_work_again(here: Librarian) -> None:
    draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    here.take_in()
    here.work_off()

    def pretend_older(txn: WriteTransaction) -> None:
        record = jobs.stage(txn, "metadata")
        jobs.register(txn, "metadata", record.version + 1, record.subject)

    here.writer.run(pretend_older)
    runner.register(here.store, here.writer, here.graph)
    assert here.counts("metadata") == jobs.Counts(1, 0, 0)
    here.work_off()
    assert here.counts("metadata") == jobs.Counts(0, 1, 0)


def test_a_sidecar_speaks_for_its_photo(here: Librarian) -> None:
    draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    (here.folder / "a.jpg.xmp").write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    here.take_in()
    here.work_off()
    with here.store.read() as txn:
        assert facets.contains(txn, Facet.RATING, b"4", here.named(b"a.jpg"))


def test_readers_write_nothing_and_stand_back(here: Librarian) -> None:
    with (here.folder / "huge.jpg").open("wb") as huge:
        huge.truncate(1 << 40)
    seen: list[tuple[int, str]] = []

    def look(_: Runner) -> None:
        for child in children():
            if "huge.jpg" in open_files(child):  # it is at work, so it has lowered itself
                seen.append((os.getpriority(os.PRIO_PROCESS, child), Path(f"/proc/{child}/limits").read_text()))
                os.kill(child, signal.SIGKILL)

    here.take_in()
    here.work_off(SETTINGS, meanwhile=look)
    assert seen
    assert all(nice == 10 and "Max file size             0 " in limits for nice, limits in seen)


def test_a_date_in_the_path_of_the_library_itself_is_nobodys_date(tmp_path: Path) -> None:
    folder = tmp_path / "2001-02-03 backup" / "library"
    draw(folder / "plain" / "a.jpg")
    draw(folder / "2012-08-09 Oslo" / "b.jpg", shade=60)
    with librarian(folder, tmp_path / "state") as here:
        here.take_in()
        here.work_off()
        with here.store.read() as txn:
            assert days(txn) == [b"20120809"]


def test_readers_that_cannot_start_fail_no_file(here: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(here.folder / "a.jpg", date="2013:07:04 12:30:00")
    here.take_in()
    alerts: list[str] = []
    with monkeypatch.context() as broken:
        broken.setattr(runner, "HELD_UP_WAIT_S", 0.1)
        broken.setattr(sys, "executable", "/bin/false")
        with pytest.raises(trio.TooSlowError):
            here.work_off(meanwhile=lambda worker: alerts.append(worker.alert or ""), limit_s=5)
    assert any("readers.memory_mb" in alert for alert in alerts)
    assert here.counts("identify") == jobs.Counts(1, 0, 0)
    here.work_off()
    assert here.counts("metadata") == jobs.Counts(0, 1, 0)


def test_a_photo_whose_coordinates_are_gone_has_no_place_any_more(here: Librarian) -> None:
    draw(here.folder / "a.jpg", gps=(43.46, 11.88))
    here.take_in()
    here.work_off()
    asset = here.named(b"a.jpg")

    def lose_coordinates(txn: WriteTransaction) -> None:
        known = assets.metadata(txn, asset)
        assert known is not None
        bare = msgspec.structs.replace(known, latitude=None, longitude=None)
        assets.keep(txn, Tables.METADATA, asset, bare)
        jobs.put(txn, jobs.stage(txn, "places"), asset, jobs.JobRecord(jobs.NEW))

    here.writer.run(lose_coordinates)
    here.work_off()
    with here.store.read() as txn:
        assert assets.place(txn, asset) is None
        assert list(facets.values(txn, Facet.PLACE)) == []


def test_an_answer_to_what_is_no_longer_the_question_is_dropped_and_asked_again(here: Librarian) -> None:
    draw(here.folder / "a.jpg", gps=(43.46, 11.88))
    here.take_in()
    here.work_off()
    asset, stage = here.named(b"a.jpg"), here.graph["places"]
    assert isinstance(stage, FactStage)
    late = FactTask(stage.name, asset, Coordinates(48.86, 2.35))
    paris = Place("France", "Ile-de-France", "Paris", 48.86, 2.35, 0.1)

    def answer(txn: WriteTransaction) -> None:
        jobs.put(txn, jobs.stage(txn, "places"), asset, jobs.JobRecord(jobs.NEW))
        Results(here.graph).of_facts(txn, stage, late, paris)

    here.writer.run(answer)
    assert here.counts("places").queued == 1
    here.work_off()
    with here.store.read() as txn:
        place = assets.place(txn, asset)
    assert place is not None
    assert place.city == "Arezzo"


def test_a_stage_that_comes_new_has_the_photos_that_are_there_before_it(here: Librarian) -> None:
    for number in range(3):
        draw(here.folder / f"{number}.jpg", gps=(43.46, 11.88), shade=12 * number)
    without_places = graph.Graph(stage for stage in here.graph if stage.name != "places")
    forget_stage(here, "places")
    Librarian(here.folder, here.store, here.writer, here.state, without_places).take_in()
    Librarian(here.folder, here.store, here.writer, here.state, without_places).work_off()
    runner.register(here.store, here.writer, here.graph)
    assert here.counts("places") == jobs.Counts(3, 0, 0)
    here.work_off()
    assert here.counts("places") == jobs.Counts(0, 3, 0)


def test_a_stage_that_was_left_out_for_a_while_catches_up(here: Librarian) -> None:
    """An older daemon, or another branch, has run in between."""
    draw(here.folder / "before.jpg", gps=(43.46, 11.88))
    here.take_in()
    here.work_off()
    draw(here.folder / "between.jpg", gps=(43.47, 11.89), shade=12)
    without_places = graph.Graph(stage for stage in here.graph if stage.name != "places")
    runner.register(here.store, here.writer, without_places)
    Librarian(here.folder, here.store, here.writer, here.state, without_places).take_in()
    Librarian(here.folder, here.store, here.writer, here.state, without_places).work_off()
    assert here.counts("places") == jobs.Counts(0, 1, 0)
    for _ in range(2):
        runner.register(here.store, here.writer, here.graph)
        assert here.counts("places") == jobs.Counts(1, 1, 0)
    here.work_off()
    assert here.counts("places") == jobs.Counts(0, 2, 0)


def forget_stage(here: Librarian, name: str) -> None:
    """As if this daemon were the first that knows the stage."""
    here.writer.run(lambda txn: txn.delete(Tables.STAGES, name.encode()))


def test_new_facts_move_the_ctime_of_a_photo(here: Librarian) -> None:
    draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    asset = here.named(b"a.jpg")
    with here.store.read() as txn:
        before, known = assets.asset(txn, asset), assets.metadata(txn, asset)
    assert before is not None
    assert known is not None
    starred = msgspec.structs.replace(known, rating=5)
    here.writer.run(lambda txn: assets.keep(txn, Tables.METADATA, asset, starred))
    with here.store.read() as txn:
        after = assets.asset(txn, asset)
    assert after is not None
    assert after.changed_ns > before.changed_ns
