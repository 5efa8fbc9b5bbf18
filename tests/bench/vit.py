"""ViT-B-32 with weights at random: it sees nothing, and takes as long as one that does."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from photofsd.models import torchvision_compat

NAME = "ViT-B-32-at-random"
DIMENSION = 512
SIDE = 224
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
SEED = 4


def in_onnx(models: Path) -> Path:
    """The half that sees, in Immich's layout below the models folder `models`; made unless it is there."""
    folder = models / "clip" / NAME
    if (folder / "config.json").is_file():
        return folder
    torch = pytest.importorskip("torch", reason="what makes models is not installed: pip install 'photofsd[ml]'")
    pytest.importorskip("onnx", reason="what makes models is not installed: pip install 'photofsd[ml]'")
    torchvision_compat.ensure()
    import open_clip  # noqa: PLC0415 - an extra

    torch.manual_seed(SEED)
    network = open_clip.create_model("ViT-B-32", pretrained=None).eval()
    for part in ("visual", "textual"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.visual, torch.zeros(2, 3, SIDE, SIDE), str(folder / "visual/model.onnx"), dynamo=False,
            input_names=["image"], output_names=["vector"], dynamic_axes={"image": {0: "n"}, "vector": {0: "n"}},
        )  # fmt: skip
    preprocessing = {"size": SIDE, "mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "visual/preprocess_cfg.json").write_text(json.dumps(preprocessing))
    for file in ("textual/model.onnx", "textual/tokenizer.json"):
        (folder / file).write_bytes(b"")
    (folder / "config.json").write_text(json.dumps({"embed_dim": DIMENSION}))
    return folder


def in_open_clip(models: Path) -> Path:
    """The whole of it as an open_clip local-dir below the models folder `models`."""
    torch = pytest.importorskip("torch", reason="what makes models is not installed: pip install 'photofsd[ml]'")
    torchvision_compat.ensure()
    import open_clip  # noqa: PLC0415 - an extra
    from safetensors.torch import save_file  # noqa: PLC0415 - the same

    folder = models / "clip" / NAME
    folder.mkdir(parents=True)
    torch.manual_seed(SEED)
    network = open_clip.create_model("ViT-B-32", pretrained=None)
    save_file(
        {name: tensor.contiguous() for name, tensor in network.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    preprocessing = {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"}
    said = {"model_cfg": open_clip.get_model_config("ViT-B-32"), "preprocess_cfg": preprocessing}
    (folder / "open_clip_config.json").write_text(json.dumps(said))
    return folder
