"""/places/Italy/Tuscany/Arezzo: country, region, town; `all` in countries and regions."""

from __future__ import annotations

from photofsd.query.members import Members, OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import PhotoFolder, ValueFolder
from photofsd.vtree.node import Directory
from photofsd.vtree.scope import Scope, View

LEVELS = 3


class Places(ValueFolder):
    """The places right below `prefix`: b"" for the countries, b"Italy/" for its regions."""

    def __init__(self, scope: Scope, prefix: bytes = b"") -> None:
        members: Members = OfFacet(Facet.PLACE, prefix[:-1]) if prefix else OfFacet(Facet.HAS, b"place")
        super().__init__(scope, Facet.PLACE, members=members, prefix=prefix, with_all=bool(prefix))

    def shown(self, value: bytes) -> bytes | None:
        name = super().shown(value)
        return None if name is None or b"/" in name else name

    def folder(self, value: bytes) -> Directory:
        if value.count(b"/") == LEVELS - 1:
            return PhotoFolder(self.scope, self.scope.members(OfFacet(Facet.PLACE, value)))
        return Places(self.scope, value + b"/")


VIEW = View(b"places", "where the photos were taken: country, region, town", Places)
