"""/recent: the photos that came into the library last."""

from __future__ import annotations

from photofsd.query.members import EVERYTHING, Latest
from photofsd.vtree.folders import PhotoFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> PhotoFolder:
    library = scope.library
    return PhotoFolder(scope, Latest(scope.members(EVERYTHING), library.recent_photos, library.covers_only))


VIEW = View(b"recent", "the photos that came in last", _root)
