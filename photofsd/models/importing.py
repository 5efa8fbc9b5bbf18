"""Taking a model in from a folder: Immich's model cache, an open_clip local-dir, a download by hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from photofsd.errors import ModelUnusable, UsageError
from photofsd.models import sums
from photofsd.models.folder import Installed, Layout, Purpose, layout_of, what_is_missing

_BEING_COPIED: Final = ".importing-"
_NAME_MAX_BYTES: Final = 200
_BLOCK: Final = 1 << 20
_PURPOSES_ASKED: Final = (Purpose.CLIP, Purpose.CAPTIONS, Purpose.FACES)
"""Faces last: any folder with an ONNX file would pass for one."""

Progress = Callable[[int, int], None]
"""Called with the bytes that are copied, and all of them."""


def recognised(folder: Path) -> tuple[Purpose, Layout]:
    """What lies in `folder`. Raises ModelUnusable."""
    for purpose in _PURPOSES_ASKED:
        layout = layout_of(purpose, folder)
        if layout is not None:
            return purpose, layout
    reasons = "; ".join(f"as {purpose}: {what_is_missing(purpose, folder)}" for purpose in _PURPOSES_ASKED)
    raise ModelUnusable(f"no model that we know lies in {folder} ({reasons})")


def take_in(folder: Path, models: Path, *, name: str = "", progress: Progress = lambda _done, _all: None) -> Installed:
    """Copy the model in `folder` into the folder `models`: whole or not at all, and write its checksums down.

    name: what it is called from now on; "" = as its folder. Raises ModelUnusable, UsageError.
    """
    try:
        source = folder.resolve(strict=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from error
    purpose, layout = recognised(source)
    name = name or source.name
    target = place_for(models, purpose, name)
    copy = target.with_name(_BEING_COPIED + name)
    try:
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        _copy(Installed(purpose, name, layout, source), copy, progress)
        return settle(Installed(purpose, name, layout, copy), target)
    except OSError as error:
        raise ModelUnusable(f"{source} cannot be copied to {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def place_for(models: Path, purpose: Purpose, name: str) -> Path:
    """Where a new model of that name goes. Raises UsageError where it cannot."""
    if not name or name.startswith(".") or "/" in name or len(os.fsencode(name)) > _NAME_MAX_BYTES:
        raise UsageError(f"{name!r} is no name for a model: give another one with --name")
    target = models / purpose / name
    if target.exists():
        raise UsageError(f"there is a {purpose} model {name} already, in {target}: remove it, or give another --name")
    return target


def settle(arrived: Installed, target: Path) -> Installed:
    """Write the checksums of a model down and move it to its place, on the same file system. Raises ModelUnusable."""
    sums.write_down(arrived, sums.sums_of(arrived))
    try:
        arrived.folder.rename(target)
    except OSError as error:
        raise ModelUnusable(f"{arrived.folder} cannot become {target}: {error.strerror}") from error
    return Installed(arrived.purpose, arrived.name, arrived.layout, target)


def _copy(model: Installed, target: Path, progress: Progress) -> None:
    done = 0
    for file in model.files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        with (model.folder / file).open("rb") as reading, (target / file).open("xb") as writing:
            while block := reading.read(_BLOCK):
                writing.write(block)
                done += len(block)
                progress(done, model.size)
            writing.flush()
            os.fsync(writing.fileno())
