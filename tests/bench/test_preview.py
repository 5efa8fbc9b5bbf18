"""The whole pipeline, from finding files to their previews, beside a bare Pillow loop that does the same work."""

from __future__ import annotations

import io
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import blake3
from PIL import Image, ImageOps

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Status
from photofsd.media.look import colours, contrast, phash
from photofsd.media.thumbnails import PREVIEW_PX, THUMB_PX
from photofsd.pipeline.stages.preview import QUALITY
from tests.bench.conftest import Scaled
from tests.bench.originals import camera_photos
from tests.bench.running import children_of, cpu_s_of, running
from tests.bench.sheet import Sheet

PHOTOS = 400
CORES = 2
SETTLE_S = 2.5
PIPELINE_SHARE_MIN = 0.8


def bare(path: Path) -> int:
    """Digest, smaller pictures, hash and colours of one JPEG in the fewest words; bytes of the two pictures."""
    content = path.read_bytes()
    blake3.blake3(content).digest()
    image = Image.open(io.BytesIO(content))
    scale = PREVIEW_PX / max(image.size)
    fitted = (round(image.width * scale), round(image.height * scale))
    image.draft("RGB", fitted)
    preview = ImageOps.exif_transpose(image)
    thumb = preview.copy()
    thumb.thumbnail((THUMB_PX, THUMB_PX), Image.Resampling.LANCZOS)
    phash(preview)
    contrast(preview)
    colours(thumb)
    return sum(saved(picture) for picture in (preview, thumb))


def saved(picture: Image.Image) -> int:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.tell()


def bare_all(paths: list[Path]) -> float:
    """Do them all; seconds of processor time that took."""
    started_s = time.process_time()
    for path in paths:
        bare(path)
    return time.process_time() - started_s


def bare_rate(paths: list[Path]) -> tuple[float, float]:
    """Photos a second in CORES processes, and milliseconds of processor time a photo."""
    shares = [paths[part::CORES] for part in range(CORES)]
    with ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(bare_all, [share[:2] for share in shares]))
        started_s = time.perf_counter()
        spent_s = sum(pool.map(bare_all, shares))
        return len(paths) / (time.perf_counter() - started_s), spent_s / len(paths) * 1000


def test_whole_pipeline(tmp_path: Path, sheet: Sheet, scaled: Scaled) -> None:
    paths = camera_photos(tmp_path / "library", scaled(PHOTOS), 12)
    time.sleep(SETTLE_S)
    before, before_ms = bare_rate(paths)
    with running(tmp_path / "library", tmp_path / "state", tmp_path / "mnt") as daemon:
        daemon.await_rest()
        took_s = time.perf_counter() - daemon.mounted_s
        health = ask(daemon.state, Status())
        children_s = sum(cpu_s_of(child) for child in children_of(daemon.process.pid))
        daemon_s = cpu_s_of(daemon.process.pid)
    if health["stages"]["preview"]["done"] != len(paths):
        raise AssertionError(f"{len(paths)} photos were to be taken in: {health}")
    after, after_ms = bare_rate(paths)
    rate, bare_best = len(paths) / took_s, max(before, after)
    sheet.add(f"a bare Pillow loop in {CORES} processes, 12 MP JPEG", bare_best, "/s")
    sheet.add("the whole pipeline, from the scan to the committed preview", rate, "/s")
    sheet.add("share of the bare loop", rate / bare_best, "", at_least=PIPELINE_SHARE_MIN)
    sheet.add("processor time of the bare loop", min(before_ms, after_ms), "ms a photo")
    sheet.add("processor time of the readers", children_s / len(paths) * 1000, "ms a photo")
    sheet.add("processor time of the daemon itself", daemon_s / len(paths) * 1000, "ms a photo")
