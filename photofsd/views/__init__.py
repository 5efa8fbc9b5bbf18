"""The generated folders: one file a view, each with a VIEW. A new view is one file here and nothing else."""

from __future__ import annotations

import importlib
import pkgutil

from photofsd.vtree.scope import View


def discover() -> dict[bytes, View]:
    """Every view in this folder, by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    views = (importlib.import_module(f"{__name__}.{name}").VIEW for name in names)
    return {view.name: view for view in views}
