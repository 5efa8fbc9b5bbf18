"""The floor: what chance finds in a library, for a model that nobody has seen before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from pyroaring import BitMap

from photofsd.models.clip import Vectors, normalised
from photofsd.searcher import floor
from photofsd.searcher.floor import Floor, calibrated, picture_floor, text_floor
from photofsd.types import AssetId

DIMENSION = 64


class Found(NamedTuple):
    ids: np.ndarray[tuple[int], np.dtype[np.uint32]]
    cosines: np.ndarray[tuple[int], np.dtype[np.float32]]


class Rows:
    """Vectors by id, looked at one and all."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    def by_words(self, query: Vectors, count: int, allowed: BitMap) -> Found:
        ids = np.array(allowed.to_array(), np.uint32)
        cosines = self.vectors[ids] @ query
        best = np.argsort(-cosines)[:count]
        return Found(ids[best], cosines[best])

    def by_picture(self, vector: Vectors, count: int, allowed: BitMap) -> Found:
        return self.by_words(vector, count, allowed)

    def vector_of(self, asset: AssetId) -> Vectors | None:
        found: Vectors = self.vectors[asset]
        return found


def drawn(count: int, seed: int, *, offset: float = 0.0) -> Vectors:
    """Random directions; offset: how much all lie on one side, as the pictures of real models do."""
    found = np.random.default_rng(seed).standard_normal((count, DIMENSION))
    found[:, 0] += offset
    return normalised(found)


@pytest.mark.parametrize("offset", [0.0, 8.0])
def test_what_is_meant_is_above_and_chance_is_below_whatever_the_models_cosines(offset: float) -> None:
    photos, probes = drawn(2000, 1, offset=offset), drawn(40, 2, offset=offset)
    reached = text_floor(Rows(photos), probes, BitMap(range(2000)))
    others = drawn(200, 3, offset=offset) @ photos.T
    assert np.mean(others.max(axis=1) > reached) < 0.25
    assert np.mean(others > reached) < 0.001
    meant = normalised(photos[:100] + 0.5 * drawn(100, 4))
    assert np.all(np.einsum("ij,ij->i", meant, photos[:100]) > reached)


def test_in_a_large_library_a_few_may_come_close_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    photos, probes = Rows(drawn(2000, 1)), drawn(40, 2)
    strict = text_floor(photos, probes, BitMap(range(2000)))
    monkeypatch.setattr(floor, "PHOTOS_PER_HIT", 100)
    assert text_floor(photos, probes, BitMap(range(2000))) < strict


def test_pictures_that_look_alike_are_nearer_than_most_pairs() -> None:
    vectors = drawn(1000, 1)
    pairs = (vectors @ vectors.T)[np.triu_indices(1000, 1)]
    found = picture_floor(Rows(vectors), BitMap(range(1000)))
    assert 0.78 < np.mean(pairs < found) < 0.82


def test_a_library_without_vectors_has_no_floor() -> None:
    empty = calibrated(Rows(drawn(1, 1)), lambda texts: drawn(len(texts), 2), BitMap())
    assert empty == Floor(0.0, 0.0, 0)
    assert picture_floor(Rows(drawn(1, 1)), BitMap([0])) == 0.0


@pytest.mark.parametrize("vectors, fits", [(1000, True), (1400, True), (700, True), (1600, False), (600, False)])
def test_it_is_measured_again_when_the_library_is_another(vectors: int, *, fits: bool) -> None:
    assert Floor(0.2, 0.5, 1000).is_fit_for(vectors) is fits
    assert not Floor(0.2, 0.5, 1000, version=0).is_fit_for(1000)
