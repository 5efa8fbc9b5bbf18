"""Train the demo model: python -m contrib.demo_model DIR."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from contrib.demo_model import training
from contrib.demo_model.card import ABOUT, card_of
from contrib.demo_model.examples import draw
from contrib.demo_model.trial import tried
from photofsd.models.folder import Installed, Layout, Purpose
from photofsd.models.loading import load


def main() -> int:
    """Draw, train, write, and try what was written on fresh pictures."""
    parser = argparse.ArgumentParser(prog="python -m contrib.demo_model", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model goes; made if need be")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another model (default 1)")
    parser.add_argument("--examples", type=int, default=9300, help="pictures to learn from (default 9300)")
    parser.add_argument("--steps", type=int, default=1400, help="batches to learn from (default 1400)")
    parser.add_argument("--threads", type=int, default=1, help="of the training (default 1)")
    arguments = parser.parse_args()
    began = time.process_time()
    print(f"drawing {arguments.examples} pictures ...", flush=True)
    examples = draw(f"demo {arguments.seed}", arguments.examples)
    torch.set_num_threads(arguments.threads)
    weights = training.train(
        examples,
        seed=arguments.seed,
        steps=arguments.steps,
        progress=lambda step, loss: print(f"step {step} of {arguments.steps}, loss {loss:.3f}", flush=True),
    )
    _write(arguments.folder, weights)
    print(
        f"trained with {time.process_time() - began:.0f} s of CPU time, besides the drawing; now it is tried",
        flush=True,
    )
    model = Installed(Purpose.CLIP, arguments.folder.name, Layout.OPEN_CLIP, arguments.folder)
    fresh = draw(f"fresh {arguments.seed}", arguments.examples // 10)
    card = card_of(tried(load(model, threads=arguments.threads, device="cpu"), fresh), vars(arguments))
    (arguments.folder / "README.md").write_text(card)
    print(card)
    return 0


def _write(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_cfg": training.CONFIG,
        "preprocess_cfg": {
            "mean": training.MEAN,
            "std": training.STD,
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
        "photofsd": {"about": ABOUT},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(weights, folder / "open_clip_model.safetensors")


if __name__ == "__main__":
    sys.exit(main())
