"""The indexes after kills, torn files and full disks: what is opened next is right, and nothing is half."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pyroaring import BitMap

from photofsd.config.schema import IndexSettings
from photofsd.errors import StoreFull
from photofsd.index import exact, generations, pictures, rows
from photofsd.index.forest import Reach, is_possible
from photofsd.index.generations import Generations, Origin
from tests.component.index_victim import DIMENSION
from tests.component.small_disk import small_disk
from tests.component.vector_kit import MODEL, Embedded, assert_right, directions, follow

CHECKOUT = Path(__file__).parents[2]
KILLS = 8


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred photos are scanned and looked for in forests."""
    monkeypatch.setattr(pictures, "RESCORED", 4)
    monkeypatch.setattr(pictures, "CANDIDATE_COST", 0)
    monkeypatch.setattr(pictures, "WORDS_SHARE", 10**4)
    monkeypatch.setattr(pictures, "OVERFETCH", 10**4)
    monkeypatch.setattr(exact, "_GROWN_ROWS", 50)


def assert_answers(at: Embedded, index: pictures.PictureIndex) -> None:
    allowed = BitMap(range(max(at.counted, default=0) + 10))
    if index._forests.forest is not None:
        index._forests.forest.reach = Reach(10**6, 1)
    for seed in range(3):
        query = directions(1, at.dimension, seed=70 + seed)[0]
        assert_right(at, index.by_words(query, 50, allowed), query, 50, allowed)
        assert_right(at, index.by_picture(query, 50, allowed), query, 50, allowed)


def test_a_searcher_that_is_killed_again_and_again_is_right_at_its_next_start(tmp_path: Path) -> None:
    chance = random.Random(3)
    for kill in range(KILLS):
        command = [sys.executable, "-m", "tests.component.index_victim", str(tmp_path), str(kill)]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 1.5))
            assert victim.poll() is None
            victim.kill()
        at = Embedded(tmp_path, DIMENSION, IndexSettings(text="annoy"))
        torn = at.recall()
        index = at.index()
        follow(index, at.store)
        assert index.figures()[:2] == (len(at.counted), torn)
        assert_answers(at, index)
        for name in ("exact", "annoy"):
            left = {path.name for path in (tmp_path / "index" / MODEL / name).glob("*")}
            assert len(left - {"CURRENT"}) <= 1
        index.close()
        at.store.close()


def test_a_note_whose_writer_was_killed_is_removed_at_the_next_opening(tmp_path: Path) -> None:
    at = Embedded(tmp_path, DIMENSION, IndexSettings(text="annoy"))
    half = tmp_path / "index" / MODEL / "exact" / ".f5b912255094b822.3429"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"{")
    at.index().close()
    assert not half.exists()
    at.store.close()


class Killed(BaseException):
    """Here the process would have ended."""


@pytest.mark.parametrize("call", ["rename", "replace", "fsync", "open", "unlink"])
@pytest.mark.parametrize("nth", range(4))
def test_a_swap_that_ends_anywhere_leaves_the_old_or_the_new(
    tmp_path: Path, call: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Origin(MODEL, 8, 1, "here")
    folder = Generations(tmp_path, origin).begin()
    (folder / "file").write_bytes(b"old")
    Generations(tmp_path, origin).seal(["file"])
    with monkeypatch.context() as patched:
        (Generations(tmp_path, origin).begin() / "file").write_bytes(b"new")
        calls = iter(range(100))
        real = getattr(os, call)

        def dying(*arguments: object, **keywords: object) -> object:
            if next(calls) == nth:
                raise Killed
            return real(*arguments, **keywords)

        patched.setattr(os, call, dying)
        try:
            Generations(tmp_path, origin).seal(["file"])
            is_sealed = True
        except Killed:
            is_sealed = False
    current = Generations(tmp_path, origin).current()
    assert current is not None
    assert len(list(current.checked())) == 1
    content = (current.folder / "file").read_bytes()
    assert content in ({b"new"} if is_sealed else {b"old", b"new"})
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {current.folder.name}


@pytest.mark.parametrize(
    "origin",
    [
        Origin("other", 8, 1, "here"),
        Origin(MODEL, 9, 1, "here"),
        Origin(MODEL, 8, 2, "here"),
        Origin(MODEL, 8, 1, "there"),
    ],
)
def test_what_was_made_from_anything_else_is_refused(
    tmp_path: Path, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    made = Generations(tmp_path, Origin(MODEL, 8, 1, "here"))
    (made.begin() / "file").write_bytes(b"content")
    made.seal(["file"])
    assert made.current() is not None
    assert Generations(tmp_path, origin).current() is None
    assert "is built again: it was made from" in caplog.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["CURRENT", "mean.f32", "rows.i8", "notes", "FOLLOWED"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "zeros"])
def test_damage_to_any_file_is_found_and_made_good(tmp_path: Path, name: str, how: str) -> None:
    at = Embedded(tmp_path, 16, IndexSettings())
    at.add(directions(300, 16))
    first = at.index()
    follow(first, at.store)
    first.close()
    folder = tmp_path / "index" / MODEL / "exact"
    file = folder / name if name == "CURRENT" else folder / "1" / name
    content = bytearray(file.read_bytes())
    chance = random.Random(5)
    for _ in range(20):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    if how == "gone":
        file.unlink()
    elif how == "cut":
        os.truncate(file, len(content) // 2)
    else:
        file.write_bytes(content if how == "flipped" else bytes(len(content)))
    second = at.index()
    follow(second, at.store)
    assert second.figures()[:3] == (300, 0, True)
    assert second._exact._rows.damaged(np.array(second._exact.known.to_array())).size == 0
    assert_answers(at, second)


def test_the_index_of_another_store_is_compared_and_made_good(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    at.add(directions(300, 16))
    first = at.index()
    follow(first, at.store)
    first.close()
    at.store.close()
    (tmp_path / "store").rename(tmp_path / "old")
    other = Embedded(tmp_path, 16)
    other.add(directions(600, 16, seed=9))
    index = other.index()
    follow(index, other.store)
    assert_answers(other, index)


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_full_disk_is_said_and_what_it_kept_away_comes_when_there_is_room(tmp_path: Path, kind: str) -> None:
    with small_disk(tmp_path, kind=kind, megabytes=16) as disk:
        at = Embedded(tmp_path, 512)
        (disk / "index").mkdir()
        (tmp_path / "index").symlink_to(disk / "index")
        at.add(directions(500, 512))
        index = at.index()
        follow(index, at.store)
        with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(1 << 12)):
                pass
        at.add(directions(500, 512, seed=2))
        with pytest.raises(StoreFull, match="the disk is full"):
            follow(index, at.store)
        assert index.by_words(directions(1, 512)[0], 10, BitMap(range(2000))).ids.size == 10
        (disk / "filler").unlink()
        follow(index, at.store)
        assert_answers(at, index)
        index.close()


def test_a_hole_of_the_size_of_a_library_costs_nothing(tmp_path: Path) -> None:
    at = Embedded(tmp_path, 16)
    ids = at.add(directions(50, 16))
    index = at.index()
    follow(index, at.store)
    at.file.write([3_000_000], directions(1, 16))
    assert rows.RowFile(tmp_path / "vectors" / MODEL / "image.f16", "<f2", 16).rows().shape == (3_000_001, 16)
    follow(index, at.store)
    assert index.figures().vectors == len(ids)
    assert_answers(at, index)


def test_without_annoy_all_is_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_possible() in {True, False}
    monkeypatch.setattr("photofsd.index.forests.is_possible", lambda: False)
    monkeypatch.setattr("photofsd.index.forests.WANTED_ROWS", 10)
    at = Embedded(tmp_path, 16, IndexSettings(text="annoy"))
    at.add(directions(300, 16))
    index = at.index()
    follow(index, at.store)
    index.tend_build()
    assert not index.figures().is_growing
    assert_answers(at, index)


def test_notes_that_are_no_notes_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"\n", b"x", b"{}", b"0" * 64 + b"\n{}\n"):
        (tmp_path / "CURRENT").write_bytes(content)
        assert Generations(tmp_path, Origin(MODEL, 8, 1, "here")).current() is None
    generations.write_note(tmp_path / "CURRENT", Origin(MODEL, 8, 1, "here"))
    assert Generations(tmp_path, Origin(MODEL, 8, 1, "here")).current() is None
