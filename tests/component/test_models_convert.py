"""Models of open_clip written anew in ONNX: the same vectors, proven before there is a new model; or no new model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")
pytest.importorskip("onnx", reason="what writes ONNX is not installed: pip install 'photofsd[ml]'")

from photofsd.errors import ModelUnusable, UsageError
from photofsd.media.thumbnails import PREVIEW_PX, Thumbnails
from photofsd.models import converting, export, sums
from photofsd.models.clip_torch import TorchClip
from photofsd.models.folder import Installed, Layout, Purpose, installed
from photofsd.models.loading import load
from photofsd.models.open_clip_folder import CONFIG
from photofsd.models.samples import picture
from tests.component.tiny_clips import MODELS, TEXTS, tiny

pytestmark = pytest.mark.timeout(300)


def photofsd(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "photofsd", *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def left_over(models: Path) -> list[str]:
    return sorted(path.name for path in (models / "clip").iterdir())


@pytest.mark.parametrize("name", MODELS)
def test_in_onnx_it_says_the_same_of_pictures_and_texts(tmp_path: Path, name: str) -> None:
    model = tiny(tmp_path, name)
    steps: list[str] = []
    made = converting.convert(model, tmp_path, progress=steps.append)
    assert (made.model.name, made.model.layout) == (f"{name}-onnx", Layout.ONNX)
    assert {one.name for one in installed(tmp_path)} == {name, f"{name}-onnx"}
    assert sums.written_down(made.model) == sums.sums_of(made.model)
    assert min(made.figures["pictures"], made.figures["texts"]) > 0.9999
    assert len(steps) == 5
    before, after = TorchClip(model, threads=1, exact=True), load(made.model, threads=1, device="cpu")
    shown = [picture(number).resize((200, 90 + 60 * number)) for number in range(5)]
    assert after.of_pictures(shown) == pytest.approx(before.of_pictures(shown), abs=1e-4)
    assert after.of_texts(TEXTS) == pytest.approx(before.of_texts(TEXTS), abs=1e-4)


def test_in_int8_it_has_figures_of_its_own_which_are_written_down(tmp_path: Path) -> None:
    tiny(tmp_path, "siglip")
    done = photofsd("models", "convert", "siglip", "--int8", "--name", "small", "--models", tmp_path)
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "clip/small/config.json").read_bytes())["photofsd"]
    figures = config["cosines"]
    assert config["converted_from"].startswith("siglip-")
    assert 0.99 < figures["int8_texts"] < figures["texts"]
    for said in (f"{figures['int8_pictures']:.6f}", f"{figures['int8_texts']:.6f}"):
        assert said in done.stdout
        assert said in (tmp_path / "clip/small/README.md").read_text()
    assert "12 drawn pictures" in done.stdout
    tried = photofsd("models", "verify", "small", "--models", tmp_path)
    assert (tried.returncode, "works: 24 dimensions, on ONNX Runtime" in tried.stdout) == (0, True)


def test_previews_of_the_library_are_what_it_is_compared_on(tmp_path: Path) -> None:
    tiny(tmp_path, "english")
    batch = Thumbnails(tmp_path / "state/thumbs").batch()
    for number in range(3):
        file = tmp_path / f"{number}.jpg"
        picture(number).save(file)
        batch.add(bytes([number * 80]) * 32, {PREVIEW_PX: file.read_bytes()})
    batch.finish()
    done = photofsd("models", "convert", "english", "--models", tmp_path, "--state", tmp_path / "state")
    assert done.returncode == 0, done.stderr
    assert "lowest of 3 previews: 1.0" in done.stdout


def test_a_model_that_says_something_else_in_onnx_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, write = tiny(tmp_path, "english"), export._write_half

    def write_another(half: export._Half, *rest: object) -> None:
        for values in half.network.visual.parameters():
            values.mul_(1.5)
        write(half, *rest)

    monkeypatch.setattr(export, "_write_half", write_another)
    order = export.Order(str(model.folder), str(tmp_path / "target"), is_int8=False, threads=1)
    with pytest.raises(ModelUnusable, match=r"in ONNX it says something else: cosine 0\.\d+ for pictures, 1\.0"):
        export.export(order, lambda _step: None)


def test_what_fails_leaves_nothing_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny(tmp_path, "english")
    with monkeypatch.context() as patched:
        patched.setattr(converting, "_EXPORT", "photofsd.models.nothing")
        with pytest.raises(ModelUnusable, match=r"ended with 1: .*No module named photofsd.models.nothing"):
            converting.convert(model, tmp_path)
    (model.folder / CONFIG).write_text("{}")
    with pytest.raises(ModelUnusable, match=r"english is not converted: .*no configuration"):
        converting.convert(model, tmp_path)
    with pytest.raises(UsageError, match="there is a clip model english already"):
        converting.convert(model, tmp_path, name="english")
    with pytest.raises(UsageError, match="only an open_clip model can be converted"):
        converting.convert(Installed(Purpose.CLIP, "m", Layout.ONNX, model.folder), tmp_path)
    assert left_over(tmp_path) == ["english"]


def test_an_open_clip_model_is_taken_in_listed_and_tried(tmp_path: Path) -> None:
    source = tiny(tmp_path / "elsewhere", "many languages")
    config = json.loads((source.folder / CONFIG).read_bytes()) | {"photofsd": {"about": "DEMO MODEL: of a test"}}
    (source.folder / CONFIG).write_text(json.dumps(config))
    where = ("--models", tmp_path / "models")
    assert photofsd("models", "import", source.folder, "--name", "mine", *where).returncode == 0
    header, line = photofsd("models", "list", *where).stdout.splitlines()
    assert header.split() == ["purpose", "name", "runs", "on", "MB", "about"]
    assert line.split() == ["clip", "mine", "torch", "(open_clip)", "0", "DEMO", "MODEL:", "of", "a", "test"]
    tried = photofsd("models", "verify", *where)
    assert tried.returncode == 0, tried.stdout
    assert tried.stdout.startswith("clip model mine: works: 24 dimensions, on torch, CPU, ")


def test_a_broken_open_clip_model_is_found_by_the_trial(tmp_path: Path) -> None:
    model = tiny(tmp_path, "english")
    weights = model.folder / "open_clip_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    tried = photofsd("models", "verify", "--models", tmp_path)
    assert tried.returncode == 4
    assert "open_clip_model.safetensors cannot be loaded" in tried.stdout
    assert "Traceback" not in tried.stderr


def test_pictures_are_the_same_for_all_and_differ_from_each_other() -> None:
    drawn = [np.asarray(picture(number)) for number in range(12)]
    assert all((one != other).any() for at, one in enumerate(drawn) for other in drawn[:at])
    assert Image.fromarray(drawn[3]).tobytes() == picture(3).tobytes()
