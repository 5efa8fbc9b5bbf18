"""C between a program and its libraries: what it asks of the kernel is answered otherwise, or not at all."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def preloaded(source: Path, folder: Path) -> dict[str, str]:
    """What a program's environment needs to have that source before its libraries; compiled into the folder."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip(f"no C compiler: {source.name} cannot be loaded")
    library = folder / source.with_suffix(".so").name
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source)], check=True)
    return {"LD_PRELOAD": str(library)}
