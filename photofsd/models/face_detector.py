"""Finds faces, with their eyes, noses and corners of mouths: detectors of the SCRFD family, by ONNX Runtime.

Source: Guo et al. 2021, Sample and Computation Redistribution for Efficient Face Detection; how the outputs are read,
as in InsightFace's package, with whose results the tests compare.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from photofsd.errors import ModelUnusable
from photofsd.models.face_pack import DETECTOR_OUTPUTS, Pack
from photofsd.models.sessions import Session

SCORE_LEAST: Final = 0.5
SIDES: Final = (640, 128)
"""Long edges that a picture is shown with, in pixels: of a face that fills the picture, only the small one is known."""
_STRIDE_MOST: Final = 32
_MEAN: Final = 127.5
_STD: Final = 128.0
_OVERLAP_MOST: Final = 0.4
_CANDIDATES_MOST: Final = 2000
_LANDMARKS: Final = 5

Floats = npt.NDArray[np.float32]


class Detected(NamedTuple):
    """Faces in a picture, the surest first.

    boxes: float32[n, 4], left, top, right, bottom in pixels of the picture. scores: float32[n], 0..1.
    landmarks: float32[n, 5, 2], x and y of left eye, right eye, nose, left and right corner of the mouth, as seen.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats


class Detector:
    """A detector, loaded. Any number of threads may use it at once."""

    def __init__(self, pack: Pack, *, threads: int, device: str) -> None:
        """Raises ModelUnusable, OutOfModelMemory."""
        self._file = pack.detector
        self._session = Session(pack.detector, threads=threads, device=device)
        self._levels, self._anchors = DETECTOR_OUTPUTS[pack.outputs]
        (wanted,) = self._session.inputs
        self._input = wanted.name
        height, width = wanted.shape[2:]
        self._fixed = (width, height) if isinstance(height, int) and isinstance(width, int) else None
        self.runs_on = self._session.runs_on
        self.is_on_gpu = self._session.is_on_gpu

    def faces(self, picture: Image.Image) -> Detected:
        """The faces in a picture, upright, RGB. Raises ModelUnusable, OutOfModelMemory."""
        sides = SIDES if self._fixed is None else (max(self._fixed),)
        return _without_doubles(_joined([self._candidates(picture, side) for side in sides]))

    def _candidates(self, picture: Image.Image, side: int) -> Detected:
        """What may be faces, when the long edge of the picture is `side`; the same face several times."""
        scale = min(self._room(side)[0] / picture.width, self._room(side)[1] / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        paper = Image.new("RGB", self._paper(size, side))
        paper.paste(picture.resize(size, Image.Resampling.BILINEAR))
        pixels = np.asarray(paper, np.float32)
        tensor = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        tensor -= _MEAN
        tensor /= _STD
        outputs = self._session.run({self._input: tensor})
        found = _joined([self._of_level(outputs, level, paper.size) for level in range(self._levels)])
        ratio = np.array([picture.width / size[0], picture.height / size[1]], np.float32)
        return Detected(found.boxes * np.tile(ratio, 2), found.scores, found.landmarks * ratio)

    def _room(self, side: int) -> tuple[int, int]:
        return self._fixed or (side, side)

    def _paper(self, size: tuple[int, int], side: int) -> tuple[int, int]:
        """What the picture lies on: no larger than need be, but on a GPU, which wants few sizes."""
        if self._fixed is not None or self.is_on_gpu:
            return self._room(side)
        width, height = (-(-length // _STRIDE_MOST) * _STRIDE_MOST for length in size)
        return width, height

    def _of_level(self, outputs: Sequence[npt.NDArray[np.float32]], level: int, paper: tuple[int, int]) -> Detected:
        """What one level of the detector has found: distances from places that are a stride apart."""
        stride = 8 << level
        centres = _centres(paper[0] // stride, paper[1] // stride, stride, self._anchors)
        count = len(centres)
        try:
            scores = outputs[level].reshape(count)
            boxes = outputs[level + self._levels].reshape(count, 2, 2)
            landmarks = outputs[level + 2 * self._levels].reshape(count, _LANDMARKS, 2)
        except ValueError as error:
            raise ModelUnusable(f"{self._file} does not give what a detector of faces gives") from error
        is_real = np.isfinite(boxes).all(axis=(1, 2)) & np.isfinite(landmarks).all(axis=(1, 2))
        sure = np.flatnonzero((scores >= SCORE_LEAST) & is_real)
        at = centres[sure][:, None]
        corners = at + boxes[sure] * stride * np.array([[-1], [1]], np.float32)
        return Detected(corners.reshape(-1, 4), scores[sure], at + landmarks[sure] * stride)


@functools.lru_cache(maxsize=64)
def _centres(columns: int, rows: int, stride: int, anchors: int) -> Floats:
    """float32[rows * columns * anchors, 2]: x, y."""
    y, x = np.mgrid[:rows, :columns]
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2) * stride, anchors, axis=0).astype(np.float32)


def _joined(some: Sequence[Detected]) -> Detected:
    boxes, scores, landmarks = (np.concatenate(parts) for parts in zip(*some, strict=True))
    return Detected(boxes, scores, landmarks)


def _without_doubles(found: Detected) -> Detected:
    """Of those that overlap the surest alone."""
    order = np.argsort(-found.scores, kind="stable")[:_CANDIDATES_MOST]
    kept: list[int] = []
    while len(order):
        first, rest = int(order[0]), order[1:]
        kept.append(first)
        order = rest[overlap(found.boxes[first], found.boxes[rest]) <= _OVERLAP_MOST]
    return Detected(found.boxes[kept], found.scores[kept], found.landmarks[kept])


def overlap(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of a box, float32[4], with others, float32[n, 4]: float32[n], 0..1."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    both = np.maximum(areas + np.prod(box[2:] - box[:2]) - shared, np.finfo(np.float32).tiny)
    return np.asarray(shared / both, np.float32)
