"""/tags/beach: the keywords in the files' own metadata."""

from __future__ import annotations

from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import View

VIEW = View(b"tags", "the keywords written in the photos", lambda scope: ValueFolder(scope, Facet.TAG))
