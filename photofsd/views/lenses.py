"""/lenses/EF50mm f/1.8 II: the photos of every lens."""

from __future__ import annotations

from photofsd.query.members import OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> ValueFolder:
    return ValueFolder(scope, Facet.LENS, members=OfFacet(Facet.HAS, b"lens"))


VIEW = View(b"lenses", "the photos of every lens", _root)
