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
from photofsd.models.folder import Purpose, chosen

RUNTIMES: Final = ("onnxruntime", "onnxruntime-gpu")
WITHOUT: Final = {
    Purpose.CLIP: ("image-text model", "searches find words, not what photos show", "ViT-B-32__laion2b-s34b-b79k"),
    Purpose.FACES: ("face model", "nobody is found in photos", "buffalo_l"),
}
"""What each kind of model is called, what is amiss without, and the one to begin with."""


def examine_models(settings: Settings) -> Iterator[Finding]:
    """What runs models, and those that photos are shown to, which are tried: that takes seconds."""
    if all(map(_is_installed, RUNTIMES)):
        text = f"{' and '.join(RUNTIMES)} are both installed: they overwrite each other"
        yield Finding("model runtime", "warning", text, "pip uninstall both, then pip install the one that is meant")
    yield _examined(Purpose.CLIP, settings.models.clip, settings)
    yield _examined(Purpose.FACES, settings.models.faces, settings)


def _examined(purpose: Purpose, name: str, settings: Settings) -> Finding:
    called, amiss, to_begin_with = WITHOUT[purpose]
    try:
        model = chosen(settings.models.folder, purpose, name)
    except ModelUnusable as error:
        return Finding(called, "problem", str(error), f"correct models.{purpose}")
    if model is None:
        text = f"none in {settings.models.folder}: {amiss}"
        return Finding(called, "ok", text, f"photofsd models install {to_begin_with}")
    said = canary.sing(model, threads=profiles.threads(settings.models.threads))
    if "error" in said:
        return Finding(called, "problem", f"{model.name}: {said['error']}", "photofsd models verify")
    works = f"{model.name}: {said['dimension']} dimensions, on {said['runs_on']}"
    return Finding(called, "ok", f"{works} ({model.about})" if model.about else works)


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
