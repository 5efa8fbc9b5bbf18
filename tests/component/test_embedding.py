"""Stage `clip` with real children and a real, tiny model: what is embedded, what counts, what happens in bad times."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import os
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyroaring import BitMap

from photofsd.errors import StoreError
from photofsd.index.torn import Torn, look_at_rows
from photofsd.index.vectors import ROWS, VectorFile
from photofsd.media.frames import cut, strip
from photofsd.media.thumbnails import FRAMES_PX, PREVIEW_PX, Thumbnails
from photofsd.models.folder import Purpose, chosen
from photofsd.models.known_ids import IDS
from photofsd.models.loading import load
from photofsd.pipeline import model_questions, runner
from photofsd.pipeline.clip_model import NO_MODEL
from photofsd.pipeline.model_choice import Wanted
from photofsd.pipeline.model_questions import ModelSettings
from photofsd.pipeline.runner import Runner, RunnerSettings
from photofsd.pipeline.scheduler import FactTask
from photofsd.pipeline.sights import Picture
from photofsd.pipeline.stage import VECTORS, Work
from photofsd.pipeline.stages.clip import STAGE as CLIP
from photofsd.pipeline.vector_upkeep import VectorUpkeep
from photofsd.store import assets, embeddings, facets, jobs
from photofsd.types import AssetId, Facet
from tests.component import tiny_clip
from tests.component.embedding_victim import BATCH
from tests.component.librarian import SETTINGS, Librarian, librarian
from tests.component.poisoned_child import put_into_service
from tests.component.small_disk import small_disk

COLOURS = ("red", "green", "blue", "white", "black", "yellow", "magenta", "cyan", "gray", "orange", "brown", "pink")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Librarian]:
    """A library of a dozen pictures, and a store that must be clean in the end, with all of its rows whole."""
    folder, state = tmp_path / "library", tmp_path / "state"
    folder.mkdir()
    for colour in COLOURS:
        Image.new("RGB", (64, 48), colour).save(folder / f"{colour}.jpg")
    with librarian(folder, state) as found:
        found.take_in()
        yield found
        assert torn(found) == []


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with one model in it."""
    tiny_clip.make(tmp_path / "models", "first", seed=1)
    return tmp_path / "models"


def settings(models: Path, name: str = "", **how: int) -> RunnerSettings:
    return dataclasses.replace(SETTINGS, wanted=Wanted(models, name), models=ModelSettings(**how))


def model_id(models: Path, name: str = "") -> str:
    model = chosen(models, Purpose.CLIP, name)
    assert model is not None
    return model.id


def counted(here: Librarian, model: str) -> BitMap:
    with here.store.read() as txn:
        return facets.bitmap(txn, Facet.EMBEDDED, model.encode())


def answering(here: Librarian) -> str:
    with here.store.read() as txn:
        return embeddings.answering(txn)


def torn(here: Librarian) -> list[AssetId]:
    """Photos of which a row is not as the store says, and that are not queued."""
    with here.store.read() as txn:
        stage = jobs.stage(txn, "clip")
        found = look_at_rows(txn, here.state / VECTORS)
        return [row.asset for row in found.torn if jobs.get(txn, stage, row.asset) is None]


def vector(here: Librarian, model: str, asset: AssetId) -> np.ndarray:
    file = VectorFile(here.state / VECTORS / model, tiny_clip.DIMENSION)
    try:
        return file.read([asset])[0]
    finally:
        file.close()


def photos(here: Librarian) -> BitMap:
    with here.store.read() as txn:
        return facets.live(txn)


def test_every_photo_gets_the_vector_that_the_model_gives_its_preview(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    model = model_id(models)
    assert counted(here, model) == photos(here)
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS), 0)
    assert answering(here) == model
    installed = chosen(models, Purpose.CLIP)
    assert installed is not None
    clip = load(installed, threads=1)
    asset = here.named(b"red.jpg")
    with here.store.read() as txn:
        record, embedding = assets.asset(txn, asset), embeddings.embedding(txn, asset)
    assert record is not None
    assert embedding is not None
    with Image.open(Thumbnails(here.state / runner.THUMBNAILS).path_of(record.content, PREVIEW_PX)) as preview:
        expected = clip.of_pictures([preview])[0]
    row = vector(here, model, asset)
    assert row == pytest.approx(expected, abs=2e-3)
    assert embedding.rows == {model: zlib.crc32(row.tobytes())}


def test_the_vector_of_a_video_is_the_mean_of_those_of_its_key_frames(models: Path, tmp_path: Path) -> None:
    file, content = io.BytesIO(), bytes(range(32))
    strip([Image.new("RGB", (64, 48), colour) for colour in COLOURS[:3]]).save(file, "JPEG")
    batch = Thumbnails(tmp_path).batch()
    batch.add(content, {FRAMES_PX: file.getvalue()})
    batch.finish()
    installed = chosen(models, Purpose.CLIP)
    assert installed is not None
    clip = load(installed, threads=1)
    question = Picture(installed.id, content, 0, 3, len(file.getvalue()))
    alone, twice = CLIP.run([CLIP.look(question, Work(thumbnails=str(tmp_path)), clip)] * 2, clip)
    each = clip.of_pictures(cut(file.getvalue(), 3))
    mean = each.mean(axis=0)
    assert np.frombuffer(alone.row, "<f2") == pytest.approx(mean / np.linalg.norm(mean), abs=2e-3)
    assert alone == twice


def held_after(here: Librarian, how: RunnerSettings) -> str:
    """Work off what can be; why the stage is held then."""
    return here.work_off(how).scheduler.held("clip") or ""


def test_without_a_model_the_stage_waits_and_nothing_else_does(here: Librarian, tmp_path: Path) -> None:
    assert held_after(here, settings(tmp_path / "none")) == NO_MODEL
    assert here.counts("preview") == jobs.Counts(0, len(COLOURS), 0)
    assert here.counts("clip") == jobs.Counts(len(COLOURS), 0, 0)
    assert answering(here) == ""


def test_a_model_that_cannot_be_used_waits_and_says_why(here: Librarian, models: Path) -> None:
    (models / "clip/first/visual/model.onnx").write_bytes(b"torn")
    assert "cannot be loaded" in held_after(here, settings(models))
    assert here.counts("clip") == jobs.Counts(len(COLOURS), 0, 0)


def test_a_model_that_is_copied_by_half_waits_and_says_what_is_missing(here: Librarian, models: Path) -> None:
    (models / "clip/first/visual/model.onnx").unlink()
    why = held_after(here, settings(models))
    assert why == f"the model in {models / 'clip/first'} is not whole: visual/model.onnx missing"
    assert here.counts("clip") == jobs.Counts(len(COLOURS), 0, 0)


def test_a_chosen_model_that_is_not_there_waits_and_says_which_are(here: Librarian, models: Path) -> None:
    why = held_after(here, settings(models, "another"))
    assert "no clip model another" in why
    assert "there: first" in why
    assert here.counts("clip") == jobs.Counts(len(COLOURS), 0, 0)


# ---- Another model ----


def embedded_since(here: Librarian, models: Path, name: str) -> int:
    """How many photos are embedded when that model is wanted."""
    return here.work_off(settings(models, name)).pace.done.last_minute("clip")


def test_another_model_embeds_everything_before_it_answers_and_the_former_is_forgotten(
    here: Librarian, models: Path
) -> None:
    here.work_off(settings(models, "first"))
    first = model_id(models, "first")
    tiny_clip.make(models, "second", seed=2)
    second = model_id(models, "second")
    seen: list[tuple[str, int, int]] = []

    def look(_: Runner) -> None:
        with here.store.read() as txn:
            old, new = (facets.bitmap(txn, Facet.EMBEDDED, model.encode()) for model in (first, second))
            seen.append((embeddings.answering(txn), len(old), len(new)))

    here.work_off(settings(models, "second", batch_max=1), meanwhile=look)
    assert all(len(COLOURS) in {old, new} for _, old, new in seen), seen
    assert all(old == len(COLOURS) for model, old, _ in seen if model == first), seen
    assert all(new == len(COLOURS) for model, _, new in seen if model == second), seen
    assert answering(here) == second
    here.work_off(settings(models, "second"))
    assert counted(here, first) == BitMap()
    assert counted(here, second) == photos(here)
    assert not (here.state / VECTORS / first).exists()
    with here.store.read() as txn:
        assert embeddings.former(txn) == []
        assert {
            tuple(record.rows) for asset in photos(here) if (record := embeddings.embedding(txn, AssetId(asset)))
        } == {(second,)}


def some_with(here: Librarian, models: Path, name: str, some: int) -> None:
    """Embed some photos with a model, and change our mind."""

    def enough(worker: Runner) -> None:
        scheduler = worker.scheduler
        take = type(scheduler).model_tasks

        def take_until_enough(batch: int, **how: str) -> Sequence[FactTask]:
            if len(counted(here, model_id(models, name))) < some:
                return take(scheduler, batch, **how)
            scheduler.hold("clip", "enough")
            return ()

        scheduler.model_tasks = take_until_enough  # type: ignore[method-assign]

    here.work_off(settings(models, name, batch_max=2), meanwhile=enough)


def test_back_to_the_former_model_half_way_embeds_nothing_twice(here: Librarian, models: Path) -> None:
    here.work_off(settings(models, "first"))
    tiny_clip.make(models, "second", seed=2)
    some_with(here, models, "second", 3)
    half = len(counted(here, model_id(models, "second")))
    assert 3 <= half < len(COLOURS)
    assert answering(here) == model_id(models, "first")
    assert embedded_since(here, models, "first") == 0
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS), 0)
    assert embedded_since(here, models, "second") == len(COLOURS) - half
    assert answering(here) == model_id(models, "second")


def test_a_model_that_was_taken_away_hands_over_at_once(here: Librarian, models: Path) -> None:
    here.work_off(settings(models, "first"))
    tiny_clip.make(models, "second", seed=2)
    shutil.rmtree(models / "clip/first")
    some_with(here, models, "second", 1)
    assert answering(here) == model_id(models, "second")


def test_a_model_that_is_back_is_as_it_was(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    (models / "clip/first").rename(models.parent / "away")
    here.work_off(settings(models))
    assert len(counted(here, answering(here))) == len(COLOURS)
    (models.parent / "away").rename(models / "clip/first")
    assert embedded_since(here, models, "") == 0


def test_a_model_whose_files_are_yet_to_be_read_is_not_taken_for_gone(here: Librarian, models: Path) -> None:
    here.work_off(settings(models, "first"))
    first = answering(here)
    tiny_clip.make(models, "second", seed=2)
    some_with(here, models, "second", 1)
    (here.state / IDS).unlink()
    some_with(here, models, "second", 2)
    assert answering(here) == first


def test_reset_embeds_anew(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    assert runner.reset(here.writer, "clip") == len(COLOURS)
    assert embedded_since(here, models, "") == len(COLOURS)
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS), 0)


def test_a_photo_that_is_edited_gets_another_vector(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    asset, model = here.named(b"red.jpg"), model_id(models)
    before = vector(here, model, asset)
    Image.new("RGB", (64, 48), "navy").save(here.folder / "red.jpg")
    here.take_in()
    here.work_off(settings(models))
    assert here.named(b"red.jpg") == asset
    assert counted(here, model) == photos(here)
    assert not np.allclose(vector(here, model, asset), before, atol=0.01)


# ---- Bad times ----


def test_a_row_that_is_torn_is_found_and_made_again(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    asset, model = here.named(b"red.jpg"), model_id(models)
    whole = vector(here, model, asset)
    with (here.state / VECTORS / model / ROWS).open("r+b") as file:
        file.seek(asset * tiny_clip.DIMENSION * 2 + 4)
        file.write(b"\xff\xff\xff")
    assert torn(here) == [asset]
    assert looked_after(here) == 1
    assert counted(here, model) == photos(here) - BitMap([asset])
    assert embedded_since(here, models, "") == 1
    assert vector(here, model, asset) == pytest.approx(whole, abs=1e-3)


def test_a_torn_row_that_is_about_to_be_made_again_or_has_been_counts_as_it_is(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    asset, model = here.named(b"red.jpg"), model_id(models)
    stale = [Torn(asset, model, asset, crc=1)]
    upkeep = VectorUpkeep(here.store, here.writer, here.graph, here.state)
    assert here.writer.run(functools.partial(upkeep._embed_again, stale), rows=1) == 0
    runner.reset(here.writer, "clip")
    with (here.state / VECTORS / model / ROWS).open("r+b") as file:
        file.seek(asset * tiny_clip.DIMENSION * 2 + 4)
        file.write(b"\xff\xff\xff")
    assert looked_after(here) == 0
    assert counted(here, model) == photos(here)
    assert embedded_since(here, models, "") == len(COLOURS)


@pytest.mark.parametrize("damage", ["cut short", "gone", "of nobody", "of another", "torn"])
def test_vectors_that_are_gone_are_made_again(here: Librarian, models: Path, damage: str) -> None:
    here.work_off(settings(models))
    folder = here.state / VECTORS / model_id(models)
    if damage == "cut short":
        os.truncate(folder / ROWS, 2 * tiny_clip.DIMENSION * 3)
    elif damage == "gone":
        shutil.rmtree(folder)
    elif damage == "of nobody":
        (folder / "model.json").unlink()
    else:
        (folder / "model.json").write_text("{" if damage == "torn" else "{}")
    lost = looked_after(here)
    assert 0 < lost <= len(COLOURS)
    assert embedded_since(here, models, "") == lost
    assert counted(here, model_id(models)) == photos(here)


def test_vectors_that_cannot_be_read_now_are_not_made_again(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    note = here.state / VECTORS / model_id(models) / "model.json"
    note.rename(note.with_name("aside"))
    note.mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        looked_after(here)
    note.rmdir()
    note.with_name("aside").rename(note)
    assert looked_after(here) == 0
    assert counted(here, model_id(models)) == photos(here)


def looked_after(here: Librarian) -> int:
    """How many rows the upkeep finds torn."""
    import trio  # noqa: PLC0415

    return trio.run(VectorUpkeep(here.store, here.writer, here.graph, here.state).look)


@pytest.mark.parametrize("damage", ["full of zeros", "cut short", "gone"])
def test_a_preview_that_is_torn_costs_its_photo_alone_and_is_made_again(
    here: Librarian, models: Path, damage: str
) -> None:
    here.work_off()
    asset = here.named(b"red.jpg")
    with here.store.read() as txn:
        record = assets.asset(txn, asset)
    assert record is not None
    preview = Thumbnails(here.state / runner.THUMBNAILS).path_of(record.content, PREVIEW_PX)
    whole = preview.read_bytes()
    preview.write_bytes(bytes(len(whole)) if damage == "full of zeros" else whole[:100])
    if damage == "gone":
        preview.unlink()
    here.work_off(settings(models))
    assert here.counts("clip") == jobs.Counts(1, len(COLOURS) - 1, 0)
    assert counted(here, model_id(models)) == photos(here) - BitMap([asset])
    assert preview.read_bytes() == whole
    here.writer.run(lambda txn: jobs.retry(txn, jobs.stage(txn, "clip"), limit=10))
    here.work_off(settings(models))
    assert counted(here, model_id(models)) == photos(here)


def test_a_batch_that_does_not_fit_into_memory_is_halved(
    here: Librarian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_clip.make(tmp_path / "models", "greedy", greedy_mb=256)
    monkeypatch.setattr(model_questions, "BATCH_FIRST", len(COLOURS))
    here.work_off(settings(tmp_path / "models", memory_mb=2000))
    assert counted(here, model_id(tmp_path / "models")) == photos(here)
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS), 0)


def test_a_photo_that_does_not_fit_alone_waits_with_its_stage(here: Librarian, tmp_path: Path) -> None:
    tiny_clip.make(tmp_path / "models", "greedy", greedy_mb=700)
    why = held_after(here, settings(tmp_path / "models", memory_mb=600))
    assert "no memory" in why
    assert "models.memory_mb" in why
    assert here.counts("clip") == jobs.Counts(len(COLOURS), 0, 0)
    here.work_off(settings(tmp_path / "models", memory_mb=3000))
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS), 0)


def children(module: str) -> Iterator[int]:
    """The children of this process that run a module."""
    listed = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, check=False)
    for line in listed.stdout.splitlines():
        if module.encode() in line:
            yield int(line.split()[0])


def killing(signal_number: int, times: int) -> Callable[[Runner], None]:
    left = [times]

    def kill(worker: Runner) -> None:
        for child in children("photofsd.pipeline.model_child"):
            if left[0] and worker.scheduler.leased("clip"):
                left[0] -= 1
                os.kill(child, signal_number)

    return kill


def test_a_models_process_that_is_killed_costs_no_photo(here: Librarian, models: Path) -> None:
    here.work_off()
    here.work_off(settings(models), meanwhile=killing(signal.SIGKILL, 1))
    assert counted(here, model_id(models)) == photos(here)
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS), 0)


@pytest.fixture
def poison(here: Librarian, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a models process into service that dies over what it is told to."""
    here.work_off()
    return functools.partial(put_into_service, monkeypatch)


def test_a_photo_over_which_the_process_dies_is_given_up_alone(
    here: Librarian, models: Path, poison: Callable[[str], None]
) -> None:
    asset = here.named(b"red.jpg")
    with here.store.read() as txn:
        record = assets.asset(txn, asset)
    assert record is not None
    poison(record.content.hex())
    here.work_off(settings(models))
    assert here.counts("clip") == jobs.Counts(0, len(COLOURS) - 1, 1)
    assert "killed by SIGKILL" in here.failures("clip")[0]
    assert counted(here, model_id(models)) == photos(here) - BitMap([asset])


def test_a_process_that_dies_over_everything_rests_and_fails_no_photo(
    here: Librarian, models: Path, poison: Callable[[str], None]
) -> None:
    poison("all")
    assert "nothing has worked since" in held_after(here, settings(models))
    assert here.counts("clip") == jobs.Counts(len(COLOURS), 0, 0)


@pytest.mark.parametrize("when", ["written", "synced", "committed"])
def test_a_daemon_that_is_killed_on_the_way_to_the_store_embeds_nothing_twice_and_counts_nothing_too_early(
    tmp_path: Path, models: Path, when: str
) -> None:
    folder, state = tmp_path / "library", tmp_path / "state"
    folder.mkdir()
    for colour in COLOURS:
        Image.new("RGB", (64, 48), colour).save(folder / f"{colour}.jpg")
    victim = [sys.executable, "-m", "tests.component.embedding_victim", *map(str, (folder, state, models)), when]
    assert subprocess.run(victim, check=False, timeout=120).returncode == -signal.SIGKILL
    with librarian(folder, state) as here:
        model = model_id(models)
        there = len(counted(here, model))
        assert there == (BATCH if when == "committed" else 0)
        assert torn(here) == []
        assert embedded_since(here, models, "") == len(COLOURS) - there
        assert counted(here, model) == photos(here)
        assert looked_after(here) == 0


def test_without_room_for_vectors_processing_pauses_and_goes_on_by_itself(
    here: Librarian, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "HELD_UP_WAIT_S", 0.2)
    here.work_off()
    with small_disk(tmp_path, kind="tmpfs", megabytes=1) as disk:
        (here.state / VECTORS).symlink_to(disk)
        ballast, alerts = disk / "ballast", set[str | None]()
        with contextlib.suppress(OSError):
            ballast.write_bytes(bytes(2 << 20))

        def make_room(working: Runner) -> None:
            alerts.add(working.alert)
            if working.alert is not None:
                ballast.unlink(missing_ok=True)

        here.work_off(settings(models), meanwhile=make_room)
        assert runner.DISK_FULL in alerts
        assert counted(here, model_id(models)) == photos(here)
        assert torn(here) == []
        (here.state / VECTORS).unlink()
        shutil.copytree(disk, here.state / VECTORS)
