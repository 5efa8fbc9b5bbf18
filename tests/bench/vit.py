"""ViT-B-32 with weights from a seed, in ONNX: the work of the model that most people have, and none of its sense."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from photofsd.models.folder import Installed, Layout, Purpose, chosen

NAME = "ViT-B-32-random"
_SOURCE = "ViT-B-32"


def vit_b_32(models: Path) -> Installed:
    """The model in the models folder `models`, made where it is not there: a minute."""
    known = chosen(models, Purpose.CLIP, NAME) if (models / "clip" / NAME).is_dir() else None
    return known or _made(models)


def _made(models: Path) -> Installed:
    why = "what makes models is not installed: pip install 'photofsd[ml]'"
    torch = pytest.importorskip("torch", reason=why)
    pytest.importorskip("onnx", reason=why)
    from photofsd.models.torchvision_compat import ensure  # noqa: PLC0415 - torch is an extra

    ensure()
    os.environ["HF_HUB_OFFLINE"] = "1"
    import open_clip  # noqa: PLC0415 - the same
    from safetensors.torch import save_file  # noqa: PLC0415 - the same

    from photofsd.models.converting import convert  # noqa: PLC0415 - the same

    torch.manual_seed(0)
    network, _, _ = open_clip.create_model_and_transforms(_SOURCE)
    source = models.with_name("open_clip") / "clip" / NAME
    source.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: weights.contiguous() for name, weights in network.state_dict().items()},
        source / "open_clip_model.safetensors",
    )
    described = {"model_cfg": open_clip.get_model_config(_SOURCE), "preprocess_cfg": network.visual.preprocess_cfg}
    (source / "open_clip_config.json").write_text(json.dumps(described))
    return convert(Installed(Purpose.CLIP, NAME, Layout.OPEN_CLIP, source), models, name=NAME).model
