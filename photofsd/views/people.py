"""/people: who is in the photos. Nobody is known before faces are found."""

from __future__ import annotations

from photofsd.vtree.folders import EmptyFolder, FixedFolder
from photofsd.vtree.node import Directory
from photofsd.vtree.scope import Scope, View


def _root(scope: Scope) -> Directory:
    del scope
    return FixedFolder({b"unknown": EmptyFolder(), b"hidden": EmptyFolder()})


VIEW = View(b"people", "who is in the photos", _root, empty="/people holds nobody: this version finds no faces yet")
