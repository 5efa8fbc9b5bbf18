"""The library folders by the names that they have in the tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def by_name(folders: Iterable[Path]) -> dict[bytes, Path]:
    """The folders by their base names, in their order; those of the same name are told apart as ~2, ~3."""
    named: dict[bytes, Path] = {}
    for folder in folders:
        name = base = os.fsencode(folder.name) or b"library"
        number = 1
        while name in named:
            number += 1
            name = b"%b~%d" % (base, number)
        named[name] = folder
    return named
