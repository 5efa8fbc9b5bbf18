"""/ratings/5: the stars in the files' own metadata."""

from __future__ import annotations

from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import View

VIEW = View(b"ratings", "the stars given to the photos, 0 to 5", lambda scope: ValueFolder(scope, Facet.RATING))
