"""Faces found and described: the stage beside a bare loop of insightface over the same previews.

Photos of people, again and again, each a file of its own; the pack is the one of the test models.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photofsd.media.thumbnails import PREVIEW_PX
from photofsd.models.folder import Installed, Purpose, chosen
from photofsd.models.loading import load_faces
from photofsd.pipeline.runner import THUMBNAILS
from photofsd.store import people
from tests.bench.conftest import Scaled
from tests.bench.sheet import Sheet
from tests.bench.test_embedding import LIMIT_S, STAGE_SHARE_MIN, Rate, stage_rate
from tests.component.librarian import Librarian, librarian

PHOTOS = 300
GPU_PHOTOS = 2000
GPU_BATCH = 64
GPU_TOLD = (60.0, 120.0)
"""What this project was told to expect of a GPU: photos searched for faces, faces described, a second."""


@pytest.fixture
def pack(test_models: Path) -> Installed:
    found = chosen(test_models, Purpose.FACES)
    if found is None:
        pytest.skip(f"no pack of models for faces lies in {test_models}")
    return found


@contextlib.contextmanager
def crowd(test_data: Path, tmp_path: Path, photos: int) -> Iterator[tuple[Librarian, list[Path]]]:
    """A library of people whose previews are made, and these."""
    library = tmp_path / "library"
    library.mkdir()
    originals = sorted((test_data / "faces" / "people").rglob("*.jpg"))
    for number in range(photos):
        content = originals[number % len(originals)].read_bytes()
        (library / f"DSC_{number:04}.JPG").write_bytes(content + number.to_bytes(8))
    with librarian(library, tmp_path / "state") as here:
        here.take_in()
        here.work_off(limit_s=LIMIT_S)
        yield here, sorted((here.state / THUMBNAILS / str(PREVIEW_PX)).rglob("*.jpg"))


def bare_insightface(pack: Installed, paths: Sequence[Path], providers: Sequence[str], threads: int) -> Rate:
    """The package as its own examples use it: a photo at a time."""
    pytest.importorskip("insightface", reason="insightface is not installed: pip install 'photofsd[compare]'")
    import cv2  # noqa: PLC0415 - an extra
    from insightface.app import FaceAnalysis  # noqa: PLC0415 - an extra
    from onnxruntime import SessionOptions  # noqa: PLC0415 - as above

    options = SessionOptions()
    options.intra_op_num_threads = threads
    modules = ["detection", "recognition"]
    app = FaceAnalysis(str(pack.folder), allowed_modules=modules, providers=list(providers), sess_options=options)
    app.prepare(ctx_id=0)
    app.get(cv2.imread(str(paths[0])))
    started_s, spent_s = time.perf_counter(), time.process_time()
    for path in paths:
        app.get(cv2.imread(str(path)))
    took_s, spent_s = time.perf_counter() - started_s, time.process_time() - spent_s
    return Rate(len(paths) / took_s, len(paths) / spent_s)


def faces_in(here: Librarian) -> int:
    with here.store.read() as txn:
        return people.counts(txn).faces


@pytest.mark.filterwarnings("ignore")  # of insightface's own libraries
def test_stage_faces_beside_insightface(
    tmp_path: Path, test_data: Path, test_models: Path, sheet: Sheet, scaled: Scaled, pack: Installed
) -> None:
    with crowd(test_data, tmp_path, scaled(PHOTOS)) as (here, previews):
        on = ("CPUExecutionProvider",)
        before = bare_insightface(pack, previews, on, threads=1)
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "faces").symlink_to(test_models / "faces")
        stage = stage_rate(here, tmp_path / "models", stage="faces", threads=1)
        after = bare_insightface(pack, previews, on, threads=1)
        each = faces_in(here) / len(previews)
    bare = Rate(max(before.per_s, after.per_s), max(before.per_core_s, after.per_core_s))
    sheet.add(f"a bare loop of insightface over {len(previews):,} previews, one thread", bare.per_s, "photos/s")
    sheet.add("the same by processor time", bare.per_core_s, "photos/s/core")
    sheet.add("stage faces, from the queue to the committed vectors, one thread", stage.per_s, "photos/s")
    sheet.add("the same by processor time, of both processes", stage.per_core_s, "photos/s/core")
    sheet.add(f"faces, {each:.2f} a photo", stage.per_core_s * each, "faces/s/core")
    sheet.add("share of the bare loop", stage.per_s / bare.per_s, "", at_least=STAGE_SHARE_MIN)
    sheet.add(
        "share of the bare loop, by processor time", stage.per_core_s / bare.per_core_s, "", at_least=STAGE_SHARE_MIN
    )


def test_stage_faces_on_a_gpu(
    tmp_path: Path, test_data: Path, test_models: Path, sheet: Sheet, scaled: Scaled, pack: Installed
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="what runs models is not installed")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime was built without a GPU: pip install onnxruntime-gpu in its place")
    cores = len(os.sched_getaffinity(0))
    model = load_faces(pack, threads=cores, device="gpu")
    with crowd(test_data, tmp_path, scaled(GPU_PHOTOS)) as (here, previews):
        pictures = [Image.open(path).convert("RGB") for path in previews[:GPU_BATCH]]
        crops = [np.zeros((112, 112, 3), np.uint8)] * GPU_BATCH
        model.faces(pictures)
        model.vectors(crops)
        rounds, started_s = 10, time.perf_counter()
        for _ in range(rounds):
            model.faces(pictures)
        between_s = time.perf_counter()
        for _ in range(rounds):
            model.vectors(crops)
        ended_s = time.perf_counter()
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "faces").symlink_to(test_models / "faces")
        stage = stage_rate(here, tmp_path / "models", stage="faces", threads=cores, memory_mb=64_000).per_s
    many = rounds * GPU_BATCH
    sheet.add(
        f"photos searched for faces, on {model.runs_on}", many / (between_s - started_s), "/s", at_least=GPU_TOLD[0]
    )
    sheet.add("faces described", many / (ended_s - between_s), "/s", at_least=GPU_TOLD[1])
    sheet.add(f"stage faces with {cores} cores, from the queue to the committed vectors", stage, "photos/s")
