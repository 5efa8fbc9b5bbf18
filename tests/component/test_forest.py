"""The forests of Annoy trees: grown by a child, taken into use whole, right about what came and went since."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pyroaring import BitMap

from photofsd.config.schema import IndexSettings
from photofsd.index import forests, pictures
from photofsd.index.build import build
from photofsd.index.forest import PHOTOS, Order, Reach
from photofsd.index.pictures import PictureIndex
from photofsd.index.vectors import crcs
from tests.component.vector_kit import MODEL, Embedded, assert_right, directions, follow

pytest.importorskip("annoy", reason="Annoy is not installed: pip install 'photofsd[ml]'")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred photos are worth a forest, which is asked for all of them."""
    monkeypatch.setattr(pictures, "RESCORED", 4)
    monkeypatch.setattr(pictures, "CANDIDATE_COST", 0)
    monkeypatch.setattr(pictures, "OVERFETCH", 1000)
    monkeypatch.setattr(pictures, "WORDS_SHARE", 1000)
    monkeypatch.setattr(forests, "WANTED_ROWS", 100)


@pytest.fixture
def at(tmp_path: Path) -> Embedded:
    return Embedded(tmp_path, 24, IndexSettings(text="annoy"))


@pytest.fixture
def index(at: Embedded) -> Iterator[PictureIndex]:
    opened = at.index()
    yield opened
    opened.close()


def grow(index: PictureIndex, at: Embedded) -> None:
    """Let it grow the forest that it wants."""
    follow(index, at.store)
    assert index.wants_build()
    index.tend_build()
    collect(index)


def collect(index: PictureIndex) -> None:
    """Wait for the child."""
    assert index.figures().is_growing
    until = time.monotonic() + 60
    while index.figures().is_growing:
        index.tend_build()
        assert time.monotonic() < until
        time.sleep(0.02)


def is_asked(index: PictureIndex) -> bool:
    """Claim: the forest answers, not the scan."""
    forest = index._forests.forest
    if forest is None:
        return False
    asked = []
    near = forest.near
    forest.near = lambda *arguments: asked.append(1) or near(*arguments)  # type: ignore[method-assign]
    index.by_picture(directions(1, 24)[0], 10, BitMap(range(10**6)))
    del forest.near
    return bool(asked)


def assert_answers(index: PictureIndex, at: Embedded, allowed: BitMap) -> None:
    """Answers are those of brute force, where the forest is looked through to its end."""
    if index._forests.forest is not None:
        index._forests.forest.reach = Reach(10**6, 1)
    for seed in range(5):
        query = directions(1, 24, seed=50 + seed)[0]
        for some in (allowed, BitMap(list(allowed)[::3]), BitMap(list(allowed)[::40])):
            assert_right(at, index.by_words(query, 20, some), query, 20, some)
            assert_right(at, index.by_picture(query, 20, some), query, 20, some)


def test_a_forest_answers_with_what_came_and_went_since(at: Embedded, index: PictureIndex) -> None:
    ids = at.add(directions(400, 24))
    grow(index, at)
    assert index.figures()[:6] == (400, 0, True, 1, False, 0)
    assert is_asked(index)
    assert_answers(index, at, BitMap(ids))
    ids += at.add(directions(30, 24, seed=2))
    at.embed(ids[:20], directions(20, 24, seed=3))
    at.discount(ids[20:40])
    follow(index, at.store)
    assert index.figures().tail == 50
    assert not index.wants_build()
    assert is_asked(index)
    assert_answers(index, at, BitMap(ids))


def test_another_forest_is_grown_when_much_is_not_in_it_any_more(at: Embedded, index: PictureIndex) -> None:
    ids = at.add(directions(400, 24))
    grow(index, at)
    at.discount(ids[:200])
    grow(index, at)
    assert index.figures()[:6] == (200, 0, True, 2, False, 0)
    ids += at.add(directions(150, 24, seed=5))
    grow(index, at)
    assert index.figures()[:6] == (350, 0, True, 3, False, 0)
    assert_answers(index, at, BitMap(ids))
    assert sorted(path.name for path in (at.state / "index" / MODEL / "annoy").iterdir()) == ["3", "CURRENT"]


def test_when_all_photos_are_gone_no_forest_is_wanted(at: Embedded, index: PictureIndex) -> None:
    ids = at.add(directions(400, 24))
    grow(index, at)
    at.discount(ids)
    follow(index, at.store)
    index.tend_build()
    assert index.figures()[:6] == (0, 0, True, 1, False, 0)
    assert index.figures().alert is None


def test_a_forest_is_used_by_the_next_searcher_once_it_is_checked(at: Embedded, index: PictureIndex) -> None:
    ids = at.add(directions(400, 24))
    grow(index, at)
    index.close()
    second = at.index()
    assert second.figures().annoy_generation == 0
    assert_answers(second, at, BitMap(ids))
    follow(second, at.store)
    assert second.figures().annoy_generation == 1
    assert is_asked(second)
    assert not second.wants_build()
    assert_answers(second, at, BitMap(ids))
    second.close()


@pytest.mark.parametrize("name", ["trees.ann", "photos.u32", "reach.json", "CURRENT"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_damaged_forest_is_refused_and_another_one_grown(
    at: Embedded, index: PictureIndex, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    ids = at.add(directions(400, 24))
    grow(index, at)
    index.close()
    folder = at.state / "index" / MODEL / "annoy"
    file = folder / name if name == "CURRENT" else folder / "1" / name
    content = bytearray(file.read_bytes())
    if how == "gone":
        file.unlink()
    elif how == "cut":
        file.write_bytes(content[:-2])
    else:
        content[len(content) // 2] ^= 4
        file.write_bytes(content)
    second = at.index()
    follow(second, at.store)
    assert second.figures().annoy_generation == 0
    assert (name, how) == ("CURRENT", "gone") or "is built again" in caplog.text
    assert_answers(second, at, BitMap(ids))
    grow(second, at)
    assert is_asked(second)
    second.close()


def test_a_forest_of_another_library_is_refused(
    at: Embedded, index: PictureIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.add(directions(400, 24))
    grow(index, at)
    index.close()
    monkeypatch.setattr(forests, "build_of", lambda: "annoy 9.9 x86_64")
    second = at.index()
    follow(second, at.store)
    assert second.figures().annoy_generation == 0
    assert second.wants_build()
    second.close()


def test_a_child_that_is_killed_leaves_the_old_forest(at: Embedded, index: PictureIndex) -> None:
    ids = at.add(directions(400, 24))
    grow(index, at)
    ids += at.add(directions(300, 24, seed=2))
    follow(index, at.store)
    index.tend_build()
    child = index._forests._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    collect(index)
    assert index.figures().annoy_generation == 1
    assert "killed by SIGKILL" in (index.figures().alert or "")
    assert not index.wants_build()
    assert_answers(index, at, BitMap(ids))
    index._forests._not_before_s = 0
    grow(index, at)
    assert index.figures()[3:] == (2, False, 0, None)


def test_no_room_for_a_forest_is_said(at: Embedded, index: PictureIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    at.add(directions(400, 24))
    follow(index, at.store)
    monkeypatch.setattr(forests, "_ROOM", 1e12)
    index.tend_build()
    assert "the disk is full: an Annoy index" in (index.figures().alert or "")
    assert not index.wants_build()


def test_rows_that_change_while_it_grows_are_not_taken_for_the_old_ones(at: Embedded, index: PictureIndex) -> None:
    ids = at.add(directions(400, 24))
    follow(index, at.store)
    at.embed(ids[:100], directions(100, 24, seed=8))
    index.tend_build()
    collect(index)
    follow(index, at.store)
    assert index.figures().tail == 100
    assert_answers(index, at, BitMap(ids))


def test_a_row_that_is_not_as_ordered_is_left_out(at: Embedded) -> None:
    ids = np.array(at.add(directions(50, 24)), np.uint32)
    wanted = np.array(crcs(at.file.read(ids)), np.uint32)
    wanted[:10] ^= 1
    order = Order(str(at.state / "grown"), str(at.state / "vectors" / MODEL), 24, 2)
    Path(order.folder).mkdir()
    np.column_stack((ids, wanted)).astype("<u4").tofile(Path(order.folder) / PHOTOS)
    build(order)
    assert np.fromfile(Path(order.folder) / PHOTOS, "<u4").reshape(-1, 2)[:, 0].tolist() == ids[10:].tolist()


def test_a_filter_makes_it_look_further_instead_of_scanning_all(
    at: Embedded, index: PictureIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "OVERFETCH", 2)
    ids = at.add(directions(2000, 24))
    grow(index, at)
    assert index._forests.forest is not None
    index._forests.forest.reach = Reach(400, 1)
    scanned: list[int] = []
    scan = index._exact.candidates

    def seen(query: np.ndarray, count: int, allowed: BitMap, *, threads: int = 1) -> np.ndarray:
        scanned.append(len(allowed))
        return scan(query, count, allowed, threads=threads)

    monkeypatch.setattr(index._exact, "candidates", seen)
    allowed = BitMap(ids[::5])
    hits = 0
    for asset in ids[::50]:
        query = at.counted[asset]
        best, _ = at.expected(query, 10, allowed)
        hits += len(set(best) & set(index.by_picture(query, 10, allowed).ids.tolist()))
    assert hits / 400 >= 0.75
    assert sum(scanned) <= 5 * len(allowed)


def test_a_slow_processor_is_spared_the_scan(at: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    at.settings = IndexSettings(text="auto", exact_max_rows=1000)
    ids = at.add(directions(400, 24))
    index = at.index()
    grow(index, at)
    asked: list[int] = []
    forest = index._forests.forest
    assert forest is not None
    near = forest.near
    forest.near = lambda *arguments: asked.append(1) or near(*arguments)  # type: ignore[method-assign]
    for is_fast, times in ((True, 0), (False, 1)):
        monkeypatch.setattr(pictures, "is_fast", lambda is_fast=is_fast: is_fast)
        index.by_words(directions(1, 24)[0], 10, BitMap(ids))
        assert len(asked) == times
    index.close()


def test_how_far_to_look_is_measured(at: Embedded, index: PictureIndex) -> None:
    at.add(directions(2000, 24))
    grow(index, at)
    forest = index._forests.forest
    assert forest is not None
    assert 0.97 <= forest.reach.recall <= 1
    assert 500 <= forest.reach.search_k <= 20_000
    rows = np.stack(list(at.counted.values()))
    hits = 0
    for row in rows[:200]:
        nearest = np.argsort(-(rows @ row))[:10]
        ids = np.array(list(at.counted))[nearest]
        hits += len(set(ids.tolist()) & set(forest.near(row, 20, forest.reach.search_k).tolist()))
    assert hits / 2000 >= 0.93
