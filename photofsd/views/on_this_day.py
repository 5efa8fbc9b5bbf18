"""/on-this-day/2019: the photos taken on today's day of the year, by year."""

from __future__ import annotations

from photofsd.types import Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View

YEAR_DIGITS = 4


class OnThisDay(ValueFolder):
    """The years that have photos of today's month and day."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, Facet.DAY)

    def _today(self) -> bytes:
        return self.scope.library.today().strftime("%m%d").encode()

    def shown(self, value: bytes) -> bytes | None:
        return value[:YEAR_DIGITS] if value[YEAR_DIGITS:] == self._today() else None

    def value(self, name: bytes) -> bytes:
        return name + self._today()


VIEW = View(b"on-this-day", "today's day of the year, in other years", OnThisDay)
