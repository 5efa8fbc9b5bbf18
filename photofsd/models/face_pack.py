"""Which models of a pack find faces and which one tells them apart: seen from what they want and give.

Packs come with models for other things as well (age, dense landmarks), and with file names of all kinds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import onnx

from photofsd.display import first_line
from photofsd.errors import ModelUnusable
from photofsd.models.folder import Installed, Layout

_IMMICH: Final = ("detection/model.onnx", "recognition/model.onnx")
_FACE_PX: Final = 112
_OTHER_SIDES: Final = frozenset({192})
"""Square, but for dense landmarks."""
_FIRST_NODES: Final = 8
_RANK: Final = 4

Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Pack:
    """The two models of a pack.

    outputs: how many the detector has. side: of the square picture of a face that the embedder wants, pixels.
    mean, std: what it wants taken from a pixel (0..255), and by what it is divided then.
    """

    detector: Path
    outputs: int
    embedder: Path
    side: int
    mean: float
    std: float


def pack(model: Installed) -> Pack:
    """Look into the files of a pack. Raises ModelUnusable where there is not one model of each kind."""
    files = _IMMICH if model.layout is Layout.ONNX else [file for file in model.files if file.endswith(".onnx")]
    graphs = {model.folder / file: _graph(model.folder / file) for file in files}
    detectors = [file for file, graph in graphs.items() if len(graph.output) in DETECTOR_OUTPUTS]
    embedders = [file for file, graph in graphs.items() if _is_embedder(graph)]
    if len(detectors) != 1 or len(embedders) != 1:
        there = f"{_names(detectors)} that find faces, {_names(embedders)} that tell them apart"
        raise ModelUnusable(f"{model.folder} must hold one model of each kind, and holds {there}")
    (detector,), (embedder,) = detectors, embedders
    mean, std = (0.0, 1.0) if _normalises(graphs[embedder]) else (127.5, 127.5)
    side = _input_shape(graphs[embedder])[-1] or _FACE_PX
    return Pack(detector, len(graphs[detector].output), embedder, side, mean, std)


DETECTOR_OUTPUTS: Final = {9: (3, 2), 15: (5, 1)}
"""By the number of a detector's outputs, scores, boxes and landmarks of each: strides, and anchors at a place."""


def _graph(file: Path) -> Any:  # noqa: ANN401 - onnx's classes are made at run time
    try:
        return onnx.load(str(file), load_external_data=False).graph
    except MemoryError:
        raise
    except Exception as error:  # protobuf's errors share no base
        raise ModelUnusable(f"{file} is no model of ONNX: {first_line(error)}") from error


def _input_shape(graph: Any) -> Shape:  # noqa: ANN401 - as above
    """The shape of its only input, None where it is open; () where there are more."""
    weights = {weight.name for weight in graph.initializer}
    inputs = [wanted for wanted in graph.input if wanted.name not in weights]
    if len(inputs) != 1:
        return ()
    return tuple(dimension.dim_value or None for dimension in inputs[0].type.tensor_type.shape.dim)


def _is_embedder(graph: Any) -> bool:  # noqa: ANN401 - as above
    """Claim: it makes one row of numbers of a square picture of a face."""
    shape = _input_shape(graph)
    if len(graph.output) != 1 or len(shape) != _RANK or shape[2] != shape[3] or shape[2] is None:
        return False
    return shape[2] >= _FACE_PX and shape[2] % 16 == 0 and shape[2] not in _OTHER_SIDES


def _normalises(graph: Any) -> bool:  # noqa: ANN401 - as above
    """Claim: the embedder takes pixels as they are, and does the arithmetic itself, as those made by MXNet do."""
    names = [node.name for node in graph.node[:_FIRST_NODES]]
    return any(name.startswith(("Sub", "_minus")) for name in names) and any(
        name.startswith(("Mul", "_mul")) for name in names
    )


def _names(files: Sequence[Path]) -> str:
    return ", ".join(file.name for file in files) or "none"
