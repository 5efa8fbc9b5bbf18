"""A pack of models that finds faces and tells them apart, loaded: photos in, faces out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from photofsd.models.clip import Vectors
from photofsd.models.face_detector import Detected, Detector
from photofsd.models.face_embedder import Crop, Embedder, aligned
from photofsd.models.face_pack import pack
from photofsd.models.folder import Installed
from photofsd.records import Face
from photofsd.types import FaceId

AT_ONCE: Final = 16
AT_ONCE_ON_GPU: Final = 64
_RED_GREEN_BLUE: Final = np.array([0.299, 0.587, 0.114], np.float32)
_NOSE: Final = 2.4
"""How far eyes are apart, in halves of how far a nose stands out before them."""


FACES_MOST: Final = 500
"""Of one picture, the surest."""


class SeenFace(NamedTuple):
    """A face in a picture. face: without an id, and without a row. vector: float32[dimension], of length 1."""

    face: Face
    vector: npt.NDArray[np.float32]


class FaceModel:
    """A detector and an embedder. On the CPU each thread looks at photos of its own, which is quicker than together."""

    def __init__(self, model: Installed, *, threads: int, device: str = "cpu") -> None:
        """Raises ModelUnusable, OutOfModelMemory.

        threads: of the CPU that they may take. device: "cpu", "gpu", or "auto": a GPU where there is one.
        """
        found = pack(model)
        self._detector = Detector(found, threads=1, device=device)
        self._embedder = Embedder(found, threads=1, device=device)
        self._pool = ThreadPoolExecutor(threads)

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._embedder.dimension

    @property
    def runs_on(self) -> str:
        """What really computes, for people."""
        both = dict.fromkeys((self._detector.runs_on, self._embedder.runs_on))
        return "; ".join(both)

    def of_pictures(self, pictures: Sequence[Image.Image]) -> list[list[SeenFace]]:
        """All that is known of the faces in each picture, upright, RGB. Raises ModelUnusable, OutOfModelMemory."""
        found = self.faces(pictures)
        crops = [
            [self.crop(picture, landmarks) for landmarks in detected.landmarks]
            for picture, detected in zip(pictures, found, strict=True)
        ]
        vectors = iter(self.vectors([crop for some in crops for crop in some]))
        return [
            [SeenFace(_described(*one), next(vectors)) for one in zip(itertools.repeat(picture.size), *detected, some)]
            for picture, detected, some in zip(pictures, found, crops, strict=True)
        ]

    def faces(self, pictures: Sequence[Image.Image]) -> list[Detected]:
        """The faces in each picture, upright, RGB, sRGB. Raises ModelUnusable, OutOfModelMemory."""
        return [_within(*one) for one in zip(self._pool.map(self._detector.faces, pictures), pictures, strict=True)]

    def crop(self, picture: Image.Image, landmarks: npt.NDArray[np.float32]) -> Crop:
        """A face as `vectors` wants it. landmarks: float32[5, 2], pixels of the picture."""
        return aligned(picture, landmarks, self._embedder.side)

    def vectors(self, crops: Sequence[Crop]) -> Vectors:
        """The vectors of faces, of length 1. Raises ModelUnusable, OutOfModelMemory."""
        if not crops:
            return np.empty((0, self.dimension), np.float32)
        most = AT_ONCE_ON_GPU if self._embedder.is_on_gpu else AT_ONCE
        some = [crops[at : at + most] for at in range(0, len(crops), most)]
        return np.concatenate(list(self._pool.map(self._embedder.vectors, some)))


def _within(found: Detected, picture: Image.Image) -> Detected:
    """The surest, as far as they are in the picture."""
    boxes = found.boxes.clip(0, np.tile(picture.size, 2).astype(np.float32))
    is_there = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
    kept = np.flatnonzero(is_there)[:FACES_MOST]
    return Detected(boxes[kept], found.scores[kept], found.landmarks[kept])


def _described(
    size: tuple[int, int],
    box: npt.NDArray[np.float32],
    score: np.float32,
    landmarks: npt.NDArray[np.float32],
    crop: Crop,
) -> Face:
    left, top, width, height = (np.concatenate([box[:2], box[2:] - box[:2]]) / np.tile(size, 2)).tolist()
    return Face(
        FaceId(0),
        left,
        top,
        width,
        height,
        tuple((landmarks / size).ravel().tolist()),
        float(score),
        int((box[2:] - box[:2]).min()),
        sharpness(crop),
        yaw(landmarks),
    )


def sharpness(crop: Crop) -> float:
    """The variance of the Laplacian of an aligned face in grey: blurred ones have little (Pech-Pacheco et al. 2000)."""
    grey = crop.astype(np.float32) @ _RED_GREEN_BLUE
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float(np.var(around - 4 * inner))


def yaw(landmarks: npt.NDArray[np.float32]) -> float:
    """How far a face is turned aside, about, degrees: 0 = looks here, positive = to its left, which we see right.

    landmarks: float32[5, 2]. A nose that is turned wanders along the line between the eyes.
    """
    left, right, nose = landmarks[:3].astype(np.float64)
    between = right - left
    apart = float(between @ between)
    if apart == 0:
        return 90.0
    share = float((nose - left) @ between) / apart
    return float(np.degrees(np.arctan(_NOSE * (share - 0.5))))
