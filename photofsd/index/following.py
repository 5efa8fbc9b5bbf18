"""What the store says of vectors, piece by piece: the news from the change log, and once all of it, block by block.

All is compared after each start, too, when the news are dealt with: so that whatever was damaged meanwhile, or was made
from another store, is found. Where the log does not reach back, comparing is what brings the news.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pyroaring import BitMap

from photofsd.index.rows import bitmap
from photofsd.store import changes, embeddings
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.records import Embedding
    from photofsd.store.transaction import ReadTransaction

_IDS_END = 1 << 32


class Said(NamedTuple):
    """What the store says of some photos.

    among:   the photos that this is about. crcs: of those that have a vector that counts, by ascending id.
    is_news: it comes from the log; else from comparing, which doubts what is known already.
    until:   the last change, or the id behind the last one, that is dealt with by this. cost: rows that were read.
    """

    among: BitMap
    crcs: dict[int, int]
    is_news: bool
    until: int
    cost: int


class Following:
    """Follows what the store says of the vectors of `model`.

    sequence: the change up to which all is known; None = nothing is known.
    """

    def __init__(self, model: str, sequence: int | None) -> None:
        self._model = model
        self._sequence = sequence
        self._compared: int | None = 0  # ids below are; None = all
        self._is_complete = sequence is not None
        self._has_caught_up = False

    @property
    def is_complete(self) -> bool:
        """Claim: all was known at some time since the start, and since then no more than some news were missing."""
        return self._is_complete and self._has_caught_up

    @property
    def sequence(self) -> int | None:
        """The change up to which all is known; None where not all is."""
        return self._sequence if self._is_complete else None

    def said(self, txn: ReadTransaction, limit: int) -> Said | None:
        """The next piece, at most `limit` rows; None where all is known and compared. It counts once it is `done`."""
        now = changes.sequence(txn)
        if self._sequence is None or self._sequence > now or not changes.is_complete_since(txn, self._sequence):
            self._sequence, self._compared, self._is_complete = now, 0, False
        if self._sequence < now:
            return self._news(txn, self._sequence, limit)
        self._has_caught_up = True
        return None if self._compared is None else self._block(txn, self._compared, limit)

    def done(self, said: Said) -> None:
        """What was `said` has been dealt with."""
        if said.is_news:
            self._sequence = said.until
        else:
            self._compared = said.until if said.until < _IDS_END else None
            self._is_complete |= self._compared is None

    def _news(self, txn: ReadTransaction, sequence: int, limit: int) -> Said:
        logged = list(changes.since(txn, sequence, limit))
        among = bitmap([asset for _, asset in logged])
        known = ((asset, embeddings.embedding(txn, asset)) for asset in map(AssetId, among))
        crcs = self._crcs((asset, rows) for asset, rows in known if rows is not None)
        return Said(among, crcs, is_news=True, until=logged[-1][0], cost=len(logged))

    def _block(self, txn: ReadTransaction, start: int, limit: int) -> Said:
        rows = list(itertools.islice(embeddings.embeddings(txn, start), limit))
        end = rows[-1][0] + 1 if len(rows) == limit else _IDS_END
        return Said(BitMap(range(start, end)), self._crcs(rows), is_news=False, until=end, cost=len(rows))

    def _crcs(self, rows: Iterable[tuple[AssetId, Embedding]]) -> dict[int, int]:
        return {asset: found.rows[self._model] for asset, found in rows if self._model in found.rows}
