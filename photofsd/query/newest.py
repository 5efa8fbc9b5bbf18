"""The newest photos of a set, without reading a row of the others.

Newest first means: by the instant when they were taken, then by id; after them those whose date nothing vouches for,
the last that came into the library first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query.dates import MONTHS, known_years
from photofsd.store import facets
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

READ_AT_ONCE = 2000
"""Photos whose rows are read rather than looked at by month or day: about 4 ms."""


def newest(txn: ReadTransaction, members: BitMap, count: int) -> list[AssetId]:
    """The `count` newest of `members`, newest first."""
    undated = members & facets.bitmap(txn, Facet.YEAR)
    found = _sorted(txn, _latest(txn, members - undated, count))[:count]
    if len(found) < count:
        found += [AssetId(asset) for asset in reversed(undated[-(count - len(found)) :])]
    return found


def _sorted(txn: ReadTransaction, members: BitMap) -> list[AssetId]:
    return [AssetId(asset) for asset in sorted(members, key=lambda asset: (-_taken_ns(txn, asset), asset))]


def _taken_ns(txn: ReadTransaction, asset: int) -> int:
    row = txn.get(Tables.ROWS, U32.pack(asset))
    return 0 if row is None else int(ASSET_ROW.unpack_from(row)[1])


def _latest(txn: ReadTransaction, dated: BitMap, count: int) -> BitMap:
    """A part of `dated` that holds its `count` newest, as small as their calendar allows."""
    if len(dated) <= READ_AT_ONCE:
        return dated
    found = BitMap()
    for first, part in _years(txn, dated):
        found |= part
        if len(found) >= count:
            return found | _just_before(txn, dated, first)
    return found


def _just_before(txn: ReadTransaction, dated: BitMap, day: dt.date) -> BitMap:
    """The calendar is that of each photo's own place, up to 26 hours apart: two days more make the order exact."""
    days = (day.toordinal() - back for back in (1, 2))
    values = (f"{dt.date.fromordinal(ordinal):%Y%m%d}".encode() for ordinal in days if ordinal >= 1)
    return dated & facets.union(txn, Facet.DAY, values)


def _years(txn: ReadTransaction, dated: BitMap) -> Iterator[tuple[dt.date, BitMap]]:
    """Parts of `dated` and the first day of each, latest first: years, or where those are large their months, days."""
    for year in reversed(known_years(txn)):
        part = dated & facets.bitmap(txn, Facet.YEAR, b"%04d" % year)
        if len(part) > READ_AT_ONCE:
            yield from _months(txn, part, year)
        elif part:
            yield dt.date(year, 1, 1), part


def _months(txn: ReadTransaction, dated: BitMap, year: int) -> Iterator[tuple[dt.date, BitMap]]:
    for month in reversed(MONTHS):
        part = dated & facets.bitmap(txn, Facet.MONTH, b"%04d%02d" % (year, month))
        if len(part) > READ_AT_ONCE:
            yield from _days(txn, part, year, month)
        elif part:
            yield dt.date(year, month, 1), part


def _days(txn: ReadTransaction, dated: BitMap, year: int, month: int) -> Iterator[tuple[dt.date, BitMap]]:
    for value in reversed(list(facets.values(txn, Facet.DAY, b"%04d%02d" % (year, month)))):
        part = dated & facets.bitmap(txn, Facet.DAY, value)
        if part:
            yield dt.date(year, month, int(value[6:])), part
