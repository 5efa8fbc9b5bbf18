"""Image-text models in ONNX, in the layout of Immich's model cache, run by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from photofsd.errors import ModelUnusable
from photofsd.models.clip import Vectors, checked
from photofsd.models.folder import Installed
from photofsd.models.pixels import Preprocessing
from photofsd.models.sessions import Session, wanted_providers
from photofsd.models.tokens import Tokenizer

_MASK: Final = "attention_mask"
_NUMBERS: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_WHOLE_NUMBERS: Final = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}


class OnnxClip:
    """An image-text model, each of its halves loaded when it is first needed."""

    def __init__(self, model: Installed, *, threads: int, device: str = "cpu") -> None:
        """Raises ModelUnusable.

        threads: of the CPU that one encoding may take. device: "cpu", "gpu", or "auto": a GPU where there is one.
        """
        wanted_providers(device)
        self._folder = model.folder
        self._threads = threads
        self._device = device
        self._config = _json(model.folder / "config.json")
        self.pixels = Preprocessing.load(model.folder / "visual/preprocess_cfg.json")
        self._visual: Session | None = None
        self._textual: tuple[Session, Tokenizer] | None = None
        try:
            self.dimension = int(self._config["embed_dim"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelUnusable(f"{model.folder / 'config.json'} does not say embed_dim") from error
        if not isinstance(self._config.get("text_cfg") or {}, dict):
            raise ModelUnusable(f"{model.folder / 'config.json'} does not say what texts are to be made of")

    @property
    def runs_on(self) -> str:
        """What really runs the pictures: a GPU's provider is not there where it could not be loaded."""
        return self._picture_session().runs_on

    def of_pictures(self, pictures: Sequence[Image.Image]) -> Vectors:
        """The vectors of pictures, upright, sRGB. Raises ModelUnusable, OutOfModelMemory."""
        if not pictures:
            return np.empty((0, self.dimension), np.float32)
        session = self._picture_session()
        (wanted,) = session.inputs
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
            for wanted in session.inputs
        }
        return self._vectors(session, feed, len(texts))

    def _vectors(self, session: Session, feed: dict[str, npt.NDArray[Any]], rows: int) -> Vectors:
        """Run it, one by one where the model takes no batches."""
        if rows > 1 and not session.takes_batches:
            each = ({name: values[at : at + 1] for name, values in feed.items()} for at in range(rows))
            return np.concatenate([self._vectors(session, one, 1) for one in each])
        found = session.run(feed)[0]
        return checked(found, (rows, self.dimension), self._folder)

    def _picture_session(self) -> Session:
        if self._visual is None:
            self._visual = self._session("visual/model.onnx")
            if len(self._visual.inputs) != 1:
                raise ModelUnusable(f"{self._folder / 'visual/model.onnx'} wants more than pictures")
        return self._visual

    def _text_session(self) -> tuple[Session, Tokenizer]:
        if self._textual is None:
            tokenizer = Tokenizer(self._folder / "textual", self._config.get("text_cfg") or {})
            self._textual = self._session("textual/model.onnx"), tokenizer
        return self._textual

    def _session(self, file: str) -> Session:
        return Session(self._folder / file, threads=self._threads, device=self._device)


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
