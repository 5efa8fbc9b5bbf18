"""Stage `faces` in the pipeline: what it finds, in what model it is, and what bad times make of it."""

from __future__ import annotations

import dataclasses
import gc
import io
import os
import shutil
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import trio
from PIL import Image

from photofsd.index import torn as torn_rows
from photofsd.index.torn import look_at_rows
from photofsd.index.vectors import FACE_ROWS, VectorFile, crcs
from photofsd.media.frames import strip
from photofsd.media.thumbnails import FRAMES_PX, PREVIEW_PX, Thumbnails
from photofsd.models.folder import Purpose, chosen
from photofsd.models.loading import load_faces
from photofsd.pipeline import model_questions, runner
from photofsd.pipeline.face_model import NO_MODEL
from photofsd.pipeline.model_child import Models
from photofsd.pipeline.model_choice import Wanted
from photofsd.pipeline.model_questions import ModelSettings
from photofsd.pipeline.runner import Runner, RunnerSettings
from photofsd.pipeline.sights import Picture
from photofsd.pipeline.stage import VECTORS, ModelInUse, Work
from photofsd.pipeline.stages.faces import STAGE as FACES
from photofsd.pipeline.vector_upkeep import VectorUpkeep
from photofsd.records import Face, FaceSaid
from photofsd.store import assets, face_said, faces, jobs, model_roles, people
from photofsd.store.overlap import box
from photofsd.types import AssetId, FaceId, Hold
from tests.component import tiny_clip, tiny_faces
from tests.component.embedding_victim import BATCH
from tests.component.films import RATE, film
from tests.component.librarian import SETTINGS, Librarian, librarian
from tests.component.poisoned_child import put_into_service

PEOPLE = {
    "nobody.jpg": (),
    "blue.jpg": ("blue",),
    "lime.jpg": ("lime",),
    "two.jpg": ("blue", "lime"),
    "three.jpg": ("yellow", "blue", "lime"),
    "more.jpg": ("yellow", "white"),
}
FOUND = sum(map(len, PEOPLE.values()))
IDENTICAL = 0.97
ALIKE = 0.9
"""Colours of a video are a little other ones."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Librarian]:
    """A library of some people, and a store that must be clean in the end, with all of its rows whole."""
    folder, state = tmp_path / "library", tmp_path / "state"
    draw(folder)
    with librarian(folder, state) as found:
        found.take_in()
        yield found
        assert torn(found) == []


def draw(folder: Path) -> None:
    folder.mkdir()
    for name, some in PEOPLE.items():
        tiny_faces.picture(*some).save(folder / name, quality=95)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with one pack in it."""
    tiny_faces.make(tmp_path / "models", "first", seed=1)
    return tmp_path / "models"


def settings(models: Path, name: str = "", **how: int) -> RunnerSettings:
    return dataclasses.replace(SETTINGS, wanted=Wanted(models, faces=name), models=ModelSettings(**how))


def model_id(models: Path, name: str = "") -> str:
    model = chosen(models, Purpose.FACES, name)
    assert model is not None
    return model.id


def in_photo(here: Librarian, name: str) -> list[Face]:
    """The faces of a photo, from left to right."""
    with here.store.read() as txn:
        found = faces.faces(txn, assets.named(txn, name.encode()) or AssetId(0))
    assert found is not None, f"nobody has looked at {name}"
    return sorted(found.faces, key=lambda face: face.left)


def all_faces(here: Librarian) -> dict[str, list[Face]]:
    return {name: in_photo(here, name) for name in PEOPLE}


def vectors(here: Librarian, model: str, *some: Face) -> np.ndarray:
    file = VectorFile(here.state / VECTORS / model, tiny_faces.DIMENSION, FACE_ROWS)
    try:
        return file.read([face.id for face in some]).astype(np.float32)
    finally:
        file.close()


def torn(here: Librarian) -> list[AssetId]:
    """Photos of which the row of a face is not as the store says, and that are not queued."""
    with here.store.read() as txn:
        stage = jobs.stage(txn, "faces")
        found = look_at_rows(txn, here.state / VECTORS, kind=torn_rows.FACES)
        return [row.asset for row in found.torn if jobs.get(txn, stage, row.asset) is None]


def looked_after(here: Librarian) -> int:
    """How many photos' rows the upkeep finds torn."""
    return trio.run(VectorUpkeep(here.store, here.writer, here.graph, here.state).look)


def test_every_face_is_found_and_described_by_the_vector_that_the_model_gives_it(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    model = model_id(models)
    assert here.counts("faces") == jobs.Counts(0, len(PEOPLE), 0)
    found = all_faces(here)
    assert {name: len(some) for name, some in found.items()} == {name: len(some) for name, some in PEOPLE.items()}
    assert len({face.id for some in found.values() for face in some}) == FOUND
    for name, some in found.items():
        rows = vectors(here, model, *some).astype(np.float16)
        assert crcs(rows) == [face.crc for face in some], name
    (blue,), (lime,) = found["blue.jpg"], found["lime.jpg"]
    cosines = vectors(here, model, *found["two.jpg"]) @ vectors(here, model, blue, lime).T
    assert (cosines > IDENTICAL).tolist() == [[True, False], [False, True]], cosines
    with here.store.read() as txn:
        rows_of_faces = dict(faces.rows(txn))
        assert {face.id for some in found.values() for face in some} == rows_of_faces.keys()
        assert all(row.asset and row.hold is Hold.NONE for row in rows_of_faces.values())


def test_what_is_said_of_a_face_is_what_the_preview_shows(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    installed = chosen(models, Purpose.FACES)
    assert installed is not None
    with here.store.read() as txn:
        record = assets.asset(txn, here.named(b"two.jpg"))
    assert record is not None
    with Image.open(Thumbnails(here.state / runner.THUMBNAILS).path_of(record.content, PREVIEW_PX)) as preview:
        (expected,) = load_faces(installed, threads=1).of_pictures([preview.convert("RGB")])
    for seen, face in zip(sorted(expected, key=lambda seen: seen.face.left), in_photo(here, "two.jpg"), strict=True):
        assert face == msgspec.structs.replace(seen.face, id=face.id, crc=face.crc)


def test_everybody_in_a_video_counts_once_and_two_of_one_frame_are_two(models: Path, tmp_path: Path) -> None:
    file, content = io.BytesIO(), bytes(range(32))
    frames = [tiny_faces.picture("blue"), tiny_faces.picture("blue", "lime"), tiny_faces.picture("lime", "lime")]
    strip(frames).save(file, "JPEG", quality=95)
    batch = Thumbnails(tmp_path).batch()
    batch.add(content, {FRAMES_PX: file.getvalue()})
    batch.finish()
    installed = chosen(models, Purpose.FACES)
    assert installed is not None
    model = load_faces(installed, threads=1)
    question = Picture(installed.id, content, 0, len(frames), len(file.getvalue()))
    seen = FACES.look(question, Work(thumbnails=str(tmp_path)), model)
    alone, twice = FACES.run([seen] * 2, model)
    assert alone == twice
    rows = np.array([np.frombuffer(face.row, "<f2") for face in alone.faces], np.float32)
    (blue,), (lime,) = model.of_pictures([tiny_faces.picture("blue"), tiny_faces.picture("lime")])
    cosines = rows @ np.array([blue.vector, lime.vector]).T
    assert sorted((cosines > IDENTICAL).tolist()) == [[False, True], [False, True], [True, False]], cosines


def test_whoever_is_in_a_video_at_any_time_is_found_in_its_key_frames(here: Librarian, models: Path) -> None:
    parts = [tiny_faces.picture("blue"), tiny_faces.picture(), tiny_faces.picture("lime")]
    film(here.folder / "film.mp4", (picture for picture in parts for _ in range(6 * RATE)))
    here.take_in()
    here.work_off(settings(models))
    known = vectors(here, model_id(models), in_photo(here, "blue.jpg")[0], in_photo(here, "lime.jpg")[0])
    cosines = vectors(here, model_id(models), *in_photo(here, "film.mp4")) @ known.T
    assert sorted((cosines > ALIKE).tolist()) == [[False, True], [True, False]], cosines


def held_after(here: Librarian, how: RunnerSettings) -> str:
    """Work off what can be; why the stage is held then."""
    return here.work_off(how).scheduler.held("faces") or ""


def test_without_a_pack_the_stage_waits_and_nothing_else_does(here: Librarian, tmp_path: Path) -> None:
    assert held_after(here, settings(tmp_path / "none")) == NO_MODEL
    assert here.counts("preview") == jobs.Counts(0, len(PEOPLE), 0)
    assert here.counts("faces") == jobs.Counts(len(PEOPLE), 0, 0)


def test_a_pack_that_cannot_be_used_waits_and_says_why(here: Librarian, models: Path) -> None:
    (models / "faces/first/rec.onnx").write_bytes(b"torn")
    assert "rec.onnx is no model of ONNX" in held_after(here, settings(models))
    assert here.counts("faces") == jobs.Counts(len(PEOPLE), 0, 0)
    assert "there is no faces model other" in held_after(here, settings(models, "other"))


def test_two_stages_share_the_models_process(here: Librarian, models: Path) -> None:
    tiny_clip.make(models, "seer")
    here.work_off(settings(models))
    for stage in ("clip", "faces"):
        assert here.counts(stage) == jobs.Counts(0, len(PEOPLE), 0)


@pytest.mark.parametrize("memory_mb, is_kept", [(1, False), (1000, True)])
def test_models_lie_side_by_side_only_where_memory_is_ample(tmp_path: Path, memory_mb: int, *, is_kept: bool) -> None:
    tiny_clip.make(tmp_path, "seer")
    for name in ("first", "second"):
        folder = tiny_faces.make(tmp_path, name)
        (folder / "large.bin").write_bytes(bytes(300_000))
    clip, first, second = (
        ModelInUse(f"{purpose} {name}", purpose, str(tmp_path / purpose / name))
        for purpose, name in (("clip", "seer"), ("faces", "first"), ("faces", "second"))
    )
    models = Models(memory_mb)
    known = weakref.ref(models.get(first, 1))
    assert models.get(first, 1) is known()
    models.get(clip, 1)
    gc.collect()
    assert (known() is not None) == is_kept
    models.get(second, 1)
    gc.collect()
    assert known() is None, "of two for the same purpose one is of no use"


# ---- Another pack ----


def said_by_hand(here: Librarian, name: str, called: bytes) -> FaceId:
    """Have the user say that the first face of a photo is somebody; the face."""
    face, asset = in_photo(here, name)[0], here.named(name.encode())
    with here.store.write() as txn:
        record = assets.asset(txn, asset)
        assert record is not None
        somebody = people.new_person(txn, called)
        face_said.say(txn, record.content, box(face), FaceSaid(somebody))
        faces.settle(txn, asset)
    return face.id


def people_in(here: Librarian, name: str) -> list[tuple[bytes, Hold]]:
    """Who is in a photo, from left to right: names, and who says so."""
    with here.store.read() as txn:
        rows = [faces.row(txn, face.id) for face in in_photo(here, name)]
        persons = [people.person(txn, people.of_cluster(txn, row.cluster)) for row in rows if row is not None]
        return [
            (somebody.name if somebody else b"", row.hold)
            for somebody, row in zip(persons, rows, strict=True)
            if row is not None
        ]


def test_another_pack_looks_at_everything_again_and_names_stay(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    first = model_id(models)
    before = all_faces(here)
    said_by_hand(here, "two.jpg", b"Alice")
    tiny_faces.make(models, "second", seed=2)
    here.work_off(settings(models, "second"))
    second = model_id(models, "second")
    with here.store.read() as txn:
        assert model_roles.chosen(txn, "faces") == second
        assert {faces.faces(txn, here.named(name.encode())).model for name in PEOPLE} == {second}  # type: ignore[union-attr]
    after = all_faces(here)
    assert not {face.id for some in before.values() for face in some} & {f.id for some in after.values() for f in some}
    assert people_in(here, "two.jpg") == [(b"Alice", Hold.HAND), (b"", Hold.NONE)]
    here.work_off(settings(models, "second"))
    assert not (here.state / VECTORS / first).exists()


def test_a_pack_that_is_back_looks_at_nothing_twice(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    before = all_faces(here)
    (models / "faces").rename(models / "away")
    assert held_after(here, settings(models)) == NO_MODEL
    (models / "away").rename(models / "faces")
    here.work_off(settings(models))
    assert all_faces(here) == before


def test_reset_finds_faces_anew_and_names_stay(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    said_by_hand(here, "blue.jpg", b"Bob")
    before = {face.id for some in all_faces(here).values() for face in some}
    assert runner.reset(here.writer, "faces") == len(PEOPLE)
    here.work_off(settings(models))
    assert not before & {face.id for some in all_faces(here).values() for face in some}
    assert people_in(here, "blue.jpg") == [(b"Bob", Hold.HAND)]


def test_a_photo_that_is_edited_is_looked_at_again(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    tiny_faces.picture("white", "white").save(here.folder / "blue.jpg", quality=95)
    here.take_in()
    here.work_off(settings(models))
    assert len(in_photo(here, "blue.jpg")) == 2


# ---- Bad times ----


def test_a_row_that_is_torn_is_found_and_its_photo_looked_at_again(here: Librarian, models: Path) -> None:
    here.work_off(settings(models))
    model, (face, other) = model_id(models), in_photo(here, "two.jpg")
    said_by_hand(here, "two.jpg", b"Alice")
    whole = vectors(here, model, face, other)
    with (here.state / VECTORS / model / FACE_ROWS).open("r+b") as file:
        file.seek(face.id * tiny_faces.DIMENSION * 2 + 4)
        file.write(b"\xff\xff\xff")
    assert torn(here) == [here.named(b"two.jpg")]
    assert looked_after(here) == 1
    assert looked_after(here) == 0  # it is queued
    here.work_off(settings(models))
    again = in_photo(here, "two.jpg")
    assert vectors(here, model, *again) == pytest.approx(whole, abs=1e-3)
    assert people_in(here, "two.jpg")[0] == (b"Alice", Hold.HAND)


def test_room_of_faces_that_are_no_more_is_given_back_but_not_that_of_those_to_come(
    here: Librarian, models: Path
) -> None:
    here.work_off(settings(models))
    path = here.state / VECTORS / model_id(models) / FACE_ROWS

    def lost_on_the_way(count: int = 4096) -> int:
        """Write vectors whose faces never come into the store; what the disk has of the file then."""
        file = VectorFile(path.parent, tiny_faces.DIMENSION, FACE_ROWS)
        first = here.writer.run(lambda txn: faces.reserve(txn, count))
        file.write(range(first, first + count), np.ones((count, tiny_faces.DIMENSION), np.float32))
        file.sync()
        file.close()
        return path.stat().st_blocks

    before = lost_on_the_way()
    assert looked_after(here) == 0
    assert path.stat().st_blocks < before / 2
    upkeep = VectorUpkeep(here.store, here.writer, here.graph, here.state)
    before = lost_on_the_way()
    trio.run(upkeep.look)
    assert path.stat().st_blocks == before
    trio.run(upkeep.look)
    assert path.stat().st_blocks < before / 2
    assert torn(here) == []


@pytest.mark.parametrize("damage", ["cut short", "gone"])
def test_vectors_that_are_gone_are_made_again(here: Librarian, models: Path, damage: str) -> None:
    here.work_off(settings(models))
    folder = here.state / VECTORS / model_id(models)
    if damage == "cut short":
        os.truncate(folder / FACE_ROWS, 2 * tiny_faces.DIMENSION * 2)
    else:
        shutil.rmtree(folder)
    assert looked_after(here) > 0
    here.work_off(settings(models))
    assert {name: len(some) for name, some in all_faces(here).items()} == {n: len(some) for n, some in PEOPLE.items()}


def test_a_preview_that_is_torn_costs_its_photo_alone_and_is_made_again(here: Librarian, models: Path) -> None:
    here.work_off()
    with here.store.read() as txn:
        record = assets.asset(txn, here.named(b"two.jpg"))
    assert record is not None
    preview = Thumbnails(here.state / runner.THUMBNAILS).path_of(record.content, PREVIEW_PX)
    whole = preview.read_bytes()
    preview.write_bytes(bytes(len(whole)))
    here.work_off(settings(models))
    assert here.counts("faces") == jobs.Counts(1, len(PEOPLE) - 1, 0)
    assert preview.read_bytes() == whole
    here.writer.run(lambda txn: jobs.retry(txn, jobs.stage(txn, "faces"), limit=10))
    here.work_off(settings(models))
    assert len(in_photo(here, "two.jpg")) == 2


def test_a_batch_that_does_not_fit_into_memory_is_halved(
    here: Librarian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_faces.make(tmp_path / "models", "greedy", greedy_mb=200)
    monkeypatch.setattr(model_questions, "BATCH_FIRST", len(PEOPLE))
    here.work_off(settings(tmp_path / "models", memory_mb=1500))
    assert here.counts("faces") == jobs.Counts(0, len(PEOPLE), 0)


def test_a_photo_that_does_not_fit_alone_waits_with_its_stage(here: Librarian, tmp_path: Path) -> None:
    tiny_faces.make(tmp_path / "models", "greedy", greedy_mb=700)
    why = held_after(here, settings(tmp_path / "models", memory_mb=600))
    assert "no memory" in why
    assert "models.memory_mb" in why
    assert here.counts("faces").failed == 0


def test_a_photo_over_which_the_process_dies_is_given_up_alone(
    here: Librarian, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.work_off()
    with here.store.read() as txn:
        record = assets.asset(txn, here.named(b"two.jpg"))
    assert record is not None
    put_into_service(monkeypatch, record.content.hex())
    here.work_off(settings(models))
    assert here.counts("faces") == jobs.Counts(0, len(PEOPLE) - 1, 1)


@pytest.mark.parametrize("when", ["written", "synced", "committed"])
def test_a_daemon_that_is_killed_on_the_way_to_the_store_counts_nothing_too_early(
    tmp_path: Path, models: Path, when: str
) -> None:
    folder, state = tmp_path / "library", tmp_path / "state"
    draw(folder)
    victim = [sys.executable, "-m", "tests.component.embedding_victim", *map(str, (folder, state, models)), when]
    assert subprocess.run(victim, check=False, timeout=120).returncode == -signal.SIGKILL
    with librarian(folder, state) as here:
        there = here.counts("faces").done
        assert there == (BATCH if when == "committed" else 0)
        assert torn(here) == []
        here.work_off(settings(models))
        assert here.counts("faces") == jobs.Counts(0, len(PEOPLE), 0)
        assert {name: len(some) for name, some in all_faces(here).items()} == {
            name: len(some) for name, some in PEOPLE.items()
        }
        assert looked_after(here) == 0


def test_a_models_process_that_is_killed_costs_no_photo(here: Librarian, models: Path) -> None:
    here.work_off()
    here.work_off(settings(models), meanwhile=_killer([1]))
    assert here.counts("faces") == jobs.Counts(0, len(PEOPLE), 0)


def _killer(left: list[int]) -> Callable[[Runner], None]:
    def kill(worker: Runner) -> None:
        listed = subprocess.run(
            ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, check=False
        )
        for line in listed.stdout.splitlines():
            if b"photofsd.pipeline.model_child" in line and left[0] and worker.scheduler.leased("faces"):
                left[0] -= 1
                os.kill(int(line.split()[0]), signal.SIGKILL)

    return kill
