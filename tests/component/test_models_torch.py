"""open_clip's models on torch: what open_clip itself would say, from its safetensors alone."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photofsd.errors import ModelUnusable, OutOfModelMemory
from photofsd.models.folder import Installed
from photofsd.models.loading import load

pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")

import torch

from photofsd.models.clip_torch import TorchClip
from photofsd.models.open_clip_folder import CONFIG, WEIGHTS, network_of, open_clip, tokenizer_of
from photofsd.models.pixels import Preprocessing
from tests.component.tiny_clips import MODELS, PREPROCESSING, TEXTS, tiny


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Installed:
    return tiny(tmp_path, request.param)


@pytest.fixture
def english(tmp_path: Path) -> Installed:
    return tiny(tmp_path, "english")


def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(1)
    shapes = [(300, 200), (200, 300), (64, 64), (1000, 40), (33, 31)]
    return [
        Image.fromarray(rng.integers(0, 255, (9, 13, 3), np.uint8)).resize(shape, Image.Resampling.BICUBIC)
        for shape in shapes
    ]


def test_vectors_are_those_of_open_clip(model: Installed) -> None:
    network, transform = open_clip.create_model_from_pretrained(f"local-dir:{model.folder}")
    network.eval()
    with torch.inference_mode():
        theirs = network.encode_image(torch.stack([transform(one) for one in pictures()]), normalize=True).numpy()
        said = network.encode_text(tokenizer_of(model.folder)(TEXTS), normalize=True).numpy()
    ours = TorchClip(model, threads=1, exact=True)
    assert ours.of_pictures(pictures()) == pytest.approx(theirs, abs=2e-3)
    assert (ours.of_pictures(pictures()) * theirs).sum(axis=1).min() > 0.9999
    assert ours.of_texts(TEXTS) == pytest.approx(said, abs=1e-5)


@pytest.mark.parametrize("size", [32, 33, (48, 32), (31, 64)])
@pytest.mark.parametrize("way", ["shortest", "longest", "squash"])
def test_pictures_are_prepared_as_open_clip_prepares_them(way: str, size: int | tuple[int, int]) -> None:
    said = {"size": size, "resize_mode": way, "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 1], "fill_color": 9}
    theirs = open_clip.transform.image_transform_v2(open_clip.transform.PreprocessCfg(**said), is_train=False)
    ours = Preprocessing.of(said, "here")
    for picture in pictures():
        assert ours.tensor(picture) == pytest.approx(theirs(picture).numpy(), abs=1e-5), picture.size


def test_pictures_are_resampled_as_the_model_says() -> None:
    said = PREPROCESSING["many languages"] | {"size": 32}
    theirs = open_clip.transform.image_transform_v2(open_clip.transform.PreprocessCfg(**said), is_train=False)
    for picture in pictures():
        assert Preprocessing.of(said, "here").tensor(picture) == pytest.approx(theirs(picture).numpy(), abs=1e-5)


def test_half_precision_says_the_same(model: Installed) -> None:
    exact, quick = TorchClip(model, threads=1, exact=True), load(model, threads=1, device="cpu")
    cosines = (exact.of_pictures(pictures()) * quick.of_pictures(pictures())).sum(axis=1)
    assert cosines.min() > 0.999, f"{quick.runs_on}: {cosines}"
    assert quick.of_texts(TEXTS) == pytest.approx(exact.of_texts(TEXTS), abs=1e-6)
    assert quick.of_pictures([]).shape == quick.of_texts([]).shape == (0, 24)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
def test_a_gpu_says_the_same_and_lacking_memory_is_said(model: Installed) -> None:
    exact, quick = TorchClip(model, threads=1, exact=True), TorchClip(model, threads=1, device="gpu")
    assert "float16" in quick.runs_on
    assert (exact.of_pictures(pictures()) * quick.of_pictures(pictures())).sum(axis=1).min() > 0.999
    assert (exact.of_texts(TEXTS) * quick.of_texts(TEXTS)).sum(axis=1).min() > 0.999
    free, _ = torch.cuda.mem_get_info()
    hog = torch.empty(free - (64 << 20), dtype=torch.uint8, device="cuda")
    with pytest.raises(OutOfModelMemory, match="no memory for a batch of 20000"):
        quick._vectors(quick._network.encode_image, torch.zeros(20_000, 3, 32, 32, dtype=torch.float16))
    del hog
    torch.cuda.empty_cache()
    assert quick.of_pictures(pictures()).shape == (5, 24), "it goes on with less"


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch finds a GPU here")
def test_a_gpu_that_is_not_there_is_refused_only_where_it_must_be_had(english: Installed) -> None:
    with pytest.raises(ModelUnusable, match="torch finds no GPU"):
        load(english, threads=1, device="gpu")
    assert "CPU" in load(english, threads=1, device="auto").runs_on


def test_lacking_memory_is_told_from_what_cannot_be_run(english: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = TorchClip(english, threads=1)

    def fails_with(error: Exception) -> None:
        def encode(_batch: torch.Tensor) -> torch.Tensor:
            raise error

        monkeypatch.setattr(clip._network, "encode_image", encode)
        clip.of_pictures(pictures())

    for error in (torch.OutOfMemoryError("CUDA out of memory."), MemoryError(), RuntimeError("can't allocate memory")):
        with pytest.raises(OutOfModelMemory, match="english: no memory for a batch of 5"):
            fails_with(error)
    with pytest.raises(ModelUnusable, match="cannot be run: shapes"):
        fails_with(RuntimeError("shapes do not fit\nat all"))


def test_a_child_that_may_write_no_file_can_load_it(english: Installed) -> None:
    """Nor may anything be cached: the models process has RLIMIT_FSIZE 0."""
    script = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from pathlib import Path
from photofsd.models.folder import Installed, Layout, Purpose
from photofsd.models.loading import load
model = Installed(Purpose.CLIP, "m", Layout.OPEN_CLIP, Path({str(english.folder)!r}))
sys.stdout.write(str(load(model, threads=1, device="cpu").of_texts(["x"]).shape))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True, timeout=100)
    assert done.stdout == "(1, 24)", done.stderr


def test_libraries_that_cannot_be_loaded_are_one_clear_error(
    english: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "photofsd.models.clip_torch", None)
    with pytest.raises(ModelUnusable, match=r"^photofsd.models.clip_torch is not installed"):
        load(english, threads=1)


def test_a_pickle_beside_the_weights_is_never_read(english: Installed) -> None:
    for name in ("open_clip_pytorch_model.bin", "model.pt", "a.safetensors"):
        (english.folder / name).write_bytes(b"would run code")
    assert load(english, threads=1, device="cpu").of_texts(["x"]).shape == (1, 24)


def test_weights_that_are_not_all_there_are_refused_never_made_up(english: Installed) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    weights = load_file(english.folder / WEIGHTS)
    del weights["visual.proj"]
    save_file(weights, english.folder / WEIGHTS)
    with pytest.raises(ModelUnusable, match=r"^[^\n]*open_clip_model.safetensors cannot be loaded[^\n]*$"):
        load(english, threads=1)
    (english.folder / WEIGHTS).unlink()
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        network_of(english.folder)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "no configuration"),
        ("{}", "no configuration"),
        ('{"model_cfg": {"embed_dim": 0, "vision_cfg": {}, "text_cfg": {}}}', "a half is missing"),
        ('{"model_cfg": {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {"hf_model_name": "some/bert"}}}', "some/bert"),
        (
            '{"model_cfg": {"embed_dim": 8, "text_cfg": {}, "vision_cfg": {"timm_model_name": "hf-hub:a/b"}}}',
            "lies elsewhere",
        ),
        ('{"model_cfg": {"embed_dim": 8, "text_cfg": {}, "vision_cfg": {"nonsense": 1}}}', "cannot be loaded"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_one_clear_error(english: Installed, text: str, said: str) -> None:
    (english.folder / CONFIG).write_text(text)
    with pytest.raises(ModelUnusable, match=rf"^[^\n]*{said}[^\n]*$"):
        load(english, threads=1)


def test_torch_for_a_cpu_requires_nothing_for_a_gpu() -> None:
    if torch.version.cuda is not None or torch.version.hip is not None:
        pytest.skip(f"this torch, {torch.__version__}, was built for a GPU")
    there = {str(one.metadata["Name"]).lower() for one in importlib.metadata.distributions()}
    for_gpus = sorted(name for name in there if name.startswith(("nvidia", "cuda", "triton", "cupy")))
    assert for_gpus == []
    wanted = importlib.metadata.requires("torch") or []
    assert [one for one in wanted if one.lower().startswith(("nvidia", "cuda", "triton"))] == []
