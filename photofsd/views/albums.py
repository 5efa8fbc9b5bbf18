"""/albums: the user's own collections. This version keeps none yet."""

from __future__ import annotations

from photofsd.vtree.folders import EmptyFolder
from photofsd.vtree.scope import View

VIEW = View(
    b"albums",
    "your own collections",
    lambda _: EmptyFolder(),
    empty="/albums holds nothing: this version keeps no albums yet",
)
