"""Search by meaning over a million photos, through `ls` on the real mount, the text encoder a real one."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from pyroaring import BitMap

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Status
from photofsd.index.quantised import unit
from photofsd.index.vectors import VectorFile
from photofsd.models.clip import Vectors
from photofsd.models.loading import load
from photofsd.store import assets, facets
from photofsd.store.env import Store
from photofsd.types import Facet
from tests.bench.conftest import Teller
from tests.bench.embedded import Embedded, embedded
from tests.bench.peopled import FAVOURITE
from tests.bench.running import Running, children_of, cpu_s_of, memory_of, running
from tests.bench.sheet import Sheet, percentile
from tests.bench.synthetic import LAST_YEAR, Synthetic
from tests.bench.vit import in_onnx

COUNT = 200
QUERIES_A_KIND = 35
RECALLED = 20
IDLE_S = 0.02
MS, MB, GB = 1e3, 1e6, 1e9
THINGS = [
    *("beach", "dog", "castle", "snow", "bridge", "cake", "parrot", "tractor", "lighthouse", "violin"),
    *("waterfall", "tent", "bicycle", "horse", "train", "boat", "ladder", "balloon", "market", "tower"),
]
WAYS = [
    *("at sunset", "in the rain", "seen from above", "with children", "by night", "near water"),
    *("under trees", "on a hill"),
]
SETTINGS = '[search]\nfloor = "-1.0"'
"""The model's words mean nothing: any floor would let nothing through."""


def questions() -> Iterator[str]:
    """Texts that no name and no tag of the library holds, each once."""
    for way, thing in itertools.product(WAYS, THINGS):
        yield f"{thing} {way}"


@pytest.fixture(scope="module")
def library(large_library: Synthetic) -> Embedded:
    models = large_library.state.with_name("models")
    return embedded(large_library, models, in_onnx(models), Teller())


def test_search_by_meaning(library: Embedded, tmp_path: Path, sheet: Sheet) -> None:
    sheet.add("photos with a vector", library.count, "")
    index = library.state / "index"
    shutil.rmtree(index, ignore_errors=True)
    with running(library.library, library.state, tmp_path / "first", SETTINGS, library.models) as daemon:
        searcher, took_s = awaited(daemon)
        sheet.add("the index of the exact scan, built from the vectors", took_s, "s", at_most=600)
        sheet.add("processor time of the searcher for that", cpu_s_of(searcher), "s", at_most=600)
        sheet.add("Annoy's forest, grown beside it in one idle child", _grown(daemon), "s", at_most=600)
    sheet.add("vectors", _bytes_below(library.state / "vectors") / GB, "GB")
    sheet.add("index", _bytes_below(index) / GB, "GB")
    with running(library.library, library.state, tmp_path / "again", SETTINGS, library.models) as daemon:
        sheet.add("a start until the searcher answers", awaited(daemon)[1], "s")
        daemon.await_rest()
        asked = questions()
        sheet.add("the first answer of a searcher that was killed", _after_a_kill(daemon, next(asked)), "s", at_most=2)
        first = [ls(daemon, text)[1] for text in itertools.islice(asked, 10)]
        add_spread(sheet, "new queries in the seconds after that, while all is compared", first)
        _await_idle(searcher_of(daemon))
        measure_answers(library, daemon, asked, sheet)
        measure_recall(library, daemon, sheet)
        memory = memory_of(searcher_of(daemon))
        sheet.add("memory of the searcher's own (RssAnon)", memory.own / MB, "MB", at_most=4000)
        sheet.add("pages of files that it has mapped (RssFile)", memory.mapped / MB, "MB")


def measure_answers(library: Embedded, daemon: Running, asked: Iterator[str], sheet: Sheet) -> None:
    """A query that is new, the same again, and new ones under filters."""
    tenth, hundredth = f"year:{LAST_YEAR}", rare_tag(library)
    for what, narrowed, at_most in (
        ("a new query", "", 100),
        (f"a new query with `{tenth}` (10 %)", tenth, 100),
        (f"a new query with `{hundredth}` (1 %)", hundredth, 100),
        (f"a new query with `person:{FAVOURITE}` (6 %)", f"person:{FAVOURITE}", 100),
    ):
        first, again = [], []
        for text in itertools.islice(asked, QUERIES_A_KIND):
            query = f"{text} {narrowed}".strip()
            first.append(ls(daemon, query)[1])
            again.append(ls(daemon, query)[1])
        add_spread(sheet, f"`ls -U /search/...`, {what}", first, at_most)
        add_spread(sheet, "the same again", again, 10)


def measure_recall(library: Embedded, daemon: Running, sheet: Sheet) -> None:
    """What was listed beside what a product of matrices in float32 finds."""
    model = load(library.model, threads=2)
    texts = list(questions())[:RECALLED]
    vectors = library.vectors()
    store = Store.open(library.state / "store", readonly=True)
    with store.read() as txn:
        live = np.frombuffer(facets.live(txn).to_array(), np.uint32)
        best = exact(vectors, live, model.of_texts(texts))
        recalls = []
        for text, wanted in zip(texts, best, strict=True):
            names = ls(daemon, text)[0]
            found = BitMap(asset for name in names if (asset := assets.named(txn, name)) is not None)
            recalls.append(len(found & wanted) / COUNT)
    store.close()
    vectors.close()
    sheet.add(f"recall@{COUNT} of what is listed, against float32", float(np.mean(recalls)), "", at_least=0.95)
    sheet.add("of the worst query", min(recalls), "")


def exact(vectors: VectorFile, ids: np.ndarray[tuple[int], np.dtype[np.uint32]], queries: Vectors) -> Sequence[BitMap]:
    """The COUNT nearest to each query."""
    scores = np.empty((len(queries), len(ids)), np.float32)
    for first in range(0, len(ids), 50_000):
        rows = unit(vectors.read(ids[first : first + 50_000]))
        scores[:, first : first + len(rows)] = queries @ rows.T
    return [BitMap(ids[np.argpartition(-row, COUNT)[:COUNT]]) for row in scores]


def rare_tag(library: Embedded) -> str:
    """The tag that comes closest to one photo in a hundred."""
    store = Store.open(library.state / "store", readonly=True)
    with store.read() as txn:
        counts = {tag: len(facets.bitmap(txn, Facet.TAG, tag)) for tag in facets.values(txn, Facet.TAG)}
    store.close()
    tag = min(counts, key=lambda tag: abs(counts[tag] - library.count / 100))
    return f'tag:"{tag.decode()}"'


def ls(daemon: Running, query: str) -> tuple[list[bytes], float]:
    """The names that `ls -U` lists, and how many seconds the whole program took."""
    command = ["ls", "-U", "--zero", daemon.mount / "search" / query]
    started_s = time.perf_counter()
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    took_s = time.perf_counter() - started_s
    return listed.split(b"\0")[:-1], took_s


def awaited(daemon: Running) -> tuple[int, float]:
    """The searcher's process when it answers, and how long after the mount that is."""
    while ask(daemon.state, Status())["searcher"]["state"] != "ready":
        time.sleep(0.05)
    return searcher_of(daemon), time.perf_counter() - daemon.mounted_s


def _grown(daemon: Running) -> float:
    """How long it takes from now until the forest is there."""
    started_s = time.perf_counter()
    while ask(daemon.state, Status())["index"]["annoy_generation"] is None:
        time.sleep(0.5)
    return time.perf_counter() - started_s


def searcher_of(daemon: Running) -> int:
    """The searcher's process."""
    programs = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children_of(daemon.process.pid)}
    return next(child for child, program in programs.items() if b"searcher" in program)


def _after_a_kill(daemon: Running, text: str) -> float:
    """How long it takes from the death of the searcher until a query is answered by meaning."""
    os.kill(searcher_of(daemon), 9)
    started_s = time.perf_counter()
    while len(ls(daemon, text)[0]) < COUNT:
        time.sleep(0.01)
    return time.perf_counter() - started_s


def _await_idle(process: int) -> None:
    """Return when it has done nothing for a second."""
    used_s = -1.0
    while cpu_s_of(process) > used_s + IDLE_S:
        used_s = cpu_s_of(process)
        time.sleep(1.0)


def add_spread(sheet: Sheet, what: str, times_s: list[float], at_most: float | None = None) -> None:
    """Middle and worst of some times, the limit beside the worst."""
    sheet.add(f"{what}, p50", percentile(times_s, 50) * MS, "ms")
    sheet.add(f"{what}, p95", percentile(times_s, 95) * MS, "ms", at_most=at_most)


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
