"""ViT-B-32 with weights at random: it sees nothing, and takes as long as one that does."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from photofsd.models import torchvision_compat
from photofsd.models.converting import convert
from photofsd.models.folder import Installed, Layout, Purpose, layout_of

NAME = "ViT-B-32-at-random"
SIDE = 224
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
SEED = 4


def in_onnx(models: Path) -> Installed:
    """The whole of it in Immich's layout below the models folder `models`; made where it is not there: a minute."""
    folder = models / "clip" / NAME
    if layout_of(Purpose.CLIP, folder) is not None:
        return Installed(Purpose.CLIP, NAME, Layout.ONNX, folder)
    pytest.importorskip("onnx", reason="what makes models is not installed: pip install 'photofsd[ml]'")
    with tempfile.TemporaryDirectory() as elsewhere:
        source = Installed(Purpose.CLIP, NAME, Layout.OPEN_CLIP, in_open_clip(Path(elsewhere)))
        return convert(source, models, name=NAME).model


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
