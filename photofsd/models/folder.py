"""What lies in the models folder: models are known by their files, and by name and content.

    clip/<name>/      visual/model.onnx, visual/preprocess_cfg.json, textual/model.onnx, textual/tokenizer.json and
                      config.json, as in Immich's model cache; or open_clip_config.json, open_clip_model.safetensors
    faces/<name>/     detection/model.onnx and recognition/model.onnx, or InsightFace's *.onnx side by side
    captions/<name>/  config.json and *.safetensors, a transformers folder

Nothing in such a folder is ever run: weights are ONNX or safetensors, never pickles, and code is not imported.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from blake3 import blake3

from photofsd.display import shown
from photofsd.errors import ModelUnusable

ID_DIGITS: Final = 16
_PIECE_BYTES: Final = 1 << 20
_CONFIGURATIONS: Final = ("open_clip_config.json", "config.json")
_PICKLES: Final = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})


class Purpose(enum.StrEnum):
    """What a model is for; the folder below the models folder that it lies in."""

    CLIP = "clip"
    FACES = "faces"
    CAPTIONS = "captions"


class Layout(enum.StrEnum):
    """How a model's folder is laid out, and so what runs it."""

    ONNX = "onnx"
    OPEN_CLIP = "open_clip"
    INSIGHTFACE = "insightface"
    TRANSFORMERS = "transformers"


_ONNX_CLIP: Final = (
    "config.json",
    "visual/model.onnx",
    "visual/preprocess_cfg.json",
    "textual/model.onnx",
    "textual/tokenizer.json",
)
_WHOLE: Final[Sequence[tuple[Purpose, Layout, tuple[str, ...]]]] = (
    (Purpose.CLIP, Layout.ONNX, _ONNX_CLIP),
    (Purpose.CLIP, Layout.OPEN_CLIP, ("open_clip_config.json", "open_clip_model.safetensors")),
    (Purpose.FACES, Layout.ONNX, ("detection/model.onnx", "recognition/model.onnx")),
    (Purpose.FACES, Layout.INSIGHTFACE, ("*.onnx",)),
    (Purpose.CAPTIONS, Layout.TRANSFORMERS, ("config.json", "*.safetensors")),
)
"""Which files make a model whole, by purpose; the first layout that is whole counts."""


@dataclasses.dataclass(frozen=True)
class Installed:
    """A model that lies there whole."""

    purpose: Purpose
    name: str
    layout: Layout
    folder: Path

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Its files, relative to its folder, sorted; what begins with a dot is ours or nobody's."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return tuple(sorted(str(path) for path in found if not any(part.startswith(".") for part in path.parts)))

    @functools.cached_property
    def size(self) -> int:
        """Bytes of all files."""
        return sum((self.folder / file).stat().st_size for file in self.files)

    @functools.cached_property
    def about(self) -> str:
        """What its configuration says to people in a line of our own, such as that it is a demo; mostly nothing."""
        for name in _CONFIGURATIONS:
            try:
                said = json.loads((self.folder / name).read_bytes())["photofsd"]["about"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            return shown(str(said))
        return ""

    @functools.cached_property
    def id(self) -> str:
        """Name and content: what is stored beside every vector, so that those of two models never mix.

        Reads every file: a second for a gigabyte. Raises ModelUnusable.
        """
        digest = blake3()
        try:
            for file in self.files:
                digest.update(f"{file}\0{(self.folder / file).stat().st_size}\0".encode())
                feed(digest, self.folder / file)
        except OSError as error:
            raise ModelUnusable(f"the model in {self.folder} cannot be read: {error.strerror}") from error
        return f"{self.name}-{digest.hexdigest(ID_DIGITS // 2)}"


def feed(digest: blake3, file: Path) -> None:
    """Let `digest` have the content of a file. Raises OSError.

    It is read, not mapped: a mapped file that is cut short meanwhile, or a disk that fails, ends the process.
    """
    with open(file, "rb", buffering=0) as opened:
        while piece := opened.read(_PIECE_BYTES):
            digest.update(piece)


def installed(models: Path) -> Iterator[Installed]:
    """Yield the models that lie whole below the folder `models`, by purpose and name."""
    for purpose in Purpose:
        for folder in _folders(models / purpose):
            layout = layout_of(purpose, folder)
            if layout is not None:
                yield Installed(purpose, folder.name, layout, folder)


def unfinished(models: Path) -> Iterator[tuple[Purpose, Path, str]]:
    """Yield what lies in the models folder and is no model: its purpose, its folder, and what is wrong with it."""
    for purpose in Purpose:
        for folder in _folders(models / purpose):
            if layout_of(purpose, folder) is None:
                yield purpose, folder, what_is_missing(purpose, folder)


def chosen(models: Path, purpose: Purpose, name: str = "") -> Installed | None:
    """The model to use: `name`, else the only one or the first by name; None where there is none.

    Raises ModelUnusable when `name` is not there.
    """
    found = {model.name: model for model in installed(models) if model.purpose is purpose}
    if not name:
        return next(iter(found.values()), None)
    if name not in found:
        there = ", ".join(found) or "none"
        raise ModelUnusable(f"there is no {purpose} model {name} in {models / purpose} (there: {there})")
    return found[name]


def layout_of(purpose: Purpose, folder: Path) -> Layout | None:
    """How the model in `folder` is laid out; None when it is not whole."""
    for meant, layout, files in _WHOLE:
        if meant is purpose and all(_has(folder, file) for file in files):
            return layout
    return None


def what_is_missing(purpose: Purpose, folder: Path) -> str:
    """Why there is no model in `folder`, for people: of the layout that it comes closest to."""
    candidates = [files for meant, _, files in _WHOLE if meant is purpose]
    closest = min(candidates, key=lambda files: sum(not _has(folder, file) for file in files) / len(files))
    for file in closest:
        if refused := _refused(folder / file):
            return refused
    missing = ", ".join(file for file in closest if not _has(folder, file))
    pickles = sorted(path.name for path in folder.glob("*") if path.suffix in _PICKLES)
    reason = f"{missing} missing"
    return f"{reason} ({pickles[0]} is a pickle, which may run code: not used)" if pickles else reason


def _folders(parent: Path) -> Sequence[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelUnusable(f"the models in {parent} cannot be listed: {error.strerror}") from error


def _has(folder: Path, file: str) -> bool:
    """Claim: it is there, as far as one is let look: a folder that may not be read costs no other model anything."""
    try:
        return any(folder.glob(file)) if "*" in file else (folder / file).is_file()
    except OSError:
        return False


def _refused(file: Path) -> str:
    """Why one is not let look whether it is there; "" = one is."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    return ""
