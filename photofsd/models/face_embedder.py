"""Tells faces apart: each is turned and scaled until eyes, nose and mouth lie where the model expects them.

Models of the ArcFace family, by ONNX Runtime. Source: Deng et al. 2019, ArcFace; where the five points lie, as in
InsightFace's package, with whose results the tests compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from photofsd.errors import ModelUnusable
from photofsd.models.clip import Vectors, checked
from photofsd.models.face_pack import Pack
from photofsd.models.sessions import Session

_PLACES: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where the five landmarks go, x and y, in a square of _SQUARE pixels."""
_SQUARE: Final = 112
_WIDER: Final = 128
"""Models of this side, or a multiple, want the same with as much more room left and right."""

Crop = npt.NDArray[np.uint8]
"""uint8[side, side, 3]: a face, aligned, RGB."""


class Embedder:
    """An embedder of faces, loaded. Any number of threads may use it at once."""

    def __init__(self, pack: Pack, *, threads: int, device: str) -> None:
        """Raises ModelUnusable, OutOfModelMemory."""
        self._file = pack.embedder
        self._session = Session(pack.embedder, threads=threads, device=device)
        (wanted,) = self._session.inputs
        self._input = wanted.name
        self._mean, self._std, self.side = pack.mean, pack.std, pack.side
        self.runs_on = self._session.runs_on
        self.is_on_gpu = self._session.is_on_gpu
        length = self._session.outputs[0].shape[-1]
        self.dimension = length if isinstance(length, int) else self._tried()

    def vectors(self, crops: Sequence[Crop]) -> Vectors:
        """The vectors of aligned faces, at least one. Raises ModelUnusable, OutOfModelMemory."""
        if len(crops) > 1 and not self._session.takes_batches:
            return np.concatenate([self.vectors([crop]) for crop in crops])
        tensor = (np.stack(crops).astype(np.float32) - self._mean) / self._std
        found = self._session.run({self._input: np.ascontiguousarray(tensor.transpose(0, 3, 1, 2))})[0]
        return checked(found, (len(crops), self.dimension), self._file)

    def _tried(self) -> int:
        blank = np.zeros((1, 3, self.side, self.side), np.float32)
        shape = self._session.run({self._input: blank})[0].shape
        if len(shape) != 2:  # noqa: PLR2004 - faces, numbers
            raise ModelUnusable(f"{self._file} gives {shape} for a face")
        return int(shape[1])


def aligned(picture: Image.Image, landmarks: npt.NDArray[np.float32], side: int) -> Crop:
    """A face as the model wants it. landmarks: float32[5, 2], pixels of the picture."""
    scale = side / (_SQUARE if side % _SQUARE == 0 else _WIDER)
    margin = 0 if side % _SQUARE == 0 else (_WIDER - _SQUARE) / 2
    there = (_complex(_PLACES) + margin) * scale
    here = _complex(landmarks.astype(np.float64))
    turn, shift = _similarity(here, there)
    back = 1 / turn
    origin = (0.5 + 0.5j - 0.5 * back * (1 + 1j)) - shift * back  # Pillow's pixels have their centres at halves
    coefficients = (back.real, -back.imag, origin.real, back.imag, back.real, origin.imag)
    return np.asarray(
        picture.transform((side, side), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR), np.uint8
    )


def _similarity(here: npt.NDArray[np.complex128], there: npt.NDArray[np.complex128]) -> tuple[complex, complex]:
    """The turn and scale, and the shift, that bring points closest to others: least squares (Umeyama 1991)."""
    centred, target = here - here.mean(), there - there.mean()
    spread = float(np.vdot(centred, centred).real)
    turn = complex(np.vdot(centred, target)) / spread if spread > 0 else 1 + 0j
    turn = turn or 1 + 0j
    return turn, complex(there.mean() - turn * here.mean())


def _complex(points: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    return points[:, 0] + 1j * points[:, 1]
