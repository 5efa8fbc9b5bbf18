"""/on-this-day/2019: the photos taken on today's day of the year, by year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query.members import Members
from photofsd.store import facets
from photofsd.types import AssetId, Facet
from photofsd.vtree.folders import ValueFolder
from photofsd.vtree.scope import Scope, View

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

YEAR_DIGITS = 4


@dataclass(frozen=True, slots=True)
class OfToday(Members):
    """The photos taken on today's day of any year. today: month and day, b"0615"."""

    today: Callable[[], bytes] = field(compare=False)

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return any(facets.contains(txn, Facet.DAY, day, asset) for day in self._days(txn))

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return facets.union(txn, Facet.DAY, self._days(txn))

    def _days(self, txn: ReadTransaction) -> Iterator[bytes]:
        """Today's day in every year with photos."""
        return (year + self.today() for year in facets.values(txn, Facet.YEAR) if year)


class OnThisDay(ValueFolder):
    """The years that have photos of today's month and day."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, Facet.DAY, members=OfToday(self._today))

    def _today(self) -> bytes:
        return self.scope.library.today().strftime("%m%d").encode()

    def shown(self, value: bytes) -> bytes | None:
        return value[:YEAR_DIGITS] if value[YEAR_DIGITS:] == self._today() else None

    def value(self, name: bytes) -> bytes:
        return name + self._today()


VIEW = View(b"on-this-day", "today's day of the year, in other years", OnThisDay)
