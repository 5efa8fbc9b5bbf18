"""A searcher that is killed: photos come, it follows and rebuilds. Run with a state folder and a seed."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from photofsd.config.schema import IndexSettings
from photofsd.index import exact, forests
from tests.component.vector_kit import Embedded, directions, follow

DIMENSION = 24


def main() -> None:
    """Work until killed."""
    exact._GROWN_ROWS, exact._GROWN, exact.MARK_CHANGES = 10, 1.0, 1
    exact.ExactRows.has_drifted = lambda _: True  # type: ignore[method-assign]
    forests.WANTED_ROWS = 100
    chance = random.Random(int(sys.argv[2]))
    at = Embedded(Path(sys.argv[1]), DIMENSION, IndexSettings(text="annoy"), first=int(sys.argv[2]) * 10**6)
    index = at.index()
    os.write(1, b"ready\n")
    for step in range(10**6):
        ids = at.add(directions(chance.randrange(1, 60), DIMENSION, seed=chance.randrange(10**6)))
        if step % 3 == 0:
            at.embed(ids[:5], directions(len(ids[:5]), DIMENSION, seed=chance.randrange(10**6)))
        if step % 5 == 0:
            at.discount(ids[5:8])
        follow(index, at.store, limit=40)
        index.tend_build()


if __name__ == "__main__":
    main()
