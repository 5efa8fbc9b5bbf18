"""Makes a torchvision that was built for CUDA importable beside a torch that was not.

Such a torchvision cannot load its compiled operators, yet registers the shapes of their results, which fails ("operator
torchvision::nms does not exist") and takes timm, open_clip and transformers with it. Operators that are declared can be
registered; nothing here ever runs one.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any, Final

_MISSING: Final = "operator torchvision::"
_REGISTERED: Final = re.compile(r"""register_fake\(["']torchvision::(\w+)["']\)""")
_ANY_SCHEMA: Final = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[Any] = []
"""Declarations live as long as the object that made them."""


def ensure() -> None:
    """Let torchvision be imported, if it is installed: before whatever imports it."""
    found = importlib.util.find_spec("torchvision") if "torchvision" not in sys.modules else None
    if found is None or found.origin is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
        for name in [name for name in sys.modules if name == "torchvision" or name.startswith("torchvision.")]:
            del sys.modules[name]
        _declare(Path(found.origin).with_name("_meta_registrations.py").read_text())
        importlib.import_module("torchvision")


def _declare(registrations: str) -> None:
    import torch  # noqa: PLC0415 - an extra

    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for operator in _REGISTERED.findall(registrations):
        library.define(operator + _ANY_SCHEMA)
    _kept.append(library)
