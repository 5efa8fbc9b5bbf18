"""/albums/Holiday: collections of photos, as sidecars name them (Google Takeout); they are the sidecars' to change."""

from __future__ import annotations

from photofsd.query.members import OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> ValueFolder:
    return ValueFolder(scope, Facet.ALBUM, members=OfFacet(Facet.HAS, b"albums"))


VIEW = View(
    b"albums",
    "the albums of Google Takeout",
    _root,
    empty="/albums holds the albums of Google Takeout only: this version keeps no albums of your own yet",
)
