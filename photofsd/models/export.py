"""Writes an open_clip model anew in ONNX, and measures how far what it says then is from what torch said.

Run as `python -m photofsd.models.export`, with an Order as one line of JSON on stdin, it prints lines of JSON:
{"doing"} at each step, at the end {"figures"} or {"error"}. Nothing but the folder `target` is written.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from PIL import Image

from photofsd.display import first_line
from photofsd.errors import ModelUnusable, PhotofsdError
from photofsd.models import clip_bpe
from photofsd.models.clip import Vectors
from photofsd.models.clip_onnx import OnnxClip
from photofsd.models.clip_torch import TorchClip
from photofsd.models.folder import Installed, Layout, Purpose
from photofsd.models.open_clip_folder import bpe_vocabulary, config_of, network_of, tokenizer_of
from photofsd.models.samples import TEXTS, picture
from photofsd.models.tokens import Tokenizer

EXACT: Final = 0.999
"""The cosine that the export of a model must reach for every picture and text."""
INT8_CLOSE: Final = 0.95
"""The same of a model in int8: what is further off is no longer that model."""
_OPSET: Final = 17
_DRAWN: Final = 12
_SHORT: Final = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_ROUNDED: Final = ("MatMul", "Gemm", "Attention", "Gather")


class Order(msgspec.Struct, frozen=True):
    """What is to be done. pictures: files to compare with, drawn ones where there are none."""

    source: str
    target: str
    is_int8: bool
    threads: int
    pictures: tuple[str, ...] = ()


class Figures(msgspec.Struct, frozen=True):
    """How near the model in ONNX is: the lowest cosine between its vectors and torch's.

    int8_*: of the model in int8; None where it was not asked for.
    """

    pictures: float
    texts: float
    compared_pictures: int
    compared_texts: int
    drawn: bool
    int8_pictures: float | None = None
    int8_texts: float | None = None


class _Half(torch.nn.Module):
    """One half of a network as a function of its own, its vectors of length 1."""

    def __init__(self, network: torch.nn.Module, encode: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.network = network
        self._encode = encode

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self._encode(batch, normalize=True)


def export(order: Order, doing: Callable[[str], None]) -> Figures:
    """Carry out the order. Raises ModelUnusable where the model in ONNX says something else."""
    source, target = Path(order.source), Path(order.target)
    for part in ("visual", "textual"):
        (target / part).mkdir(parents=True)
    network = network_of(source)
    _write_configuration(network, source, target)
    doing("comparing tokens")
    _compare_tokens(source, target)
    doing("exporting the half that sees")
    size = json.loads((target / "visual/preprocess_cfg.json").read_bytes())["size"]
    pixels = torch.zeros(2, 3, *size)
    _write_half(_Half(network, network.encode_image), pixels, "image", target / "visual/model.onnx")
    doing("exporting the half that reads")
    tokens = tokenizer_of(source)(list(TEXTS[:2])).int()
    _write_half(_Half(network, network.encode_text), tokens, "text", target / "textual/model.onnx")
    del network
    doing("encoding with torch")
    pictures = [_opened(path) for path in order.pictures] or [picture(number) for number in range(_DRAWN)]
    before = _said(TorchClip(_model(source, Layout.OPEN_CLIP), threads=order.threads, exact=True), pictures)
    doing("encoding with ONNX Runtime")
    shown, read = _nearness(before, _said(_onnx(target, order.threads), pictures))
    if min(shown, read) < EXACT:
        raise ModelUnusable(f"in ONNX it says something else: cosine {shown:.4f} for pictures, {read:.4f} for texts")
    figures = Figures(shown, read, len(pictures), len(TEXTS), not order.pictures)
    if not order.is_int8:
        return figures
    doing("rounding to int8")
    for part in ("visual", "textual"):
        _round(target / part / "model.onnx")
    doing("encoding with int8")
    shown, read = _nearness(before, _said(_onnx(target, order.threads), pictures))
    if min(shown, read) < INT8_CLOSE:
        raise ModelUnusable(f"in int8 it says something else: cosine {shown:.4f} for pictures, {read:.4f} for texts")
    return msgspec.structs.replace(figures, int8_pictures=shown, int8_texts=read)


def _write_configuration(network: Any, source: Path, target: Path) -> None:  # noqa: ANN401 - of no class we can name
    config = config_of(source)
    (target / "config.json").write_text(
        json.dumps(config["model_cfg"] | {"photofsd": config.get("photofsd", {})}, indent=1)
    )
    said = dict(network.visual.preprocess_cfg)
    size = said["size"]
    said["size"] = [size, size] if isinstance(size, int) else list(size)
    (target / "visual/preprocess_cfg.json").write_text(json.dumps(said, indent=1))
    if config["model_cfg"]["text_cfg"].get("hf_tokenizer_name"):
        for name in _SHORT:
            if (source / name).is_file():
                shutil.copyfile(source / name, target / "textual" / name)
    else:
        clip_bpe.write(bpe_vocabulary(), target / "textual")


def _compare_tokens(source: Path, target: Path) -> None:
    config = config_of(source)["model_cfg"]["text_cfg"]
    ours, theirs = Tokenizer(target / "textual", config)(TEXTS)[0], tokenizer_of(source)(list(TEXTS)).numpy()
    different = [text for text, one, other in zip(TEXTS, ours, theirs, strict=True) if (one != other).any()]
    if different:
        raise ModelUnusable(f"its texts cannot be cut as open_clip cuts them: {different[0]!r}")


def _write_half(half: _Half, batch: torch.Tensor, name: str, file: Path) -> None:
    torch.backends.mha.set_fastpath_enabled(False)  # it is one operator that ONNX does not have
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                half,
                (batch,),
                str(file),
                input_names=[name],
                output_names=["embedding"],
                dynamic_axes={name: {0: "batch"}, "embedding": {0: "batch"}},
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # torch's own classes share no base
        raise ModelUnusable(f"it cannot be written as ONNX: {first_line(error)}") from error


def _round(file: Path) -> None:
    """Weights of multiplications and of words as int8; everything else stays."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - slow, and rarely asked for

    rounded = file.with_suffix(".int8")
    quantize_dynamic(
        str(file),
        str(rounded),
        op_types_to_quantize=list(_ROUNDED),
        per_channel=True,
        weight_type=QuantType.QInt8,
    )
    rounded.replace(file)


def _said(clip: TorchClip | OnnxClip, pictures: Sequence[Image.Image]) -> tuple[Vectors, Vectors]:
    """What it says of the pictures, one batch of two and the rest alone, and of the texts."""
    first = clip.of_pictures(pictures[:2])
    return np.concatenate([first, *(clip.of_pictures([one]) for one in pictures[2:])]), clip.of_texts(TEXTS)


def _nearness(before: tuple[Vectors, Vectors], after: tuple[Vectors, Vectors]) -> tuple[float, float]:
    shown, read = (float((one * other).sum(axis=1).min()) for one, other in zip(before, after, strict=True))
    return shown, read


def _opened(path: str) -> Image.Image:
    with Image.open(path) as opened:
        return opened.convert("RGB")


def _onnx(folder: Path, threads: int) -> OnnxClip:
    return OnnxClip(_model(folder, Layout.ONNX), threads=threads)


def _model(folder: Path, layout: Layout) -> Installed:
    return Installed(Purpose.CLIP, folder.name, layout, folder)


def main() -> None:
    """Read the order, print what comes of it."""
    logging.disable()

    def say(**what: object) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    try:
        figures = export(msgspec.json.decode(sys.stdin.buffer.readline(), type=Order), lambda step: say(doing=step))
        say(figures=msgspec.to_builtins(figures))
    except PhotofsdError as error:
        say(error=str(error))
    except ImportError as error:
        say(error=f"{error.name} is not installed: pip install 'photofsd[ml]'")
    except (OSError, MemoryError) as error:
        say(error=first_line(error))


if __name__ == "__main__":
    main()
