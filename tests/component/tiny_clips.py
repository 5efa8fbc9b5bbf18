"""Image-text models of open_clip, tiny and of random weights, one for each way in which texts are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from photofsd.models.folder import Installed, Layout, Purpose

pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")

import tokenizers
import torch
from safetensors.torch import save_file

from photofsd.models.open_clip_folder import CONFIG, WEIGHTS, open_clip

TEXTS: Final = (
    "beach sunset",
    "A dog, in the SNOW!",
    "Don’t  stop — it's “odd” &amp; fine",
    "strand_bei sonnenuntergang über dem meer",
    "日の出 海",
    "закат на пляже",
    "🎂 party",
    "",
    "a very long line of words " * 40,
)
_VISION: Final = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
_TEXT: Final = {"context_length": 16, "width": 32, "heads": 2, "layers": 2}
_SIGLIP_TEXT: Final = {
    "vocab_size": 400,
    "hf_tokenizer_name": "of the folder",
    "no_causal_mask": True,
    "proj_bias": True,
    "pool_type": "last",
    "norm_kwargs": {"eps": 1e-6},
}
MODELS: Final[dict[str, dict[str, Any]]] = {
    "english": {"embed_dim": 24, "vision_cfg": _VISION, "text_cfg": _TEXT | {"vocab_size": 49408}},
    "convolutions": {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
        "text_cfg": _TEXT | {"vocab_size": 49408},
    },
    "siglip": {
        "embed_dim": 24,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": _VISION | {"image_size": 48},
        "text_cfg": _TEXT | _SIGLIP_TEXT | {"tokenizer_kwargs": {"clean": "canonicalize"}},
    },
    "many languages": {
        "embed_dim": 24,
        "custom_text": True,
        "vision_cfg": _VISION,
        "text_cfg": _TEXT | {"vocab_size": 400, "hf_tokenizer_name": "of the folder", "pool_type": "argmax"},
    },
}
"""By name, their model_cfg."""
PREPROCESSING: Final[dict[str, dict[str, Any]]] = {
    "english": {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]},
    "convolutions": {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "longest", "fill_color": 0},
    "siglip": {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"},
    "many languages": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear"},
}


def tiny(folder: Path, name: str) -> Installed:
    """The model `name`, in `folder`/clip/`name`."""
    place = folder / "clip" / name
    place.mkdir(parents=True)
    config = {"model_cfg": MODELS[name], "preprocess_cfg": PREPROCESSING[name] | {"size": 0}}
    (place / CONFIG).write_text(json.dumps(config))
    if "hf_tokenizer_name" in MODELS[name]["text_cfg"]:
        _write_tokenizer(place)
    torch.manual_seed(5)
    network = open_clip.create_model(f"local-dir:{place}", load_weights=False)
    with torch.no_grad():
        for values in network.state_dict().values():
            if values.is_floating_point() and values.ndim:
                values.add_(torch.randn_like(values) * 0.05)
    save_file({key: values.contiguous() for key, values in network.state_dict().items()}, place / WEIGHTS)
    return Installed(Purpose.CLIP, name, Layout.OPEN_CLIP, place)


def _write_tokenizer(folder: Path) -> None:
    """A sentencepiece-like tokenizer of 400 pieces, which knows every byte, as Gemma's does."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE(byte_fallback=True, fuse_unk=True))
    made.normalizer = tokenizers.normalizers.Replace(" ", "▁")
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))],
    )
    made.train_from_iterator(TEXTS, trainer)
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", made.token_to_id("<eos>"))]
    )
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>"}))
