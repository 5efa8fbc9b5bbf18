"""/jpeg: the tree with everything rendered as JPEG. This version renders nothing yet."""

from __future__ import annotations

from photofsd.vtree.folders import EmptyFolder
from photofsd.vtree.scope import View

VIEW = View(
    b"jpeg",
    "the same folders as JPEG",
    lambda _: EmptyFolder(),
    empty="/jpeg holds nothing: this version renders nothing yet",
)
