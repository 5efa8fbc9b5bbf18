"""Who is who: how well faces are put together, how long that takes, how much memory; of drawn faces and of photos."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Regroup
from photofsd.store import assets, faces, facets, paths, people
from photofsd.store.env import Store
from photofsd.types import AssetId
from tests.bench.conftest import Scaled
from tests.bench.drawn_faces import DIMENSION, Truth, draw
from tests.bench.running import running
from tests.bench.sheet import Sheet

FACES, PEOPLE = 60_000, 300
MANY_FACES, MANY_PEOPLE = 1_200_000, 6_000
PASS_S = 4 * 3600


def test_faces_of_three_hundred_people(tmp_path: Path, scaled: Scaled, sheet: Sheet) -> None:
    _measure(tmp_path, scaled(FACES), PEOPLE, sheet, at_most_s=600)


def test_faces_of_a_large_library(tmp_path: Path, scaled: Scaled, sheet: Sheet) -> None:
    _measure(tmp_path, scaled(MANY_FACES), MANY_PEOPLE, sheet, at_most_s=None)


def test_faces_of_the_test_photos(test_data: Path, test_models: Path, tmp_path: Path, sheet: Sheet) -> None:
    """Of photos that show one known person: which of them are put together. The thresholds were chosen on these."""
    (tmp_path / "mount").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "faces").symlink_to(test_models / "faces")
    state = tmp_path / "state"
    with running(test_data, state, tmp_path / "mount", models=tmp_path / "models") as daemon:
        daemon.await_rest()
        ask(state, Regroup(), timeout_s=None)
    known = _known(test_data)
    found = _people(state, test_data)
    seen = [(known[path], whose[0]) for path, whose in sorted(found.items()) if path in known and len(whose) == 1]
    truth = np.unique([name for name, _ in seen], return_inverse=True)[1].astype(np.int64)
    whose = alone(np.array([person for _, person in seen], np.int64))
    pairs = np.triu_indices(len(seen), 1)
    same, together = ((of[:, None] == of)[pairs] for of in (truth, whose))
    right = np.count_nonzero(same & together)
    sheet.add("photos that show one known person, whose face was found", len(seen), "")
    sheet.add("faces found in all photos", sum(map(len, found.values())), "")
    sheet.add("pairs put together that are one person: precision", right / max(1, np.count_nonzero(together)), "")
    sheet.add("pairs of one person that were put together: recall", right / max(1, np.count_nonzero(same)), "")
    precision, recall = bcubed(whose, truth)
    sheet.add("BCubed precision", precision, "")
    sheet.add("BCubed recall", recall, "")
    sheet.add("BCubed recall of people with three such photos and more", _recall_of_three(whose, truth), "")
    sheet.add("faces of whoever the drawn one is taken for", _company(found, _drawn(test_data)), "", at_most=0)


def _known(test_data: Path) -> dict[str, str]:
    """Who is in the photos that show one known person, by path."""
    rows = _manifest(test_data)
    return {row["path"]: row["people"] for row in rows if row["people"] and ";" not in row["people"]}


def _drawn(test_data: Path) -> str:
    """The path of the drawing that must not become a person."""
    return next(row["path"] for row in _manifest(test_data) if "must not become a person" in row["quirk"])


def _manifest(test_data: Path) -> list[dict[str, str]]:
    with (test_data / "manifest.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _people(state: Path, test_data: Path) -> dict[str, list[int]]:
    """Whose the faces of each photo are, 0 = nobody's, by the photo's paths in the library."""
    found = {}
    store = Store.open(state / "store", readonly=True)
    with store.read() as txn:
        for asset in facets.live(txn):
            record = assets.asset(txn, AssetId(asset))
            placed = [people.of_cluster(txn, row.cluster) for _, row in faces.placed(txn, AssetId(asset))]
            for number in record.files if record is not None else ():
                file = paths.file(txn, number)
                if file is not None:
                    path = os.fsdecode(paths.file_path(txn, file))
                    found[os.path.relpath(path, test_data)] = [int(person) for person in placed]
    store.close()
    return found


def _recall_of_three(whose: Truth, truth: Truth) -> float:
    many = np.bincount(truth)[truth] >= 3
    return bcubed(whose[many], truth[many])[1]


def _company(found: dict[str, list[int]], path: str) -> int:
    """How many other faces are the same person's as a face of that photo."""
    theirs = set(found.get(path, [])) - {0}
    return sum(person in theirs for other, whose in found.items() if other != path for person in whose)


def _measure(folder: Path, count: int, persons: int, sheet: Sheet, at_most_s: float | None) -> None:
    file, answer = folder / "rows.f16", folder / "people.npy"
    truth = draw(file, count, persons)
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.bench.grouping", str(file), str(DIMENSION), str(answer)]
    done = subprocess.run(command, check=True, capture_output=True, env=environ, timeout=PASS_S)
    figures = json.loads(done.stdout)
    found = np.load(answer)
    precision, recall = bcubed(alone(found), truth)
    sheet.add(f"grouping {count:,} faces of {persons:,} people", figures["seconds"], "s", at_most=at_most_s)
    sheet.add("the same, processor time of one core", figures["processor_s"], "s")
    sheet.add("memory, the mapped vectors included", figures["peak_mb"], "MB", at_most=4000)
    sheet.add("BCubed precision", precision, "")
    sheet.add("BCubed recall", recall, "")
    sheet.add("BCubed F", 2 * precision * recall / (precision + recall), "", at_least=0.97)
    sheet.add("people found", len(np.unique(found[found != 0])), "")
    sheet.add("faces that wait", np.count_nonzero(found == 0), "")


def alone(people: Truth) -> Truth:
    """The same, everybody who is nobody's being somebody of their own."""
    return np.where(people == 0, np.arange(len(people)) + np.abs(people).max() + 1, people)


def bcubed(found: Truth, truth: Truth) -> tuple[float, float]:
    """Precision and recall, averaged over the faces. Source: Bagga and Baldwin 1998."""
    one, other = (np.unique(whose, return_inverse=True)[1] for whose in (found, truth))
    ones = np.ones(len(found))
    both = sparse.coo_array((ones, (one, other))).tocsr().tocoo()
    sizes: tuple[npt.NDArray[np.float64], ...] = (np.bincount(one).astype(float), np.bincount(other).astype(float))
    precision = (both.data**2 / sizes[0][both.row]).sum() / len(found)
    recall = (both.data**2 / sizes[1][both.col]).sum() / len(found)
    return float(precision), float(recall)
