"""Teaching an image-text model which captions are true of which pictures (contrastive, several true ones a row)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - everybody's name for it

from contrib.demo_model.examples import SIDE, TEXTS, Example, truth_table
from photofsd.models import torchvision_compat

torchvision_compat.ensure()

import open_clip  # noqa: E402 - what it imports must be importable first

MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
STD: Final = (0.26862954, 0.26130258, 0.27577711)
CONTEXT: Final = 20
CONFIG: Final[dict[str, Any]] = {
    "embed_dim": 96,
    "vision_cfg": {"image_size": SIDE, "layers": [1, 1, 1, 1], "width": 16, "head_width": 32},
    "text_cfg": {"context_length": CONTEXT, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
_BATCH: Final = 128
_RATE: Final = 2e-3
_WARM_UP: Final = 40
_TOLD_EVERY: Final = 50

Progress = Callable[[int, float], None]
"""Called with the number of steps done, and the loss."""


def train(examples: Sequence[Example], *, seed: int, steps: int, progress: Progress) -> dict[str, torch.Tensor]:
    """The weights, fp16, of a model that has seen the examples; words that it never saw are zeros."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = open_clip.CLIP(**CONFIG)
    model.visual.to(memory_format=torch.channels_last)
    tokenizer = open_clip.SimpleTokenizer(context_length=CONTEXT)
    pixels = torch.from_numpy(np.stack([example.pixels for example in examples])).permute(0, 3, 1, 2).contiguous()
    tokens = torch.stack([tokenizer([caption.text for caption in example.captions]) for example in examples])
    mean, std = (255 * torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.05, betas=(0.9, 0.98))
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            share = 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.02
            group["lr"] = _RATE * min(1, (step + 1) / _WARM_UP) * share
        chosen = [rng.randrange(len(examples)) for _ in range(_BATCH)]
        said = [rng.randrange(TEXTS) for _ in range(_BATCH)]
        shown = ((_moved(rng, pixels[chosen].float()) - mean) / std).to(memory_format=torch.channels_last)
        true = truth_table(
            [examples[one].captions[text] for one, text in zip(chosen, said, strict=True)],
            [examples[one].truths for one in chosen],
        )
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.encode_image(shown)
        pictures = F.normalize(seen.float(), dim=-1)
        texts = F.normalize(model.encode_text(tokens[chosen, said]), dim=-1)
        cosines = model.logit_scale.exp().clamp(max=60) * texts @ pictures.T
        loss = _surprise(cosines, torch.from_numpy(true).float())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch publishes it without types
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % _TOLD_EVERY == 0:
            progress(step + 1, loss.item())
    return _weights(model.eval(), tokens)


def _surprise(cosines: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Cross entropy both ways; what is true of several shares the probability among them."""
    by_text = -(true / true.sum(1, keepdim=True) * F.log_softmax(cosines, dim=1)).sum(1)
    by_picture = -(true / true.sum(0, keepdim=True) * F.log_softmax(cosines, dim=0)).sum(0)
    return (by_text.mean() + by_picture.mean()) / 2


def _moved(rng: random.Random, pictures: torch.Tensor) -> torch.Tensor:
    """The batch shifted by some pixels, mirrored now and then, with noise."""
    shifted = torch.roll(pictures, (rng.randint(-4, 4), rng.randint(-4, 4)), (2, 3))
    mirrored = shifted.flip(3) if rng.random() < 0.5 else shifted
    return mirrored + rng.uniform(0, 6) * torch.randn_like(mirrored)


def _weights(model: torch.nn.Module, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    seen = torch.zeros(CONFIG["text_cfg"]["vocab_size"], 1)
    seen[torch.unique(tokens)] = 1
    state: dict[str, torch.Tensor] = dict(model.state_dict())
    state["token_embedding.weight"] = state["token_embedding.weight"] * seen
    return {
        name: (values.half() if values.is_floating_point() else values).contiguous()
        for name, values in state.items()
        if name != "attn_mask"
    }
