"""Making a model of ONNX out of one of open_clip: in a child process, to the side, moved to its place when proven."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from photofsd.errors import ModelUnusable, UsageError
from photofsd.models import importing
from photofsd.models.folder import Installed, Layout, Purpose, layout_of
from photofsd.processes.command import command_of

_BEING_CONVERTED: Final = ".converting-"
_EXPORT: Final = "photofsd.models.export"
_KEPT_WORDS: Final = 2000
_README: Final = """\
# {name}

Made by `photofsd models convert` of the open_clip model {source}.
{about}
The lowest cosine between its vectors and those of the original, on torch in float32:

| | pictures | texts |
|---|---|---|
| compared | {compared_pictures}{drawn} | {compared_texts} |
| ONNX, float32 | {pictures:.6f} | {texts:.6f} |
{int8}"""

Progress = Callable[[str], None]
"""Called with what is being done."""


@dataclasses.dataclass(frozen=True, slots=True)
class Converted:
    """What came of it. figures: as photofsd.models.export.Figures has them."""

    model: Installed
    figures: Mapping[str, Any]


def convert(
    model: Installed,
    models: Path,
    *,
    name: str = "",
    is_int8: bool = False,
    pictures: Sequence[Path] = (),
    threads: int = 1,
    progress: Progress = lambda _step: None,
) -> Converted:
    """Export `model` into the folder `models`, as `name`, whole or not at all. Raises ModelUnusable, UsageError.

    pictures: files that both must see alike; drawn ones where there are none.
    """
    if (model.purpose, model.layout) != (Purpose.CLIP, Layout.OPEN_CLIP):
        raise UsageError(f"{model.name} is laid out as {model.layout}: only an open_clip model can be converted")
    name = name or f"{model.name}-onnx{'-int8' if is_int8 else ''}"
    target = importing.place_for(models, Purpose.CLIP, name)
    side = target.with_name(_BEING_CONVERTED + name)
    try:
        shutil.rmtree(side, ignore_errors=True)
        side.mkdir(parents=True)
        order = {
            "source": str(model.folder),
            "target": str(side),
            "is_int8": is_int8,
            "threads": threads,
            "pictures": [str(picture) for picture in pictures],
        }
        figures = _exported(order, model.name, progress)
        _write_down(side, name, model, figures)
        layout = layout_of(Purpose.CLIP, side)
        if layout is not Layout.ONNX:
            raise ModelUnusable(f"the export of {model.name} is not whole")
        return Converted(importing.settle(Installed(Purpose.CLIP, name, layout, side), target), figures)
    except OSError as error:
        raise ModelUnusable(f"{model.name} cannot be converted to {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(side, ignore_errors=True)


def _exported(order: Mapping[str, Any], name: str, progress: Progress) -> dict[str, Any]:
    """Have it done; the figures. Raises ModelUnusable."""
    last = "it said nothing"
    with subprocess.Popen(
        command_of(_EXPORT),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as child:  # fmt: skip
        try:
            if child.stdin is None or child.stdout is None:
                raise AssertionError("both were asked for")
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
            for line in child.stdout:
                said = _understood(line)
                if "figures" in said:
                    return dict(said["figures"])
                if "error" in said:
                    raise ModelUnusable(f"{name} is not converted: {said['error']}")
                if "doing" in said:
                    progress(str(said["doing"]))
                last = line.strip()[:_KEPT_WORDS] or last
        finally:
            child.kill()
    raise ModelUnusable(f"{name} is not converted: the process that did it ended with {child.returncode}: {last}")


def _understood(line: str) -> dict[str, Any]:
    """A line of the child; libraries may say something in between."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _write_down(side: Path, name: str, model: Installed, figures: Mapping[str, Any]) -> None:
    """The figures and where it comes from, for people in README.md and for programs in config.json."""
    config = json.loads((side / "config.json").read_bytes())
    config["photofsd"] = config.get("photofsd", {}) | {"converted_from": model.id, "cosines": figures}
    (side / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    is_rounded = figures["int8_pictures"] is not None
    text = _README.format(
        name=name,
        source=model.id,
        about=f"\n{model.about}\n" if model.about else "",
        drawn=" (drawn)" if figures["drawn"] else "",
        int8="| ONNX, int8, as it lies here | {int8_pictures:.6f} | {int8_texts:.6f} |\n".format_map(figures)
        if is_rounded
        else "",
        **{key: figures[key] for key in ("compared_pictures", "compared_texts", "pictures", "texts")},
    )
    (side / "README.md").write_text(text)
