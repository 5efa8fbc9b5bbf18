"""Image-text models in ONNX, in the layout of Immich's model cache, run by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from photofsd.display import first_line
from photofsd.errors import ModelUnusable, OutOfModelMemory
from photofsd.models.clip import Vectors, checked
from photofsd.models.folder import Installed
from photofsd.models.pixels import Preprocessing
from photofsd.models.tokens import Tokenizer

_MASK: Final = "attention_mask"
_NUMBERS: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_WHOLE_NUMBERS: Final = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
_CPU: Final = "CPUExecutionProvider"
_GPU_PROVIDERS: Final = ("CUDAExecutionProvider", "MIGraphXExecutionProvider", "ROCMExecutionProvider")
_OUT_OF_MEMORY: Final = ("bad_alloc", "out of memory", "Failed to allocate", "CUDA_ERROR_OUT_OF_MEMORY")


class OnnxClip:
    """An image-text model, each of its halves loaded when it is first needed."""

    def __init__(self, model: Installed, *, threads: int, device: str = "cpu") -> None:
        """Raises ModelUnusable.

        threads: of the CPU that one encoding may take. device: "cpu", "gpu", or "auto": a GPU where there is one.
        """
        self._folder = model.folder
        self._threads = threads
        self._providers = _wanted_providers(device)
        self._must_be_gpu = device == "gpu"
        self._config = _json(model.folder / "config.json")
        self.pixels = Preprocessing.load(model.folder / "visual/preprocess_cfg.json")
        self._visual: onnxruntime.InferenceSession | None = None
        self._textual: tuple[onnxruntime.InferenceSession, Tokenizer] | None = None
        try:
            self.dimension = int(self._config["embed_dim"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelUnusable(f"{model.folder / 'config.json'} does not say embed_dim") from error
        if not isinstance(self._config.get("text_cfg") or {}, dict):
            raise ModelUnusable(f"{model.folder / 'config.json'} does not say what texts are to be made of")

    @property
    def runs_on(self) -> str:
        """What really runs the pictures: a GPU's provider is not there where it could not be loaded."""
        return f"ONNX Runtime, {', '.join(self._picture_session().get_providers())}"

    def of_pictures(self, pictures: Sequence[Image.Image]) -> Vectors:
        """The vectors of pictures, upright, sRGB. Raises ModelUnusable, OutOfModelMemory."""
        if not pictures:
            return np.empty((0, self.dimension), np.float32)
        session = self._picture_session()
        (wanted,) = session.get_inputs()
        tensors = np.stack([self.pixels.tensor(picture) for picture in pictures])
        return self._vectors(session, {wanted.name: _as_wanted(tensors, wanted.type, _NUMBERS)}, len(pictures))

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """The vectors of what people type. Raises ModelUnusable, OutOfModelMemory."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        session, tokenizer = self._text_session()
        ids, mask = tokenizer(texts)
        feed = {
            wanted.name: _as_wanted(mask if wanted.name == _MASK else ids, wanted.type, _WHOLE_NUMBERS)
            for wanted in session.get_inputs()
        }
        return self._vectors(session, feed, len(texts))

    def _vectors(self, session: onnxruntime.InferenceSession, feed: dict[str, npt.NDArray[Any]], rows: int) -> Vectors:
        """Run it, one by one where the model takes no batches."""
        is_fixed = all(isinstance(wanted.shape[0], int) for wanted in session.get_inputs())
        if is_fixed and rows > 1:
            each = ({name: values[at : at + 1] for name, values in feed.items()} for at in range(rows))
            return np.concatenate([self._vectors(session, one, 1) for one in each])
        try:
            found = np.asarray(session.run(None, feed)[0])
        except Exception as error:
            if any(sign in str(error) for sign in _OUT_OF_MEMORY):
                raise OutOfModelMemory(f"{self._folder.name}: no memory for a batch of {rows}") from error
            raise ModelUnusable(f"{self._folder} cannot be run: {first_line(error)}") from error
        return checked(found, (rows, self.dimension), self._folder)

    def _picture_session(self) -> onnxruntime.InferenceSession:
        if self._visual is None:
            self._visual = self._session("visual/model.onnx")
            if len(self._visual.get_inputs()) != 1:
                raise ModelUnusable(f"{self._folder / 'visual/model.onnx'} wants more than pictures")
        return self._visual

    def _text_session(self) -> tuple[onnxruntime.InferenceSession, Tokenizer]:
        if self._textual is None:
            tokenizer = Tokenizer(self._folder / "textual", self._config.get("text_cfg") or {})
            self._textual = self._session("textual/model.onnx"), tokenizer
        return self._textual

    def _session(self, file: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(str(self._folder / file), options, providers=self._providers)
        except Exception as error:  # onnxruntime's own classes share no base
            raise ModelUnusable(f"{self._folder / file} cannot be loaded: {first_line(error)}") from error
        if self._must_be_gpu and session.get_providers()[0] == _CPU:
            raise ModelUnusable(f"no GPU could be used for {self._folder / file}: `photofsd doctor` may say why")
        return session


def _wanted_providers(device: str) -> list[str]:
    """ONNX Runtime's providers, best first. Raises ModelUnusable where a GPU is asked for and none is supported."""
    built_in = onnxruntime.get_available_providers()
    found = [] if device == "cpu" else [provider for provider in _GPU_PROVIDERS if provider in built_in]
    if device == "gpu" and not found:
        raise ModelUnusable("this ONNX Runtime was built without a GPU: pip install onnxruntime-gpu in its place")
    return [*found, _CPU]


def _as_wanted(values: npt.NDArray[Any], wanted: str, known: dict[str, Any]) -> npt.NDArray[Any]:
    try:
        return values.astype(known[wanted], copy=False)
    except KeyError as error:
        raise ModelUnusable(f"the model wants {wanted}, which is none of {', '.join(known)}") from error


def _json(file: Path) -> dict[str, Any]:
    try:
        said = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelUnusable(f"{file} cannot be read: {error}") from error
    if not isinstance(said, dict):
        raise ModelUnusable(f"{file} is no configuration of a model")
    return said
