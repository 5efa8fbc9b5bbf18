"""Whatever happens, in whatever order, and however often it is opened anew: the index answers as brute force does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pyroaring import BitMap

from photofsd.index import exact, pictures, scan
from photofsd.store import changes
from tests.component.store_kit import quick_folder
from tests.component.vector_kit import Embedded, assert_right, directions, follow

seeds = st.integers(0, 10**6)


@contextmanager
def _small() -> Iterator[None]:
    """So that few photos are scanned, in blocks, and their mean is looked at often."""
    kept = pictures.RESCORED, scan.BLOCK_ROWS, exact._GROWN_ROWS, exact.PIECE_ROWS
    pictures.RESCORED, scan.BLOCK_ROWS, exact._GROWN_ROWS, exact.PIECE_ROWS = 2, 16, 4, 8  # type: ignore[misc]
    try:
        yield
    finally:
        pictures.RESCORED, scan.BLOCK_ROWS, exact._GROWN_ROWS, exact.PIECE_ROWS = kept  # type: ignore[misc]


class IndexMachine(RuleBasedStateMachine):
    """A store, its vectors, a searcher that comes and goes."""

    @initialize(dimension=st.sampled_from([1, 7, 16, 384]))
    def begin(self, dimension: int) -> None:
        self._folder = quick_folder()
        self._small = _small()
        self._small.__enter__()
        self.at = Embedded(Path(self._folder.name), dimension)
        self.index = self.at.index()
        self.is_followed = False

    def teardown(self) -> None:
        self.index.close()
        self.at.store.close()
        self._small.__exit__(None, None, None)
        self._folder.cleanup()

    @rule(count=st.integers(1, 40), seed=seeds, is_opposite=st.booleans())
    def add(self, count: int, seed: int, *, is_opposite: bool) -> None:
        self.at.add(directions(count, self.at.dimension, seed) * (-1 if is_opposite else 1))
        self.is_followed = False

    @precondition(lambda self: self.at.counted)
    @rule(seed=seeds, data=st.data())
    def embed_again(self, seed: int, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.at.counted)), unique=True, max_size=10))
        self.at.embed(ids, directions(len(ids), self.at.dimension, seed) if ids else np.empty((0, self.at.dimension)))
        self.is_followed = False

    @precondition(lambda self: self.at.counted)
    @rule(data=st.data())
    def discount(self, data: st.DataObject) -> None:
        self.at.discount(data.draw(st.lists(st.sampled_from(sorted(self.at.counted)), unique=True, max_size=10)))
        self.is_followed = False

    @rule()
    def trim(self) -> None:
        with self.at.store.write() as txn:
            changes.trim(txn, keep=0)

    @rule(limit=st.integers(1, 20))
    def follow_a_little(self, limit: int) -> None:
        with self.at.store.read() as txn:
            self.index.follow(txn, limit)

    @rule(limit=st.integers(1, 100))
    def follow(self, limit: int) -> None:
        follow(self.index, self.at.store, limit)
        self.is_followed = True

    @rule()
    def open_anew(self) -> None:
        self.index.close()
        self.index = self.at.index()

    @precondition(lambda self: self.is_followed)
    @rule(seed=seeds, count=st.integers(1, 30), share=st.sampled_from([1.0, 0.3, 0.05]))
    def ask(self, seed: int, count: int, share: float) -> None:
        follow(self.index, self.at.store)
        ids = np.array([*sorted(self.at.counted), 10**6])
        allowed = BitMap(ids[np.random.default_rng(seed).random(ids.size) < share].tolist())
        query = directions(1, self.at.dimension, seed)[0]
        assert_right(self.at, self.index.by_words(query, count, allowed), query, count, allowed)
        assert_right(self.at, self.index.by_picture(query, count, allowed), query, count, allowed)

    @invariant()
    def nothing_that_is_not_allowed_comes_up(self) -> None:
        if hasattr(self, "index"):
            allowed = BitMap(sorted(self.at.counted)[::2])
            query = directions(1, self.at.dimension, 3)[0]
            assert set(self.index.by_words(query, 10, allowed).ids.tolist()) <= set(allowed)


IndexMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestIndex = IndexMachine.TestCase
