"""Sessions of ONNX Runtime: on what really runs them, with the threads that they are given, their errors told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from photofsd.display import first_line
from photofsd.errors import ModelUnusable, OutOfModelMemory

_CPU: Final = "CPUExecutionProvider"
_GPU_PROVIDERS: Final = ("CUDAExecutionProvider", "MIGraphXExecutionProvider", "ROCMExecutionProvider")
_OUT_OF_MEMORY: Final = (
    "bad_alloc",
    "out of memory",
    "Failed to allocate",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "tensor would require more",
)

Values = npt.NDArray[Any]


class Session:
    """A model of ONNX, loaded. Any number of threads may run it at once."""

    def __init__(self, file: Path, *, threads: int, device: str = "cpu") -> None:
        """Raises ModelUnusable, OutOfModelMemory.

        threads: of the CPU that one `run` may take. They sleep while they wait: ONNX Runtime would let them spin, and a
        query take twice the processor time, from readers that want it.
        device: "cpu", "gpu", or "auto": a GPU where there is one.
        """
        self._file = file
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=wanted_providers(device))
        except Exception as error:  # onnxruntime's own classes share no base
            if _is_of_memory(error):
                raise OutOfModelMemory(f"{file}: no memory to load it") from error
            raise ModelUnusable(f"{file} cannot be loaded: {first_line(error)}") from error
        if device == "gpu" and not self.is_on_gpu:
            raise ModelUnusable(f"no GPU could be used for {file}: `photofsd doctor` may say why")

    @property
    def inputs(self) -> Sequence[Any]:
        """What it wants: each has name, type, shape."""
        return list(self._session.get_inputs())

    @property
    def outputs(self) -> Sequence[Any]:
        """What it gives: each has name, type, shape."""
        return list(self._session.get_outputs())

    @property
    def is_on_gpu(self) -> bool:
        """Claim: a GPU runs it. A GPU's provider is not there where it could not be loaded."""
        return bool(self._session.get_providers()[0] != _CPU)

    @property
    def runs_on(self) -> str:
        """What really runs it, for people."""
        return f"ONNX Runtime, {', '.join(self._session.get_providers())}"

    @property
    def takes_batches(self) -> bool:
        """Claim: the first dimension of some input is not fixed."""
        return not all(isinstance(wanted.shape[0], int) for wanted in self.inputs)

    def run(self, feed: Mapping[str, Values]) -> list[Values]:
        """Its outputs. Raises ModelUnusable, OutOfModelMemory."""
        try:
            return [np.asarray(found) for found in self._session.run(None, dict(feed))]
        except Exception as error:
            if _is_of_memory(error):
                raise OutOfModelMemory(f"{self._file}: no memory for a batch") from error
            raise ModelUnusable(f"{self._file} cannot be run: {first_line(error)}") from error


def _is_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY)


def wanted_providers(device: str) -> list[str]:
    """ONNX Runtime's providers, best first. Raises ModelUnusable where a GPU is asked for and none is supported."""
    built_in = onnxruntime.get_available_providers()
    found = [] if device == "cpu" else [provider for provider in _GPU_PROVIDERS if provider in built_in]
    if device == "gpu" and not found:
        raise ModelUnusable("this ONNX Runtime was built without a GPU: pip install onnxruntime-gpu in its place")
    return [*found, _CPU]
