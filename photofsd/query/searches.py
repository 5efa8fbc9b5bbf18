"""Searches as the tree makes them: remembered for a moment, so that looking at what was found searches once.

A file manager lists a folder and then looks at every entry; all of that is one search. An answer is kept while the
store has not changed, and in any case FRESH_S long; one for which the image-text model was away no longer than that,
and not once it has come.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from photofsd.query.meaning import Meaning, NoMeaning
from photofsd.query.members import Found, Members
from photofsd.query.search import search
from photofsd.store import people, searches
from photofsd.store.schema import Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer

FRESH_S = 2.0
NAME_MAX_BYTES = 255
KEPT = 64


class _Asked(NamedTuple):
    text: str
    within: Members | None
    covers_only: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer. sequence: of the last change that all of it knows of. generation: of the model that was there.

    people: the changes of people that it knows of.
    """

    ids: Sequence[int]
    scores: Mapping[AssetId, float]
    is_whole: bool
    sequence: int
    people: int
    generation: int
    today: dt.date
    at_s: float


class Searches:
    """Makes and remembers searches. Thread-safe. limit: photos a search; remembered: searches listed in /search."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        today: Callable[[], dt.date],
        *,
        limit: int,
        remembered: int,
        meaning: Meaning | None = None,
    ) -> None:
        self._store = store
        self._writer = writer
        self._remembered = remembered
        self._today = today
        self._meaning = meaning or NoMeaning()
        self._limit = limit
        self._kept: OrderedDict[_Asked, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def members(self, text: str, within: Members | None, *, covers_only: bool = False) -> Members:
        """What `text` finds within `within`; the search is made when somebody looks.

        covers_only: without companions whose cover is found, too; they do not count for the limit.
        """
        asked = _Asked(text, within, covers_only)
        return Found(
            *asked,
            find=lambda: self._find(asked),
            recall=lambda: self._recalled(asked),
            is_found=lambda: self._fresh(asked) is not None,
        )

    def score(self, asset: AssetId) -> tuple[str, float] | None:
        """The last search that found a photo, and its score there; None where none of the last ones did."""
        with self._lock:
            found = ((asked.text, kept.scores[asset]) for asked, kept in self._kept.items() if asset in kept.scores)
            return next(reversed(list(found)), None)

    def _recalled(self, asked: _Asked) -> Sequence[int]:
        """As `_find`, but however old what was found is: the loop asks, which must not wait."""
        with self._lock:
            kept = self._kept.get(asked)
        return self._find(asked) if kept is None else kept.ids

    def _find(self, asked: _Asked) -> Sequence[int]:
        """The ids, best first. Raises BadQuery, TooSlow."""
        kept = self._fresh(asked)
        if kept is not None:
            return kept.ids
        text, within, covers_only = asked
        if within is not None:
            within.prepare()
        today, generation = self._today(), self._meaning.generation
        with self._store.read() as txn:
            sequence, people_changes = txn.number(Tables.META, b"sequence"), people.changes(txn)
            allowed = None if within is None else within.bitmap(txn)
            answer = search(
                txn,
                text,
                today=today,
                limit=self._limit,
                within=allowed,
                covers_only=covers_only,
                meaning=self._meaning if self._meaning.is_there else None,
            )
        known_to = sequence if answer.known_to is None else min(sequence, answer.known_to)
        scores = {hit.asset: hit.score for hit in answer.hits}
        with self._lock:
            self._kept.pop(asked, None)
            self._kept[asked] = _Kept(
                answer.assets, scores, answer.is_whole, known_to, people_changes, generation, today, time.monotonic()
            )
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answer.assets

    def remember(self, query: bytes, *, now_ns: int) -> None:
        """A search was made by opening its folder: it is listed among the last ones. Does not wait for the commit."""
        if len(query) <= NAME_MAX_BYTES:
            self._writer.submit(
                lambda txn: searches.remember(txn, query, now_ns=now_ns, at_most=self._remembered), rows=1
            )

    def _fresh(self, asked: _Asked) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(asked)
        if kept is None or kept.today != self._today():
            return None
        if kept.generation != self._meaning.generation:
            return None
        if time.monotonic() - kept.at_s < FRESH_S:
            return kept
        if not kept.is_whole:
            return None
        with self._store.read() as txn:
            known = txn.number(Tables.META, b"sequence"), people.changes(txn)
        return kept if known == (kept.sequence, kept.people) else None
