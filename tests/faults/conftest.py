"""What the fault tests may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.home import Home
from tests.mount.conftest import need_fuse


@pytest.fixture
def make_home(tmp_path: Path) -> Iterator[Callable[..., Home]]:
    """A home made by `make_home(*folders, name=..., **settings)`, not started; nothing of it is left behind."""
    need_fuse()
    homes: list[Home] = []

    def make(*folders: Path, name: str = "home", **settings: object) -> Home:
        homes.append(Home(tmp_path, *folders, name=name, **settings))
        return homes[-1]

    yield make
    for home in homes:
        home.clear()
