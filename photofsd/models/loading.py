"""Loads a model with what runs its layout: ONNX Runtime, or open_clip on torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

from photofsd.display import first_line
from photofsd.errors import ModelUnusable, PhotofsdError
from photofsd.models.clip import ClipModel
from photofsd.models.folder import Installed, Layout, Purpose

if TYPE_CHECKING:
    from photofsd.models.faces import FaceModel

M = TypeVar("M")

Device = Literal["auto", "cpu", "gpu"]
"""Where a model runs. "auto": on a GPU where one can be used, else on the CPU."""


def load(model: Installed, *, threads: int, device: Device = "auto") -> ClipModel:
    """The image-text model, ready to encode. Raises ModelUnusable.

    threads: of the CPU that one encoding may take.
    """
    if model.purpose is not Purpose.CLIP:
        raise ModelUnusable(f"{model.folder} is a {model.purpose} model, and no image-text model")
    return _whatever_happens(lambda: _loaded(model, threads, device), model)


def load_faces(model: Installed, *, threads: int, device: Device = "auto") -> FaceModel:
    """The pack of models that finds faces, ready. Raises ModelUnusable, OutOfModelMemory; threads: as above."""
    if model.purpose is not Purpose.FACES:
        raise ModelUnusable(f"{model.folder} is a {model.purpose} model, and none that finds faces")

    def loaded() -> FaceModel:
        from photofsd.models.faces import FaceModel  # noqa: PLC0415 - its library is an extra

        return FaceModel(model, threads=threads, device=device)

    return _whatever_happens(loaded, model)


def _whatever_happens(load_it: Callable[[], M], model: Installed) -> M:
    try:
        return load_it()
    except ModuleNotFoundError as error:
        raise ModelUnusable(f"{error.name} is not installed: pip install 'photofsd[ml]'") from error
    except (PhotofsdError, MemoryError):
        raise
    except Exception as error:  # libraries of this size fail to load in any way
        raise ModelUnusable(f"what runs {model.layout} models cannot be loaded: {first_line(error)}") from error


def _loaded(model: Installed, threads: int, device: Device) -> ClipModel:
    """Each library is an extra, takes a while to load, and is loaded only for a model that it runs."""
    match model.layout:
        case Layout.ONNX:
            from photofsd.models.clip_onnx import OnnxClip  # noqa: PLC0415

            return OnnxClip(model, threads=threads, device=device)
        case Layout.OPEN_CLIP:
            from photofsd.models.clip_torch import TorchClip  # noqa: PLC0415

            return TorchClip(model, threads=threads, device=device)
        case _:
            raise ModelUnusable(f"nothing here runs a model laid out as {model.layout}")
