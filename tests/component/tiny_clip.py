"""An image-text model of a few kilobytes, made on the spot, that the real ONNX Runtime runs.

What it says of a picture are its colours, place by place, turned at random: enough to tell pictures and models apart.
Its words say nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SIDE = 32
CELLS = 4
DIMENSION = 16


def make(models: Path, name: str, *, seed: int = 0, greedy_mb: int = 0, batch: int | str = "n") -> Path:
    """Put it into the models folder `models`; its folder.

    greedy_mb: memory that it takes for every picture of a batch, beside the little that it needs. batch: pictures that
    it takes at once, "n" = any number.
    """
    onnx = pytest.importorskip("onnx", reason="what makes models is not installed: pip install 'photofsd[ml]'")
    pytest.importorskip("onnxruntime", reason="what runs models is not installed: pip install 'photofsd[ml]'")
    folder = models / "clip" / name
    for part in ("visual", "textual"):
        (folder / part).mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"embed_dim": DIMENSION}))
    (folder / "visual/preprocess_cfg.json").write_text(json.dumps({"size": SIDE, "mean": [0.5] * 3, "std": [0.5] * 3}))
    onnx.save(_model(onnx, seed, greedy_mb, batch), str(folder / "visual/model.onnx"))
    (folder / "textual/model.onnx").write_bytes(b"nothing")
    (folder / "textual/tokenizer.json").write_text("{}")
    return folder


def _model(onnx: ModuleType, seed: int, greedy_mb: int, batch: int | str) -> object:
    helper, types = onnx.helper, onnx.TensorProto
    turn = np.random.default_rng(seed).standard_normal((3 * CELLS * CELLS, DIMENSION)).astype(np.float32)
    constants = {"turn": turn}
    nodes = [
        helper.make_node(
            "AveragePool", ["pixels"], ["cells"], kernel_shape=[SIDE // CELLS] * 2, strides=[SIDE // CELLS] * 2
        ),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "turn"], ["found"]),
    ]
    if greedy_mb:
        constants["times"] = np.array([1, greedy_mb * (1 << 20) // turn.nbytes * DIMENSION], np.int64)
        constants["nothing"] = np.array(0, np.float32)
        nodes += [
            helper.make_node("Tile", ["flat", "times"], ["much"]),
            helper.make_node("ReduceMax", ["much"], ["most"], axes=[1], keepdims=1),
            helper.make_node("Mul", ["most", "nothing"], ["none"]),
            helper.make_node("Add", ["found", "none"], ["vectors"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["found"], ["vectors"]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", types.FLOAT, [batch, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("vectors", types.FLOAT, [batch, DIMENSION])],
        [_tensor(onnx, name, values) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _tensor(onnx: ModuleType, name: str, values: np.ndarray) -> object:
    kind = onnx.TensorProto.INT64 if values.dtype == np.int64 else onnx.TensorProto.FLOAT
    return onnx.helper.make_tensor(name, kind, values.shape, values.flatten().tolist())
