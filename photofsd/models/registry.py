"""The models that `photofsd models install` knows: where they are published, which files are wanted, on what terms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from photofsd.models.folder import Purpose


@dataclasses.dataclass(frozen=True, slots=True)
class Published:
    """A model on Hugging Face, or a mirror of it.

    repository: owner/name. wanted: patterns of the files that are fetched. about: one line for people.
    terms: what one must know before using it, "" = nothing that stands in the way.
    """

    name: str
    purpose: Purpose
    repository: str
    wanted: Sequence[str]
    about: str
    terms: str = ""


_ONNX_CLIP: Final = (
    "config.json",
    "visual/model.onnx",
    "visual/model.onnx.data",
    "visual/preprocess_cfg.json",
    "textual/model.onnx",
    "textual/model.onnx.data",
    "textual/*.json",
)
_ONNX_FACES: Final = ("detection/model.onnx", "recognition/model.onnx")
_TRANSFORMERS: Final = ("*.json", "*.txt", "*.safetensors")
_INSIGHTFACE_TERMS: Final = "InsightFace's models are for non-commercial research purposes only."

_PUBLISHED: Final = (
    Published(
        "ViT-B-32__laion2b-s34b-b79k",
        Purpose.CLIP,
        "immich-app/ViT-B-32__laion2b-s34b-b79k",
        _ONNX_CLIP,
        "search by meaning, English; the one to begin with",
    ),
    Published(
        "ViT-B-32__openai", Purpose.CLIP, "immich-app/ViT-B-32__openai", _ONNX_CLIP, "search by meaning, English"
    ),
    Published(
        "ViT-B-16-SigLIP2__webli",
        Purpose.CLIP,
        "immich-app/ViT-B-16-SigLIP2__webli",
        _ONNX_CLIP,
        "search by meaning, many languages, more exact and twice the work",
    ),
    Published("buffalo_l", Purpose.FACES, "immich-app/buffalo_l", _ONNX_FACES, "faces", _INSIGHTFACE_TERMS),
    Published(
        "buffalo_s", Purpose.FACES, "immich-app/buffalo_s", _ONNX_FACES, "faces, for small machines", _INSIGHTFACE_TERMS
    ),
    Published(
        "blip-image-captioning-base",
        Purpose.CAPTIONS,
        "Salesforce/blip-image-captioning-base",
        _TRANSFORMERS,
        "captions, short",
    ),
    Published("blip2-opt-2.7b", Purpose.CAPTIONS, "Salesforce/blip2-opt-2.7b", _TRANSFORMERS, "captions, 15 GB"),
    Published(
        "Florence-2-large",
        Purpose.CAPTIONS,
        "florence-community/Florence-2-large",
        _TRANSFORMERS,
        "captions, long",
    ),
)

PUBLISHED: Final[Mapping[str, Published]] = MappingProxyType({model.name: model for model in _PUBLISHED})
"""By name, which is also the name of the folder that it is installed into."""
