"""/by-date/2024/06/15: years, months, days; `all` in years and months; `undated` for what only has a file time."""

from __future__ import annotations

from photofsd.query.members import OfFacet
from photofsd.types import Facet
from photofsd.vtree.folders import PhotoFolder, ValueFolder
from photofsd.vtree.node import Directory, Listing, Names, Node, Row
from photofsd.vtree.scope import Scope, View

UNDATED = b"undated"


class Days(ValueFolder):
    """The days of a month."""

    def __init__(self, scope: Scope, month: bytes) -> None:
        super().__init__(scope, Facet.DAY, members=OfFacet(Facet.MONTH, month), prefix=month, with_all=True)


class Months(ValueFolder):
    """The months of a year."""

    def __init__(self, scope: Scope, year: bytes) -> None:
        super().__init__(scope, Facet.MONTH, members=OfFacet(Facet.YEAR, year), prefix=year, with_all=True)

    def folder(self, value: bytes) -> Directory:
        return Days(self.scope, value)


class Years(ValueFolder):
    """The years, and `undated`."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, Facet.YEAR)

    def folder(self, value: bytes) -> Directory:
        return Months(self.scope, value)

    def entry(self, name: bytes) -> Node | None:
        return self._undated() if name == UNDATED else super().entry(name)

    def listing(self) -> Listing:
        years = [row for _, row in super().listing().rows(0)]
        undated = self._undated()
        with self.scope.library.store.read() as txn:
            has_undated = bool(undated.members.bitmap(txn))
        return Names([*years, Row(UNDATED, undated, None)] if has_undated else years)

    def _undated(self) -> PhotoFolder:
        return PhotoFolder(self.scope, self.scope.members(OfFacet(Facet.YEAR, b"")))


VIEW = View(b"by-date", "when the photos were taken: year, month, day", Years)
