"""/cameras/Canon EOS 7D: the photos of every camera."""

from __future__ import annotations

from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import View

VIEW = View(b"cameras", "the photos of every camera", lambda scope: ValueFolder(scope, Facet.CAMERA))
