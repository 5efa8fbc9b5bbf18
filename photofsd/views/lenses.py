"""/lenses/EF50mm f/1.8 II: the photos of every lens."""

from __future__ import annotations

from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import View

VIEW = View(b"lenses", "the photos of every lens", lambda scope: ValueFolder(scope, Facet.LENS))
