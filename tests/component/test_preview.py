"""Thumbnails and looks: one decode in a real reader, files before facts, and both kept in agreement."""

from __future__ import annotations

import io
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from photofsd.errors import StoreError, StoreFull
from photofsd.media.frames import cut
from photofsd.media.thumbnails import FRAMES_PX, PREVIEW_PX, THUMB_PX, Thumbnails, bytes_by_size
from photofsd.pipeline import graph, runner, upkeep, worker
from photofsd.pipeline.runner import THUMBNAILS, Runner
from photofsd.pipeline.stage import Visit, Work
from photofsd.pipeline.upkeep import Upkeep
from photofsd.records import AssetRecord, Look
from photofsd.store import assets, jobs, paths
from photofsd.store.transaction import WriteTransaction
from tests.component.films import SIZE, film
from tests.component.librarian import Librarian, librarian
from tests.component.small_disk import small_disk

CHECKOUT = Path(__file__).parents[2]


def draw(path: Path, size: tuple[int, int] = (1600, 1200), *, seed: int = 0, orientation: int = 1) -> Path:
    """A JPEG whose stored upper left is red and whose other colours follow from `seed`."""
    chance = random.Random(seed)
    image = Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    image.paste((230, 20, 20), (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, "JPEG", exif=exif)
    return path


def thumbnails(here: Librarian) -> Thumbnails:
    return Thumbnails(here.state / THUMBNAILS)


def known(here: Librarian, name: bytes) -> tuple[AssetRecord, Look]:
    """What the store says of a photo."""
    asset = here.named(name)
    with here.store.read() as txn:
        record, look = assets.asset(txn, asset), assets.look(txn, asset)
    assert record is not None
    assert look is not None
    return record, look


def shown(here: Librarian, name: bytes, px: int) -> Image.Image:
    """The picture of that size, read as the store describes it."""
    record, look = known(here, name)
    jpeg = thumbnails(here).read(record.content, px, size=bytes_by_size(look)[px])
    assert jpeg is not None
    return Image.open(io.BytesIO(jpeg))


def files(here: Librarian) -> set[Path]:
    """Every file under the folder of the thumbnails."""
    return {path for path in (here.state / THUMBNAILS).rglob("*") if path.is_file()}


def files_of(here: Librarian, *names: bytes) -> set[Path]:
    """The files that these photos should have."""
    shown = [known(here, name) for name in names]
    return {thumbnails(here).path_of(record.content, px) for record, look in shown for px in bytes_by_size(look)}


def look_after(here: Librarian) -> None:
    """Go over all thumbnails once."""
    keeper = Upkeep(here.store, here.writer, thumbnails(here))
    for shard in range(256):
        keeper.look_at(shard)


def test_a_photo_gets_its_look_and_two_smaller_pictures(here: Librarian) -> None:
    draw(here.folder / "a.jpg", (1600, 1200))
    here.take_in()
    here.work_off()
    record, look = known(here, b"a.jpg")
    assert (look.width, look.height, look.problems) == (1600, 1200, ())
    assert look.phash
    assert look.contrast > 10
    assert len(look.colours) == 9
    assert shown(here, b"a.jpg", PREVIEW_PX).size == (1000, 750)
    assert shown(here, b"a.jpg", THUMB_PX).size == (256, 192)
    assert files(here) == files_of(here, b"a.jpg")
    assert (look.frames, look.frames_bytes) == (0, 0)
    sizes = {PREVIEW_PX: look.preview_bytes, THUMB_PX: look.thumb_bytes}
    assert thumbnails(here).has(record.content, sizes)
    assert not thumbnails(here).has(bytes(32), sizes)
    assert thumbnails(here).read(bytes(32), THUMB_PX, size=1) is None


def reds(count: int) -> Iterator[Image.Image]:
    """Ever more red on the left."""
    for number in range(count):
        picture = Image.new("RGB", SIZE, (200 * number // count, 100, 60))
        picture.paste((0, 0, 0), (SIZE[0] // 2, 0, *SIZE))
        yield picture


def test_a_video_gets_a_strip_of_its_key_frames_beside_its_picture(here: Librarian) -> None:
    film(here.folder / "a.mp4", reds(160))
    here.take_in()
    here.work_off()
    record, look = known(here, b"a.mp4")
    assert look.frames == 8
    assert files(here) == files_of(here, b"a.mp4") == {
        thumbnails(here).path_of(record.content, px) for px in (THUMB_PX, FRAMES_PX, PREVIEW_PX)
    }  # fmt: skip
    strip = thumbnails(here).read(record.content, FRAMES_PX, size=look.frames_bytes)
    assert strip is not None
    frames = cut(strip, look.frames)
    assert {frame.size for frame in frames} == {(448, 336)}
    seen = [frame.getpixel((100, 100))[0] for frame in frames]  # type: ignore[index]
    assert all(later > earlier + 10 for earlier, later in itertools.pairwise(seen)), seen
    assert shown(here, b"a.mp4", PREVIEW_PX).size == (640, 480)


def test_a_video_with_one_key_frame_is_shown_by_its_picture_alone(here: Librarian) -> None:
    film(here.folder / "a.mp4", reds(1))
    here.take_in()
    here.work_off()
    assert known(here, b"a.mp4")[1].frames == 0
    assert files(here) == files_of(here, b"a.mp4")
    assert len(files(here)) == 2


def test_a_strip_is_made_again_when_it_is_missing_and_goes_with_its_video(
    here: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "RESPITE_NS", 0)
    path = film(here.folder / "a.mp4", reds(40))
    here.take_in()
    here.work_off()
    record, look = known(here, b"a.mp4")
    strip = thumbnails(here).path_of(record.content, FRAMES_PX)
    before = strip.read_bytes()
    strip.unlink()
    look_after(here)
    assert here.counts("preview").queued == 1
    here.work_off()
    assert strip.read_bytes() == before
    assert known(here, b"a.mp4")[1] == look
    path.unlink()
    remove(here, b"a.mp4")
    look_after(here)
    assert files(here) == set()


@pytest.mark.parametrize("orientation, corner", [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
def test_smaller_pictures_stand_upright(here: Librarian, orientation: int, corner: tuple[int, int]) -> None:
    draw(here.folder / "a.jpg", (800, 600), seed=5, orientation=orientation)
    here.take_in()
    here.work_off()
    _, look = known(here, b"a.jpg")
    assert (look.width, look.height) == ((600, 800) if orientation in {6, 8} else (800, 600))
    for px in (THUMB_PX, PREVIEW_PX):
        picture = shown(here, b"a.jpg", px)
        assert not picture.getexif()
        at = tuple(int(length * (0.25 + 0.5 * far)) for length, far in zip(picture.size, corner, strict=True))
        red, green, _ = picture.convert("RGB").getpixel(at)  # type: ignore[misc]
        assert (red > 180, green < 70) == (True, True)


def test_a_picture_that_is_small_already_is_not_made_larger(here: Librarian) -> None:
    draw(here.folder / "a.jpg", (120, 90))
    here.take_in()
    here.work_off()
    assert shown(here, b"a.jpg", PREVIEW_PX).size == (120, 90)
    assert shown(here, b"a.jpg", THUMB_PX).size == (120, 90)


def test_one_visit_reads_a_file_once_for_all_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = draw(tmp_path / "a.jpg", (3000, 2000))
    path.write_bytes(path.read_bytes() + random.Random(1).randbytes(3_000_000))
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        data = pread(descriptor, size, offset)
        read.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", counted)
    stages = graph.discover()
    wanted = tuple(stage.name for stage in stages.file_stages)
    report = worker.report(Visit(os.fsencode(path), wanted), stages, Work())
    assert set(report.results) == set(wanted) >= {"identify", "metadata", "preview"}
    assert sum(read) == path.stat().st_size


def test_a_copy_of_a_known_photo_writes_no_pictures(here: Librarian) -> None:
    first = draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    before = {path: path.stat().st_ino for path in files(here)}
    shutil.copy(first, here.folder / "b.jpg")
    here.take_in()
    here.work_off()
    assert here.counts("identify").done == 2
    assert {path: path.stat().st_ino for path in files(here)} == before


def test_a_reset_makes_everything_again(here: Librarian) -> None:
    draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    before = known(here, b"a.jpg")
    shutil.rmtree(here.state / THUMBNAILS)
    assert runner.reset(here.writer, "preview") == 1
    here.work_off()
    assert known(here, b"a.jpg") == before
    assert files(here) == files_of(here, b"a.jpg")


def test_what_is_no_picture_fails_and_keeps_nothing(here: Librarian) -> None:
    (here.folder / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 but no picture at all" * 50)
    draw(here.folder / "good.jpg")
    here.take_in()
    here.work_off()
    assert here.counts("preview") == jobs.Counts(0, 1, 1)
    assert "bad.jpg" in here.failures("preview")[0]
    assert files(here) == files_of(here, b"good.jpg")


def test_a_torn_or_missing_picture_is_made_again(here: Librarian) -> None:
    for number in range(3):
        draw(here.folder / f"{number}.jpg", seed=number)
    here.take_in()
    here.work_off()
    whole = {path: path.read_bytes() for path in files(here)}
    torn = thumbnails(here).path_of(known(here, b"0.jpg")[0].content, PREVIEW_PX)
    torn.write_bytes(torn.read_bytes()[:-100])
    thumbnails(here).path_of(known(here, b"1.jpg")[0].content, THUMB_PX).unlink()
    look_after(here)
    assert here.counts("preview").queued == 2
    look_after(here)
    here.work_off()
    assert {path: path.read_bytes() for path in files(here)} == whole
    look_after(here)
    assert here.counts("preview") == jobs.Counts(0, 3, 0)


def test_pictures_of_what_is_gone_are_removed_and_come_back_with_it(
    here: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "RESPITE_NS", 0)
    original = draw(here.folder / "a.jpg", seed=1)
    draw(here.folder / "b.jpg", seed=2)
    here.take_in()
    here.work_off()
    look, content = known(here, b"a.jpg")[1], original.read_bytes()
    original.unlink()
    remove(here, b"a.jpg")
    look_after(here)
    assert files(here) == files_of(here, b"b.jpg")
    with here.store.read() as txn:
        assert assets.look(txn, here.named(b"a.jpg")) is None
    original.write_bytes(content)
    here.take_in()
    here.work_off()
    assert known(here, b"a.jpg")[1] == look
    assert files(here) == files_of(here, b"a.jpg", b"b.jpg")


def remove(here: Librarian, name: bytes) -> None:
    """The scan has seen that the only file of the photo is gone."""
    record, _ = known(here, name)
    here.writer.run(lambda txn: paths.remove_file(txn, record.files[0]))


def test_pictures_that_were_just_written_are_left_alone(here: Librarian) -> None:
    batch = thumbnails(here).batch()
    batch.add(bytes(32), {THUMB_PX: b"a", PREVIEW_PX: b"b"})
    batch.finish()
    look_after(here)
    assert len(files(here)) == 2


def test_an_edited_photo_shows_the_edit_and_the_old_pictures_go(
    here: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "RESPITE_NS", 0)
    path = draw(here.folder / "a.jpg", seed=1)
    here.take_in()
    here.work_off()
    before, asset = known(here, b"a.jpg"), here.named(b"a.jpg")
    draw(path, (640, 480), seed=2)
    here.writer.run(lambda txn: jobs.put(txn, jobs.stage(txn, "identify"), 1, jobs.JobRecord(jobs.NEW)))
    work_through(here)
    after = known(here, b"a.jpg")
    assert here.named(b"a.jpg") == asset
    assert after[0].content != before[0].content
    assert (after[1].width, after[1].height) == (640, 480)
    look_after(here)
    assert files(here) == files_of(here, b"a.jpg")


@pytest.mark.parametrize("stage", ["preview", "metadata"])
def test_a_file_that_was_edited_unseen_is_identified_before_a_stage_is_done_again(here: Librarian, stage: str) -> None:
    path = draw(here.folder / "a.jpg", seed=1)
    here.take_in()
    here.work_off()
    before = known(here, b"a.jpg")
    kept = {path: path.read_bytes() for path in files(here)}
    draw(path, (640, 480), seed=2)
    runner.reset(here.writer, stage)
    here.work_off()
    assert known(here, b"a.jpg") == before
    assert {path: path.read_bytes() for path in kept} == kept
    assert here.counts(stage).queued == 1
    work_through(here)
    record, look = known(here, b"a.jpg")
    assert record.content != before[0].content
    assert (look.width, look.height) == (640, 480)
    with here.store.read() as txn:
        metadata = assets.metadata(txn, here.named(b"a.jpg"))
    assert metadata is not None
    assert metadata.width == 640
    waiting = {name for name in here.graph.names if here.counts(name).queued}
    assert waiting == {"clip", "faces"}, "for want of a model"


def work_through(here: Librarian) -> None:
    """Work off everything, also what is put off for a moment."""
    for _ in range(4):
        here.writer.run(make_due)
        here.work_off()


def make_due(txn: WriteTransaction) -> None:
    for record in jobs.stages(txn).values():
        for subject in range(1, 10):
            job = jobs.get(txn, record, subject)
            if job is not None:
                jobs.put(txn, record, subject, msgspec.structs.replace(job, not_before_ms=0))


# ---- Killed ----


def killed(folder: Path, state: Path, when: str) -> None:
    """Have another process take the folder in, which is killed right `when`."""
    command = [sys.executable, "-m", "tests.component.preview_victim", str(folder), str(state), when]
    done = subprocess.run(command, cwd=CHECKOUT, check=False, timeout=100)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", ["written", "finished", "committed"])
def test_who_is_killed_between_pictures_and_facts_loses_nothing_and_leaves_nothing(tmp_path: Path, when: str) -> None:
    folder, state = tmp_path / "library", tmp_path / "state"
    folder.mkdir()
    names = [b"%d.jpg" % number for number in range(4)]
    for number, name in enumerate(names):
        draw(folder / name.decode(), seed=number)
    killed(folder, state, when)
    left = list((state / THUMBNAILS).rglob("*.jpg"))
    assert left
    with librarian(folder, state) as here:
        assert (here.counts("preview").done > 0) == (when == "committed")
        thumbnails(here).clear_unfinished()
        here.work_off()
        assert here.counts("preview") == jobs.Counts(0, 4, 0)
        assert files(here) == files_of(here, *names)
        look_after(here)
        assert here.counts("preview").queued == 0


# ---- The disk ----


def test_without_room_for_pictures_processing_pauses_says_so_and_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    noise = Image.frombytes("RGB", (1000, 800), random.Random(3).randbytes(1000 * 800 * 3))
    for number in range(6):
        noise.rotate(number).save(folder / f"{number}.jpg", quality=90)
    monkeypatch.setattr(runner, "HELD_UP_WAIT_S", 0.2)
    with small_disk(tmp_path, kind="tmpfs", megabytes=4) as disk, librarian(folder, tmp_path / "state") as here:
        (here.state / THUMBNAILS).symlink_to(disk)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(3 << 20))
        alerts: set[str | None] = set()

        def make_room(working: Runner) -> None:
            alerts.add(working.alert)
            if working.alert is not None:
                ballast.unlink(missing_ok=True)

        here.take_in()
        here.work_off(meanwhile=make_room)
        assert runner.DISK_FULL in alerts
        assert here.counts("preview") == jobs.Counts(0, 6, 0)
        assert files(here) == files_of(here, *(b"%d.jpg" % number for number in range(6)))


def test_pictures_that_cannot_be_written_leave_nothing_and_say_what_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "thumbs").write_text("in the way")
    with pytest.raises(StoreError, match=r"thumbnails in .* cannot be written"):
        Thumbnails(tmp_path / "thumbs").batch().add(bytes(32), {THUMB_PX: b"jpeg"})
    with small_disk(tmp_path, kind="tmpfs", megabytes=1) as disk:
        batch = Thumbnails(disk / "thumbs").batch()
        with pytest.raises(StoreFull, match="no room for thumbnails"):
            batch.add(bytes(32), {THUMB_PX: bytes(1000), PREVIEW_PX: bytes(2 << 20)})
        assert list(disk.rglob("*.jpg")) == []


def test_a_stage_waits_as_long_as_the_identification_of_its_file_does(here: Librarian) -> None:
    draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    later_ms = (time.time_ns() // 1_000_000) + 600_000

    def doubt(txn: WriteTransaction) -> None:
        jobs.put(txn, jobs.stage(txn, "identify"), 1, jobs.JobRecord(jobs.NEW, later_ms, 3, "EIO"))
        jobs.put(txn, jobs.stage(txn, "preview"), here.named(b"a.jpg"), jobs.JobRecord(jobs.BACKLOG))

    here.writer.run(doubt)
    here.work_off()
    with here.store.read() as txn:
        job = jobs.get(txn, jobs.stage(txn, "preview"), here.named(b"a.jpg"))
    assert job is not None
    assert job.not_before_ms >= later_ms
    assert job.attempts == 0


@pytest.mark.parametrize("how", ["touched", "moved elsewhere"])
def test_a_content_that_is_known_again_is_not_decoded_again(here: Librarian, how: str) -> None:
    path = draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    before = known(here, b"a.jpg")[1]
    if how == "touched":
        os.utime(path, (1, 1))
    else:
        (here.folder / "elsewhere").mkdir()
        shutil.copyfile(path, here.folder / "elsewhere" / "a.jpg")
        path.unlink()
        remove(here, b"a.jpg")
    here.take_in()
    queue_identify(here)
    runners: list[Runner] = []
    here.work_off(meanwhile=runners.append)
    work_through(here)
    assert runners[-1].pace.done.last_minute("identify") == 1
    assert runners[-1].pace.done.last_minute("metadata") == 1
    assert runners[-1].pace.done.last_minute("preview") == 0
    assert known(here, b"a.jpg")[1] == before
    assert files(here) == files_of(here, b"a.jpg")
    assert here.counts("preview") == jobs.Counts(0, 1, 0)


def queue_identify(here: Librarian) -> None:
    """As a full scan would that finds the file touched."""

    def put(txn: WriteTransaction) -> None:
        for file in range(1, 5):
            jobs.put(txn, jobs.stage(txn, "identify"), file, jobs.JobRecord(jobs.NEW))

    here.writer.run(put)


def test_what_was_not_finished_is_done_when_its_content_is_met_again(here: Librarian) -> None:
    path = draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    runner.reset(here.writer, "preview")
    os.utime(path, (1, 1))
    queue_identify(here)
    work_through(here)
    assert here.counts("preview") == jobs.Counts(0, 1, 0)


def test_a_photo_is_read_where_it_can_be_read(here: Librarian) -> None:
    first = draw(here.folder / "a.jpg")
    here.take_in()
    here.work_off()
    shutil.copyfile(first, here.folder / "b.jpg")
    here.take_in()
    here.work_off()
    record, look = known(here, b"a.jpg")
    assert len(record.files) == 2
    later_ms = (time.time_ns() // 1_000_000) + 600_000

    def doubt(txn: WriteTransaction) -> None:
        jobs.put(txn, jobs.stage(txn, "identify"), record.files[0], jobs.JobRecord(jobs.NEW, later_ms, 3, "EIO"))

    here.writer.run(doubt)
    runner.reset(here.writer, "preview")
    here.work_off()
    assert here.counts("preview") == jobs.Counts(0, 1, 0)
    assert known(here, b"a.jpg")[1] == look
