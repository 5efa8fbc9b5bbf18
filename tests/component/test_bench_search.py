"""`photofsd bench search` measures what it says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from photofsd.index.bench.contestants import ALL
from photofsd.index.bench.synthetic import Photos, texts
from photofsd.store import embeddings
from tests.component.vector_kit import MODEL, Embedded, directions

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_ways_are_compared_on_made_up_photos(photofsd: Run) -> None:
    done = photofsd(
        "bench", "search", "--rows", "2000", "--dimension", "32", "--queries", "5", "--count", "20", "--json"
    )
    assert done.returncode == 0, done.stderr.decode()
    report = json.loads(done.stdout)
    assert (report["rows"], report["dimension"], report["queries"], report["count"]) == (2000, 32, 5, 20)
    lines = {line["name"]: line for line in report["lines"]}
    for kind in ALL:
        found = [line for name, line in lines.items() if name.startswith(kind.name)]
        assert found
        assert all((line["missing"] is None) == (kind.missing() is None) for line in found)
    ours = lines["ours: exact int8"]
    assert [asked["share"] for asked in ours["asked"]] == [1, 0.1, 0.01]
    assert all(asked["recall"] == 1 for asked in ours["asked"])
    assert all(0 < asked["p50_ms"] <= asked["p95_ms"] for line in lines.values() for asked in line["asked"])


def test_people_get_a_table(photofsd: Run) -> None:
    done = photofsd("bench", "search", "--rows", "500", "--dimension", "16", "--queries", "2", "--only", "ours")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "2 queries for 200 of 500 photos, 16 dimensions,"
    assert lines[3].split()[:2] == ["way", "recall"]
    assert lines[4].split()[:5] == ["ours:", "exact", "int8", "1.000", "1.000"]


def test_ones_own_photos_are_taken_where_there_are_enough(photofsd: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    at = Embedded(state, 24)
    at.add(directions(1200, 24))
    with at.store.write() as txn:
        embeddings.set_answering(txn, MODEL)
    at.store.close()
    done = photofsd(
        "--state", state, "bench", "search", "--queries", "3", "--only", "ours", "--only", "annoy", "--json"
    )
    report = json.loads(done.stdout)
    assert (report["rows"], report["dimension"]) == (1200, 24)
    assert report["lines"][0]["asked"][0]["recall"] == 1
    assert not list(state.glob("bench-*"))


@pytest.mark.parametrize(
    "arguments, code, words",
    [(["--only", "nothing"], 2, "no way to search begins so"), ([], 1, "there is no store")],
)
def test_what_cannot_be_measured_is_said(photofsd: Run, arguments: list[str], code: int, words: str) -> None:
    done = photofsd("bench", "search", *arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()


def test_made_up_photos_are_shaped_as_real_ones() -> None:
    vectors = np.concatenate(list(Photos(20_000, 512).pieces()))
    chance = np.random.default_rng(1)
    pairs = vectors[chance.integers(len(vectors), size=(2000, 2))]
    assert 0.40 < np.einsum("nd,nd->n", pairs[:, 0], pairs[:, 1]).mean() < 0.50
    best = (texts(vectors, 50) @ vectors.T).max(axis=1)
    assert 0.3 < best.mean() < 0.5
    nearest = np.sort(vectors[:200] @ vectors.T, axis=1)[:, -2]
    assert (nearest > 0.95).mean() > 0.3
    assert np.array_equal(vectors[:100], next(Photos(20_000, 512).pieces())[:100])
