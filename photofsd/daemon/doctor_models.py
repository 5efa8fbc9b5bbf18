"""What stands in the way of models: none there, one that does not run here, two builds of ONNX Runtime in one place."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import Final

from photofsd.config import profiles
from photofsd.config.schema import Settings
from photofsd.daemon.finding import Finding
from photofsd.errors import ModelUnusable
from photofsd.models import canary
from photofsd.models.folder import Installed, Purpose, chosen

RUNTIMES: Final = ("onnxruntime", "onnxruntime-gpu")
GET_ONE: Final = "photofsd models install ViT-B-32__laion2b-s34b-b79k"


def examine_models(settings: Settings) -> Iterator[Finding]:
    """What runs models, and the image-text model, which is tried: that takes seconds."""
    if all(map(_is_installed, RUNTIMES)):
        text = f"{' and '.join(RUNTIMES)} are both installed: they overwrite each other"
        yield Finding("model runtime", "warning", text, "pip uninstall both, then pip install the one that is meant")
    try:
        model = chosen(settings.models.folder, Purpose.CLIP, settings.models.clip)
    except ModelUnusable as error:
        yield Finding("image-text model", "problem", str(error), "correct models.clip")
        return
    if model is None:
        text = f"none in {settings.models.folder}: searches find words, not what photos show"
        yield Finding("image-text model", "ok", text, GET_ONE)
    else:
        yield _tried(model, settings)


def _tried(model: Installed, settings: Settings) -> Finding:
    said = canary.sing(model, threads=settings.models.threads or profiles.measure_machine().cores)
    if "error" in said:
        return Finding("image-text model", "problem", f"{model.name}: {said['error']}", "photofsd models verify")
    works = f"{model.name}: {said['dimension']} dimensions, on {said['runs_on']}"
    return Finding("image-text model", "ok", f"{works} ({model.about})" if model.about else works)


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
