"""The demo model that is published with photofsd: it knows drawings that it has not seen, and says what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")

from contrib.demo_model.examples import draw
from contrib.demo_model.laid_out import NAME, TRAINED, lay_out
from contrib.demo_model.trial import QUERIES, tried
from photofsd.models.folder import Installed, Layout, Purpose, chosen
from photofsd.models.loading import load

LARGEST_BYTES = 6_000_000


@pytest.fixture
def model(tmp_path: Path) -> Installed:
    lay_out(tmp_path)
    found = chosen(tmp_path, Purpose.CLIP)
    assert found is not None
    return found


@pytest.mark.timeout(300)
def test_it_finds_what_it_is_asked_for_among_fresh_drawings(model: Installed) -> None:
    trial = tried(load(model, threads=1, device="cpu"), draw("of the tests", 124))
    assert trial.scenes_right > 0.85
    assert trial.precision["beach sunset"] == 1
    assert sum(trial.precision.values()) / len(QUERIES) > 0.85, trial.precision


def test_it_says_that_it_is_a_demo_wherever_it_is_named(model: Installed) -> None:
    assert (model.name, model.layout) == (NAME, Layout.OPEN_CLIP)
    assert model.id.startswith("demo-")
    assert model.about.startswith("DEMO MODEL")
    assert (model.folder / "README.md").read_text().startswith(f"# {model.about}")


def test_it_is_small_and_knows_how_it_was_made() -> None:
    assert sum(path.stat().st_size for path in TRAINED.iterdir()) < LARGEST_BYTES
    assert re.search(r"seed \d+, \d+ pictures, \d+ batches", (TRAINED / "README.md").read_text())


def test_it_is_laid_out_once_and_mended(model: Installed) -> None:
    models = model.folder.parent.parent
    (model.folder / ".photofsd.json").write_text("kept while nothing has changed")
    assert lay_out(models) == model.folder
    assert (model.folder / ".photofsd.json").exists()
    (model.folder / "open_clip_model.safetensors").write_bytes(b"torn")
    assert lay_out(models) == model.folder
    assert [path.name for path in model.folder.parent.iterdir()] == [NAME]
    mended = Installed(Purpose.CLIP, NAME, Layout.OPEN_CLIP, model.folder)
    assert mended.id == Installed(Purpose.CLIP, NAME, Layout.OPEN_CLIP, TRAINED).id
