"""/ratings/5: the stars in the files' own metadata."""

from __future__ import annotations

from photofsd.query.members import OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> ValueFolder:
    return ValueFolder(scope, Facet.RATING, members=OfFacet(Facet.HAS, b"rating"))


VIEW = View(b"ratings", "the stars given to the photos, 0 to 5", _root)
