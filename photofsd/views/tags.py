"""/tags/beach: the keywords in the files' own metadata."""

from __future__ import annotations

from photofsd.query.members import OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> ValueFolder:
    return ValueFolder(scope, Facet.TAG, members=OfFacet(Facet.HAS, b"tags"))


VIEW = View(b"tags", "the keywords written in the photos", _root)
