"""/types/raw, /types/video, /types/screenshot: what kind of picture it is."""

from __future__ import annotations

from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import View

VIEW = View(b"types", "JPEG, RAW, video, screenshot ...", lambda scope: ValueFolder(scope, Facet.TYPE))
