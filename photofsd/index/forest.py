"""A forest of Annoy trees over the photos, sealed: mapped, and asked which of them are near to a vector.

A photo is an item by its asset id, its vector has length 1. What has come, changed or gone since is for the caller to
know: the forest says of each photo which fp16 row it has grown from.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import numpy.typing as npt

from photofsd.errors import StoreError
from photofsd.index.exact_rows import Crcs
from photofsd.index.quantised import Vectors
from photofsd.index.rows import Ids, ids_of

if TYPE_CHECKING:
    from annoy import AnnoyIndex
    from pyroaring import BitMap

VERSION: Final = 1
TREES: Final = "trees.ann"
PHOTOS: Final = "photos.u32"
REACH: Final = "reach.json"
FILES: Final = (TREES, PHOTOS, REACH)

NEAREST: Final = 10
"""Of a picture, what is measured: how many of so many nearest are found."""

WORDS_SHARE: Final = 0.8
"""Of all photos, how many are looked at for a text: texts are far from all pictures, so that trees guide them badly."""


class Reach(msgspec.Struct, frozen=True):
    """How far is to be looked for the ten nearest of a picture: measured on the photos themselves, when it was built.

    search_k: photos looked at. recall: of the true ten nearest, how many are found so.
    """

    search_k: int
    recall: float


class Order(msgspec.Struct, frozen=True):
    """What the child is to grow (build.py).

    folder: where, with the file PHOTOS in it: uint32[n, 2], ids and the CRCs of their rows, by ascending id.
    vectors: the folder of the model's vectors.
    """

    folder: str
    vectors: str
    dimension: int
    trees: int


class Forest:
    """The forest in `folder`, whose files have been checked: Annoy believes whatever it reads.

    Raises StoreError where it cannot be opened.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        try:
            photos = np.fromfile(folder / PHOTOS, "<u4").reshape(-1, 2)
            self.reach = msgspec.json.decode((folder / REACH).read_bytes(), type=Reach)
            self._trees = opened(folder / TREES, dimension)
        except (OSError, ValueError) as error:
            raise StoreError(f"the trees in {folder} cannot be opened ({error})") from error
        self.number = int(folder.name)
        self.count = len(photos)
        self._crcs: Crcs = np.zeros(int(photos[-1, 0]) + 1 if self.count else 0, np.uint32)
        self._has: npt.NDArray[np.bool_] = np.zeros(self._crcs.size, np.bool_)
        self._crcs[photos[:, 0]], self._has[photos[:, 0]] = photos[:, 1], True

    def outdated(self, known: BitMap, crcs: Crcs) -> Ids:
        """Of the photos in `known`, those that the forest has not, or has grown from another row.

        crcs: by id, of the rows that count now.
        """
        ids = ids_of(known)
        is_fresh = ids < self._crcs.size
        inside = ids[is_fresh]
        is_fresh[is_fresh] = self._has[inside] & (self._crcs[inside] == crcs[inside])
        found: Ids = ids[~is_fresh]
        return found

    def near(self, direction: Vectors, count: int, search_k: int) -> Ids:
        """About `count` photos near to `direction`, the nearest of `search_k` that are looked at; some may be gone."""
        return np.array(self._trees.get_nns_by_vector(direction, count, search_k), np.uint32)

    def close(self) -> None:
        """Let go of the file."""
        self._trees.unload()


def is_possible() -> bool:
    """Claim: Annoy is installed; it comes with the `ml` extra."""
    return importlib.util.find_spec("annoy") is not None


def build_of() -> str:
    """Whose files a forest is: Annoy's change with its version and the machine."""
    return f"annoy {importlib.metadata.version('annoy')} {platform.machine()}" if is_possible() else "annoy"


def opened(file: Path, dimension: int) -> AnnoyIndex:
    """The trees in a file. Raises OSError."""
    from annoy import AnnoyIndex  # noqa: PLC0415 - it comes with the `ml` extra

    trees = AnnoyIndex(dimension, "angular")
    trees.load(str(file))
    return trees
