"""Reading open_clip's local-dir: its configuration, its network with its weights, its tokenizer.

The weights are safetensors, never a pickle; nothing in the folder is run, and nothing is fetched.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from photofsd.display import first_line
from photofsd.errors import ModelUnusable
from photofsd.models import torchvision_compat
from photofsd.models.tokens import Tokenizer, cleaning

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TORCHINDUCTOR_CACHE_DIR"] = "/"  # nothing is compiled; else torch tries to write into /tmp, and we may not
torchvision_compat.ensure()

import open_clip  # noqa: E402 - what it imports must be importable first
from open_clip.factory import load_checkpoint  # noqa: E402

CONFIG: Final = "open_clip_config.json"
WEIGHTS: Final = "open_clip_model.safetensors"

Tokenize = Callable[[Sequence[str]], torch.Tensor]
"""Texts to int64[n, context]."""


def config_of(folder: Path) -> dict[str, Any]:
    """What the folder's configuration says: model_cfg, preprocess_cfg. Raises ModelUnusable."""
    file = folder / CONFIG
    try:
        said: dict[str, Any] = json.loads(file.read_bytes())
        model = said["model_cfg"]
        towers = model["vision_cfg"], model["text_cfg"]
        is_whole = int(model["embed_dim"]) > 0 and all(isinstance(tower, dict) for tower in towers)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnusable(f"{file} is no configuration of an open_clip model: {error!r}") from error
    if not is_whole:
        raise ModelUnusable(f"{file} is no configuration of an open_clip model: a half is missing")
    if name := model["text_cfg"].get("hf_model_name"):
        raise ModelUnusable(
            f"the text half of {folder.name} is {name}, of another library: use the model's ONNX export"
        )
    if ":" in str(model["vision_cfg"].get("timm_model_name", "")):
        raise ModelUnusable(f"{file} names a network that lies elsewhere")
    return said


def network_of(folder: Path) -> Any:  # noqa: ANN401 - open_clip's classes share no base that says what they do
    """The network with the folder's weights, all of them: float32, on the CPU, for inference. Raises ModelUnusable."""
    config_of(folder)
    quiet, logging.root.disabled = logging.root.disabled, True
    try:
        network = open_clip.create_model(
            f"local-dir:{folder}", load_weights=False, pretrained_image=False, pretrained_text=False
        )
        load_checkpoint(network, str(folder / WEIGHTS), strict=True)
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:  # the library's errors share no base
        raise ModelUnusable(f"{folder / WEIGHTS} cannot be loaded: {first_line(error)}") from error
    finally:
        logging.root.disabled = quiet
    return network.eval().requires_grad_(requires_grad=False)


def tokenizer_of(folder: Path) -> Tokenize:
    """What cuts texts into tokens: CLIP's own, or the tokenizer.json that the folder brings. Raises ModelUnusable."""
    said: Mapping[str, Any] = config_of(folder)["model_cfg"]["text_cfg"]
    if not said.get("hf_tokenizer_name"):
        cleaning(said)
        context = said.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH)
        own: Tokenize = open_clip.SimpleTokenizer(context_length=context, **(said.get("tokenizer_kwargs") or {}))
        return own
    tokenizer = Tokenizer(folder, said)
    return lambda texts: torch.from_numpy(tokenizer(texts)[0]).long()


def bpe_vocabulary() -> Path:
    """The vocabulary of CLIP's own tokenizer, which comes with open_clip."""
    return Path(open_clip.tokenizer.default_bpe())
