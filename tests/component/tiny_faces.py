"""A pack of models that finds faces, of a few kilobytes, made on the spot, that the real ONNX Runtime runs.

A face is a red square of FACE_PX pixels in a picture of 640; whose it is, is said by the colour around it. `picture`
draws such. The detector has the outputs of SCRFD: it is sure where a cell of 32 pixels is all red.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageDraw

DIMENSION = 16
SIDE = 112
FACE_PX = 60
SIZE = (640, 480)
_CELL = 32
_BOX = 1.5
_LANDMARKS = [-0.5, -0.5, 0.5, -0.5, 0.0, 0.0, -0.4, 0.6, 0.4, 0.6]
"""Of the level that finds anything, in cells: half of a box, and where the five points are from its middle."""
_CELLS = 4


def picture(*people: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """People side by side, each by a colour; no red ones."""
    drawn = Image.new("RGB", size, (60, 60, 60))
    draw = ImageDraw.Draw(drawn)
    for number, colour in enumerate(people):
        x, y = centre(number)
        draw.rectangle([x - 90, y - 90, x + 90, y + 90], fill=colour)
        draw.rectangle([x - FACE_PX // 2, y - FACE_PX // 2, x + FACE_PX // 2, y + FACE_PX // 2], fill=(255, 0, 0))
    return drawn


def centre(number: int) -> tuple[int, int]:
    """The middle of the face of person `number` of a picture."""
    return 110 + 200 * number, 240


def make(
    models: Path,
    name: str,
    *,
    seed: int = 0,
    files: Sequence[str] = ("det.onnx", "rec.onnx"),
    greedy_mb: int = 0,
    alike: float = 0,
) -> Path:
    """Put it into the models folder `models`; its folder. files: of detector and embedder.

    greedy_mb: memory that the embedder takes for every face of a batch, beside the little that it needs.
    alike: what is added to every number of a face: with 10 strangers have cosines of about .8.
    """
    onnx = pytest.importorskip("onnx", reason="what makes models is not installed: pip install 'photofsd[ml]'")
    pytest.importorskip("onnxruntime", reason="what runs models is not installed: pip install 'photofsd[ml]'")
    folder = models / "faces" / name
    for file, model in zip(
        files, (detector(onnx), embedder(onnx, seed, greedy_mb=greedy_mb, alike=alike)), strict=True
    ):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, str(folder / file))
    return folder


def detector(onnx: ModuleType, shape: Sequence[int | str] = (1, 3, "height", "width")) -> object:
    """Nine outputs: scores, boxes and landmarks of the strides 8, 16 and 32, two anchors at a place."""
    helper, types = onnx.helper, onnx.TensorProto
    nodes, outputs, constants = [], {}, {}
    for stride in (8, 16, 32):
        nodes.append(
            helper.make_node(
                "AveragePool", ["pixels"], [f"cells{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
        says = {
            "score": ([20.0, -20.0, -20.0], -48.0 if stride == _CELL else -999.0, [0.0]),
            "bbox": ([0.0] * 3, 0.0, [_BOX] * 4),
            "kps": ([0.0] * 3, 0.0, _LANDMARKS),
        }
        for what, (of_colours, beyond, values) in says.items():
            weights = np.tile(np.array(of_colours, np.float32), (2 * len(values), 1))
            bias = np.tile(np.array(values, np.float32), 2) + beyond
            constants[f"{what}{stride}w"], constants[f"{what}{stride}b"] = weights[:, :, None, None], bias
            nodes += [
                helper.make_node(
                    "Conv", [f"cells{stride}", f"{what}{stride}w", f"{what}{stride}b"], [f"{what}{stride}c"]
                ),
                helper.make_node("Transpose", [f"{what}{stride}c"], [f"{what}{stride}t"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{what}{stride}t", f"rows{len(values)}"], [f"{what}{stride}r"]),
                helper.make_node(
                    "Sigmoid" if what == "score" else "Identity", [f"{what}{stride}r"], [f"{what}_{stride}"]
                ),
            ]
            constants[f"rows{len(values)}"] = np.array([-1, len(values)], np.int64)
            outputs[f"{what}_{stride}"] = len(values)
    ordered = sorted(
        outputs, key=lambda name: (("score", "bbox", "kps").index(name.split("_")[0]), int(name.split("_")[1]))
    )
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", types.FLOAT, shape)],
        [helper.make_tensor_value_info(name, types.FLOAT, ["n", outputs[name]]) for name in ordered],
        [_tensor(onnx, name, values) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def embedder(
    onnx: ModuleType,
    seed: int = 0,
    *,
    batch: int | str = "n",
    side: int = SIDE,
    dimension: int = DIMENSION,
    greedy_mb: int = 0,
    alike: float = 0,
) -> object:
    """The colours of a face, place by place, turned at random."""
    helper, types = onnx.helper, onnx.TensorProto
    turn = np.random.default_rng(seed).standard_normal((3 * _CELLS * _CELLS, dimension)).astype(np.float32)
    times = np.array([1, max(1, greedy_mb * (1 << 20) // (4 * len(turn)))], np.int64)
    pool = side // _CELLS
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["faces"], ["cells"], kernel_shape=[pool] * 2, strides=[pool] * 2),
            helper.make_node("Flatten", ["cells"], ["flat"]),
            helper.make_node("MatMul", ["flat", "turn"], ["found"]),
            helper.make_node("Tile", ["flat", "times"], ["much"]),
            helper.make_node("ReduceMax", ["much"], ["most"], axes=[1], keepdims=1),
            helper.make_node("Mul", ["most", "nothing"], ["none"]),
            helper.make_node("Add", ["found", "none"], ["alone"]),
            helper.make_node("Add", ["alone", "alike"], ["vectors"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("faces", types.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info("vectors", types.FLOAT, [batch, dimension])],
        [
            _tensor(onnx, name, values)
            for name, values in (
                ("turn", turn),
                ("times", times),
                ("nothing", np.array(0, np.float32)),
                ("alike", np.array(alike, np.float32)),
            )
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _tensor(onnx: ModuleType, name: str, values: np.ndarray) -> object:
    kind = onnx.TensorProto.INT64 if values.dtype == np.int64 else onnx.TensorProto.FLOAT
    return onnx.helper.make_tensor(name, kind, values.shape, values.flatten().tolist())
