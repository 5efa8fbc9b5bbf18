"""Checksums of a model's files, written down when it is installed or first seen, and compared ever after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from blake3 import blake3

from photofsd.durable import replace_file
from photofsd.errors import ModelUnusable
from photofsd.models.folder import Installed, feed

SUMS: Final = ".photofsd.json"
_VERSION: Final = 1
_FOR_ALL_TO_READ: Final = 0o644


def sums_of(model: Installed) -> dict[str, str]:
    """blake3 digests, hex, by file. Raises ModelUnusable."""
    return {file: _digest(model.folder / file) for file in model.files}


def _digest(file: Path) -> str:
    digest = blake3()
    try:
        feed(digest, file)
    except OSError as error:
        raise ModelUnusable(f"{file} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def written_down(model: Installed) -> dict[str, str] | None:
    """What was written down of the model; None = nothing yet. Raises ModelUnusable."""
    file = model.folder / SUMS
    try:
        said = json.loads(file.read_bytes())
        return {str(name): str(digest) for name, digest in said["blake3"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnusable(f"{file} cannot be read ({error}): remove it, and verify again") from error


def write_down(model: Installed, sums: dict[str, str]) -> None:
    """Keep the sums beside the files, whole or not at all. Raises ModelUnusable."""
    said = json.dumps({"version": _VERSION, "blake3": sums}, indent=1) + "\n"
    try:
        replace_file(model.folder / SUMS, said.encode(), _FOR_ALL_TO_READ)
    except OSError as error:
        raise ModelUnusable(f"the checksums cannot be written beside {model.folder}: {error.strerror}") from error


def differences(model: Installed) -> list[str]:
    """What is no longer as it was written down, one line each; what was never written down is, now.

    Raises ModelUnusable.
    """
    now, then = sums_of(model), written_down(model)
    if then is None:
        write_down(model, now)
        return []
    changed = [f"{file} has changed" for file in now if file in then and then[file] != now[file]]
    return [
        *changed,
        *(f"{file} is gone" for file in sorted(then.keys() - now.keys())),
        *(f"{file} was not there" for file in sorted(now.keys() - then.keys())),
    ]
