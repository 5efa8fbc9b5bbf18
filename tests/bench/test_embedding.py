"""Photos shown to an image-text model: the stage beside the bare loop over the same previews, and the whole way.

The model is ViT-B-32 with weights at random (vit.py), kept in PHOTOFSD_BENCH_CACHE where that says a folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Status
from photofsd.media.thumbnails import PREVIEW_PX
from photofsd.models.folder import Installed, Layout, Purpose
from photofsd.models.loading import load
from photofsd.models.pixels import Preprocessing
from photofsd.pipeline.model_choice import Wanted
from photofsd.pipeline.model_questions import ModelSettings
from photofsd.pipeline.runner import THUMBNAILS, Runner
from tests.bench import vit
from tests.bench.conftest import Scaled
from tests.bench.originals import camera_photos
from tests.bench.running import children_of, cpu_s_of, running
from tests.bench.sheet import Sheet
from tests.bench.test_preview import CORES, SETTLE_S, bare_rate
from tests.component.librarian import SETTINGS, Librarian, librarian

PHOTOS = 400
BARE_BATCH = 8
GPU_BATCH = 128
GPU_PHOTOS = 4096
GPU_TOLD = (80.0, 110.0)
"""What this project was told to expect of a GPU, images/s."""
STAGE_SHARE_MIN = 0.85
LIMIT_S = 1800.0


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("PHOTOFSD_BENCH_CACHE")
    folder = Path(kept) / "models" if kept else tmp_path_factory.mktemp("models")
    vit.in_onnx(folder)
    return folder


@contextlib.contextmanager
def looked_at(tmp_path: Path, photos: int) -> Iterator[tuple[Librarian, list[Path]]]:
    """A library whose previews are made, and these."""
    camera_photos(tmp_path / "library", photos, 2)
    with librarian(tmp_path / "library", tmp_path / "state") as here:
        here.take_in()
        here.work_off(limit_s=LIMIT_S)
        yield here, sorted((here.state / THUMBNAILS / str(PREVIEW_PX)).rglob("*.jpg"))


def shown(path: Path, pixels: Preprocessing) -> np.ndarray:
    """A preview as the model wants it, in the fewest words."""
    with Image.open(path) as picture:
        scale = vit.SIDE / min(picture.size)
        picture.draft("RGB", (round(picture.width * scale), round(picture.height * scale)))
        return pixels.tensor(picture)


class Rate(NamedTuple):
    """Images a second by the clock, and by processor time: of one core."""

    per_s: float
    per_core_s: float


def bare_loop(encode: Callable[[np.ndarray], object], paths: Sequence[Path], pixels: Preprocessing, batch: int) -> Rate:
    """A loop that decodes, prepares and encodes."""
    encode(np.stack([shown(path, pixels) for path in paths[:batch]]))
    started_s, spent_s = time.perf_counter(), time.process_time()
    for first in range(0, len(paths), batch):
        encode(np.stack([shown(path, pixels) for path in paths[first : first + batch]]))
    took_s, spent_s = time.perf_counter() - started_s, time.process_time() - spent_s
    return Rate(len(paths) / took_s, len(paths) / spent_s)


def bare_onnx(models: Path, paths: Sequence[Path], threads: int) -> Rate:
    """ONNX Runtime alone."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="what runs models is not installed")
    folder = models / "clip" / vit.NAME
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(
        str(folder / "visual/model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    pixels = Preprocessing.load(folder / "visual/preprocess_cfg.json")
    return bare_loop(lambda tensors: session.run(None, {"image": tensors}), paths, pixels, BARE_BATCH)


class _Seen(NamedTuple):
    at_s: float
    spent_s: float
    done: int


def stage_rate(here: Librarian, models: Path, stage: str = "clip", **how: int) -> Rate:
    """The stage, from its first batch that came home to its last, with all that this process does for it."""
    settings = dataclasses.replace(SETTINGS, wanted=Wanted(models), models=ModelSettings(**how))
    seen: list[_Seen] = []

    def note(_: Runner) -> None:
        done = here.counts(stage).done
        if done and (not seen or seen[-1].done != done):
            child_s = sum(cpu_s_of(child) for child in children_of(os.getpid()))
            seen.append(_Seen(time.perf_counter(), child_s + time.process_time(), done))

    here.work_off(settings, meanwhile=note, limit_s=LIMIT_S)
    first, last = seen[0], seen[-1]
    images = last.done - first.done
    return Rate(images / (last.at_s - first.at_s), images / (last.spent_s - first.spent_s))


def test_stage_clip_beside_the_bare_loop(tmp_path: Path, sheet: Sheet, scaled: Scaled, models: Path) -> None:
    with looked_at(tmp_path, scaled(PHOTOS)) as (here, previews):
        before = bare_onnx(models, previews, threads=1)
        stage = stage_rate(here, models, threads=1)
        after = bare_onnx(models, previews, threads=1)
    bare = max(before, after)
    sheet.add(f"a bare loop over {len(previews):,} previews, ONNX Runtime, one thread", bare.per_s, "images/s")
    sheet.add("the same by processor time", bare.per_core_s, "images/s/core")
    sheet.add("stage clip, from the queue to the committed vector, one thread", stage.per_s, "images/s")
    sheet.add("the same by processor time, of both processes", stage.per_core_s, "images/s/core")
    sheet.add("share of the bare loop", stage.per_s / bare.per_s, "", at_least=STAGE_SHARE_MIN)
    sheet.add(
        "share of the bare loop, by processor time", stage.per_core_s / bare.per_core_s, "", at_least=STAGE_SHARE_MIN
    )


def test_from_jpeg_to_vector(tmp_path: Path, sheet: Sheet, scaled: Scaled, models: Path) -> None:
    paths = camera_photos(tmp_path / "library", scaled(PHOTOS), 12)
    time.sleep(SETTLE_S)
    previews, _ = bare_rate(paths)
    shutil.copytree(models, tmp_path / "models")
    with running(tmp_path / "library", tmp_path / "state", tmp_path / "mnt") as daemon:
        daemon.await_rest()
        took_s = time.perf_counter() - daemon.mounted_s
        vectors = ask(daemon.state, Status())["index"]["vectors"]
    if vectors != len(paths):
        raise AssertionError(f"{len(paths)} photos were to be embedded, {vectors} were")
    made = sorted((tmp_path / "state" / THUMBNAILS / str(PREVIEW_PX)).rglob("*.jpg"))
    encoded = bare_onnx(models, made, threads=CORES).per_s
    parts, rate = 1 / (1 / previews + 1 / encoded), len(paths) / took_s
    sheet.add(f"bare loops: previews of 12 MP JPEG in {CORES} processes", previews, "/s")
    sheet.add(f"bare loops: ONNX Runtime over previews in {CORES} threads", encoded, "/s")
    sheet.add("one after the other", parts, "photos/s")
    sheet.add("the whole pipeline, from JPEG to stored vector", rate, "photos/s")
    sheet.add("share of its parts", rate / parts, "")


def test_stage_clip_on_a_gpu(tmp_path: Path, sheet: Sheet, scaled: Scaled) -> None:
    torch = pytest.importorskip("torch", reason="what runs models on a GPU is not installed")
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU on this machine")
    folder = vit.in_open_clip(tmp_path / "models")
    cores = len(os.sched_getaffinity(0))
    clip = load(Installed(Purpose.CLIP, vit.NAME, Layout.OPEN_CLIP, folder), threads=cores, device="gpu")
    with looked_at(tmp_path, scaled(GPU_PHOTOS)) as (here, previews):
        pictures = [clip.pixels.fitted(Image.open(path).convert("RGB")) for path in previews[:GPU_BATCH]]
        clip.of_pictures(pictures)
        rounds, started_s = 20, time.perf_counter()
        for _ in range(rounds):
            clip.of_pictures(pictures)
        bare = rounds * len(pictures) / (time.perf_counter() - started_s)
        stage = stage_rate(here, tmp_path / "models", threads=cores, batch_max=GPU_BATCH, memory_mb=64_000).per_s
    sheet.add(
        f"a bare loop of the model on {torch.cuda.get_device_name()}, fp16, batches of {GPU_BATCH}", bare, "images/s"
    )
    sheet.add(f"stage clip with {cores} cores, from the queue to the committed vector", stage, "images/s")
    sheet.add("what was to be expected of it, at least", stage, "images/s", at_least=GPU_TOLD[1])
    sheet.add("share of the bare loop", stage / bare, "")
