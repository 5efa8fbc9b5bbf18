"""Image-text models of open_clip, run by torch: in half precision on a GPU, and on a CPU where that is quicker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import torch
from PIL import Image

from photofsd.display import first_line
from photofsd.errors import ModelUnusable, OutOfModelMemory
from photofsd.models.clip import Vectors, checked
from photofsd.models.folder import Installed
from photofsd.models.open_clip_folder import CONFIG, config_of, network_of, tokenizer_of
from photofsd.models.pixels import Preprocessing

_NO_MEMORY: Final = ("can't allocate memory", "out of memory", "bad_alloc")


class TorchClip:
    """An image-text model, both halves loaded."""

    def __init__(self, model: Installed, *, threads: int, device: str = "cpu", exact: bool = False) -> None:
        """Raises ModelUnusable, OutOfModelMemory.

        threads: of the CPU, for whatever torch does in this process from now on. device: "cpu", "gpu", or "auto": a
        GPU where there is one. exact: float32 throughout, as ONNX Runtime computes.
        """
        torch.set_num_threads(threads)
        self._folder = model.folder
        self._device = _device(device)
        self._picture_type, text_type = (torch.float32, torch.float32) if exact else _quickest(self._device)
        self.dimension = int(config_of(model.folder)["model_cfg"]["embed_dim"])
        with self._memory_permitting("the model itself"):
            self._network = network_of(model.folder).to(self._device, text_type)
            self._network.visual.to(self._picture_type)
        self.pixels = Preprocessing.of(self._network.visual.preprocess_cfg, str(model.folder / CONFIG))
        self._tokenize = tokenizer_of(model.folder)

    @property
    def runs_on(self) -> str:
        """What computes the vectors of pictures."""
        where = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "CPU"
        return f"torch, {where}, {str(self._picture_type).removeprefix('torch.')}"

    def of_pictures(self, pictures: Sequence[Image.Image]) -> Vectors:
        """The vectors of pictures, upright, sRGB. Raises ModelUnusable, OutOfModelMemory."""
        if not pictures:
            return np.empty((0, self.dimension), np.float32)
        tensors = torch.from_numpy(np.stack([self.pixels.tensor(picture) for picture in pictures]))
        return self._vectors(self._network.encode_image, tensors.to(self._picture_type))

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """The vectors of what people type. Raises ModelUnusable, OutOfModelMemory."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return self._vectors(self._network.encode_text, self._tokenize(list(texts)))

    def _vectors(self, encode: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor) -> Vectors:
        with self._memory_permitting(f"a batch of {len(batch)}"), torch.inference_mode():
            found = encode(batch.to(self._device)).float().cpu().numpy()
        return checked(found, (len(batch), self.dimension), self._folder)

    @contextmanager
    def _memory_permitting(self, what: str) -> Iterator[None]:
        """Say OutOfModelMemory where there is none for `what`, ModelUnusable where anything else stands in the way."""
        try:
            yield
        except (RuntimeError, MemoryError, ValueError, IndexError, TypeError) as error:
            if isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY):
                torch.cuda.empty_cache()
                raise OutOfModelMemory(f"{self._folder.name}: no memory for {what}") from error
            raise ModelUnusable(f"{self._folder} cannot be run: {first_line(error)}") from error


def _device(wanted: str) -> torch.device:
    """Where to run. Raises ModelUnusable where a GPU must be had, and cannot."""
    if wanted != "cpu" and torch.cuda.is_available():
        return torch.device("cuda")
    if wanted == "gpu":
        raise ModelUnusable("torch finds no GPU: `photofsd doctor` may say why")
    return torch.device("cpu")


def _quickest(device: torch.device) -> tuple[torch.dtype, torch.dtype]:
    """The number types of pictures and of texts.

    A CPU that computes in bfloat16 encodes pictures four times as fast with it; a query is a single text, which gains
    nothing.
    """
    if device.type == "cuda":
        return torch.float16, torch.float16
    can = torch.cpu.get_capabilities()
    return (torch.bfloat16 if can.get("avx512_bf16") or can.get("amx_bf16") else torch.float32), torch.float32
