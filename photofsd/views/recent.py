"""/recent: the photos that came into the library last."""

from __future__ import annotations

from photofsd.query.members import EVERYTHING, Latest
from photofsd.vtree.folders import PhotoFolder
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> PhotoFolder:
    return PhotoFolder(scope, Latest(scope.members(EVERYTHING), scope.library.recent_photos))


VIEW = View(b"recent", "the photos that came in last", _root)
