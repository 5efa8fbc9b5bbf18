"""A real, small image-text model: what it says of real photos, and what the commands say of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photofsd.errors import ModelUnusable, UsageError
from photofsd.models import canary, importing
from photofsd.models.clip import ClipModel, checked
from photofsd.models.folder import Installed, Layout, Purpose, chosen
from photofsd.models.loading import load
from tests.component import tiny_clip
from tests.writable import copied

RAN = "clip model small: works: 384 dimensions, on ONNX Runtime, CPUExecutionProvider\n"


@pytest.fixture
def models(test_models: Path, tmp_path: Path) -> Path:
    """A models folder of our own."""
    copied(test_models / "clip", tmp_path / "models" / "clip")
    return tmp_path / "models"


@pytest.fixture
def model(models: Path) -> Installed:
    found = chosen(models, Purpose.CLIP)
    assert found is not None
    return found


def photofsd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "photofsd", *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def test_pictures_and_words_meet(model: Installed, test_data: Path) -> None:
    clip = load(model, threads=1)
    dog, mountains = (
        Image.open(test_data / path)
        for path in ("Photos/Haustiere – Pets/dog_created_1919.jpg", "Albums/nature/denali.webp")
    )
    pictures, words = clip.of_pictures([dog, mountains]), clip.of_texts(["dog", "mountain"])
    assert pictures.shape == words.shape == (2, clip.dimension)
    assert np.linalg.norm(np.concatenate([pictures, words]), axis=1) == pytest.approx(1, abs=1e-5)
    cosines = pictures @ words.T
    assert cosines.argmax(axis=1).tolist() == [0, 1], f"{cosines}"


def test_a_batch_says_what_each_says_alone(model: Installed) -> None:
    clip = load(model, threads=1)
    pictures = [
        Image.linear_gradient("L"),
        Image.radial_gradient("L").resize((300, 99)),
        Image.new("RGB", (5, 5), "red"),
    ]
    assert clip.of_pictures(pictures) == pytest.approx(
        np.concatenate([clip.of_pictures([one]) for one in pictures]), abs=1e-4
    )
    texts = ["beach", "a very long line of words " * 50, ""]
    assert clip.of_texts(texts) == pytest.approx(np.concatenate([clip.of_texts([one]) for one in texts]), abs=1e-4)
    assert clip.of_pictures([]).shape == clip.of_texts([]).shape == (0, clip.dimension)


def test_threads_that_wait_do_not_take_the_processors_from_others(model: Installed) -> None:
    """A ratio of processor times: threads that spin while one of them works take four times as much."""
    alone, four = (_spent_s(load(model, threads=threads)) for threads in (1, 4))
    assert four < 2.5 * alone


def _spent_s(clip: ClipModel) -> float:
    """Of processor time, for thirty questions with pauses."""
    clip.of_texts(["beach"])
    before = time.process_time()
    for _ in range(30):
        clip.of_texts(["beach"])
        time.sleep(0.005)
    return time.process_time() - before


def test_a_model_that_takes_no_batches_is_shown_one_at_a_time(tmp_path: Path) -> None:
    for name, batch in (("any", "n"), ("one", 1)):
        tiny_clip.make(tmp_path, name, seed=1, batch=batch)
    any_number, one = (
        load(found, threads=1) for name in ("any", "one") if (found := chosen(tmp_path, Purpose.CLIP, name))
    )
    pictures = [Image.new("RGB", (tiny_clip.SIDE,) * 2, colour) for colour in ("red", "green", "navy")]
    assert one.of_pictures(pictures) == pytest.approx(any_number.of_pictures(pictures), abs=1e-6)


class Broken:
    """A model that says the same of everything, or another thing each time."""

    dimension, runs_on = 4, "nothing"

    def __init__(self, *, is_random: bool) -> None:
        self._rng = np.random.default_rng(1)
        self._is_random = is_random

    def of_pictures(self, pictures: Sequence[object]) -> np.ndarray:
        found = self._rng.standard_normal((len(pictures), 4)) if self._is_random else np.ones((len(pictures), 4))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    of_texts = of_pictures


@pytest.mark.parametrize(
    "is_random, why",
    [(False, "all pictures give the same vector"), (True, "the same pictures give another vector the second time")],
)
def test_a_model_that_says_nothing_is_found_by_the_trial(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_random: bool,  # noqa: FBT001
    why: str,
) -> None:
    folder = tiny_clip.make(tmp_path, "tiny")
    monkeypatch.setattr(canary, "load", lambda *_, **__: Broken(is_random=is_random))
    assert canary.heard(Purpose.CLIP, folder, 1) == {"error": why}


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../b", "x" * 201])
def test_what_is_no_name_for_a_model_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name for a model"):
        importing.place_for(tmp_path, Purpose.CLIP, name)


@pytest.mark.parametrize("file", ["visual/model.onnx", "textual/model.onnx", "textual/tokenizer.json", "config.json"])
def test_a_damaged_model_is_one_clear_error(model: Installed, file: str) -> None:
    (model.folder / file).write_bytes((model.folder / file).read_bytes()[:100])

    def encode() -> None:
        clip = load(model, threads=1)
        clip.of_pictures([Image.new("RGB", (9, 9))])
        clip.of_texts(["x"])

    with pytest.raises(ModelUnusable, match=r"^[^\n]+$"):
        encode()


def test_a_model_of_another_size_than_it_says(model: Installed) -> None:
    config = model.folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_bytes()) | {"embed_dim": 512}))
    with pytest.raises(ModelUnusable, match=r"gives \(1, 384\) where \(1, 512\) was promised"):
        load(model, threads=1).of_texts(["x"])


@pytest.mark.parametrize("said", [{"text_cfg": ["x"]}, {"embed_dim": float("inf")}, {"embed_dim": "x"}, "[" * 100_000])
def test_a_configuration_that_makes_no_sense_is_named(model: Installed, said: dict[str, object] | str) -> None:
    config = model.folder / "config.json"
    changed = said if isinstance(said, str) else json.dumps(json.loads(config.read_bytes()) | said)
    config.write_text(changed)
    with pytest.raises(ModelUnusable, match=r"^[^\n]*config\.json[^\n]*$"):
        load(model, threads=1)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_model_that_gives_no_numbers_is_refused(tmp_path: Path, number: float) -> None:
    with pytest.raises(ModelUnusable, match="gives numbers that are none"):
        checked(np.array([[1, number]]), (1, 2), tmp_path)


def test_a_gpu_that_cannot_be_had_is_refused_where_it_must_be_had(model: Installed) -> None:
    import onnxruntime  # noqa: PLC0415 - after the fixture has seen that it is there

    if any("CUDA" in provider for provider in onnxruntime.get_available_providers()):
        pytest.skip("this ONNX Runtime was built for a GPU")
    with pytest.raises(ModelUnusable, match="built without a GPU"):
        load(model, threads=1, device="gpu")
    assert load(model, threads=1, device="auto").runs_on == "ONNX Runtime, CPUExecutionProvider"


def test_only_image_text_models_are_loaded_as_such(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="is a faces model"):
        load(Installed(Purpose.FACES, "m", Layout.ONNX, tmp_path), threads=1)


def test_the_commands_take_in_list_and_verify(model: Installed, tmp_path: Path) -> None:
    where = ("--models", str(tmp_path / "mine"))
    assert "models import DIR" in photofsd("models", "list", *where).stdout
    taken = photofsd("models", "import", str(model.folder), "--name", "small", *where)
    assert taken.returncode == 0, taken.stderr
    (listed,) = json.loads(photofsd("models", "list", "--json", *where).stdout)
    assert (listed["purpose"], listed["name"], listed["layout"]) == ("clip", "small", "onnx")
    assert listed["id"].startswith("small-")
    tried = photofsd("models", "verify", *where)
    assert (tried.returncode, tried.stdout) == (0, RAN)
    with (tmp_path / "mine/clip/small/visual/model.onnx").open("ab") as file:
        file.write(b"x")
    changed = photofsd("models", "verify", "small", "--json", *where)
    assert changed.returncode == 4
    (verdict,) = json.loads(changed.stdout)
    assert verdict["problems"] == ["visual/model.onnx has changed"]


def test_a_model_that_cannot_run_is_found_by_the_trial(models: Path, model: Installed) -> None:
    (model.folder / "textual/model.onnx").write_bytes(b"no model")
    tried = photofsd("models", "verify", "--models", str(models))
    assert tried.returncode == 4
    assert "textual/model.onnx cannot be loaded" in tried.stdout
    assert "Traceback" not in tried.stderr


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    asked = photofsd("models", "verify", "nothing", "--models", str(tmp_path))
    assert (asked.returncode, asked.stderr) == (2, f"photofsd: there is no model nothing in {tmp_path}\n")
