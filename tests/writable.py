"""Copies of what may be read only: where the tests are not run by root, its modes would keep them from changing it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

_OWNERS = 0o700


def copied(source: Path, to: Path, *, ignore: Callable[[Any, list[str]], set[str]] | None = None) -> Path:
    """Copy a folder, or a file, so that its copy can be changed; the copy."""
    if not source.is_dir():
        shutil.copyfile(source, to)
        return to
    shutil.copytree(source, to, ignore=ignore)
    for folder, _, names in os.walk(to):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            path.chmod(path.stat().st_mode | _OWNERS)
    return to
