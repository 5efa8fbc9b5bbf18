"""/cameras/Canon EOS 7D: the photos of every camera."""

from __future__ import annotations

from photofsd.query.members import OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> ValueFolder:
    return ValueFolder(scope, Facet.CAMERA, members=OfFacet(Facet.HAS, b"camera"))


VIEW = View(b"cameras", "the photos of every camera", _root)
