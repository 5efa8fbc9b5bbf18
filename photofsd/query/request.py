"""One question while it is being answered."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.errors import MeaningAway
from photofsd.query.meaning import LOOKS_MAX, Meaning, Ranking, Wish
from photofsd.query.words import Found, Term, having
from photofsd.store import facets
from photofsd.types import AssetId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from photofsd.store.transaction import ReadTransaction


class Request:
    """To which state of the store and on which day the question is asked, and what there is to tell about it.

    meaning: the image-text model; None = there is none. looks_max: photos that look like one.
    live: every photo that there is. looks: what was found to look like the photos asked for. is_whole: the model has
    answered all that it was asked. known_to: the last change of the store that it knew of; None = it was not asked.
    """

    def __init__(
        self, txn: ReadTransaction, today: dt.date, meaning: Meaning | None = None, looks_max: int = LOOKS_MAX
    ) -> None:
        self.txn = txn
        self.today = today
        self.has_model = meaning is not None
        self.looks_max = looks_max
        self.looks: list[Ranking] = []
        self.is_whole = True
        self.known_to: int | None = None
        self._meaning = meaning
        self.live = facets.live(txn)
        self._notes: dict[str, None] = {}
        self._found: dict[Term, Found] = {}

    def note(self, text: str) -> None:
        """Tell the user `text`, once."""
        self._notes[text] = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to tell."""
        return tuple(self._notes)

    def looking_like(self, asset: AssetId, among: BitMap) -> BitMap:
        """The photos of `among` that look most like `asset`, without itself."""
        (found,) = self.rank([Wish(among - BitMap([asset]), like=asset)], self.looks_max) or [Ranking()]
        self.looks.append(found)
        return BitMap(found.ids)

    @contextlib.contextmanager
    def denying(self) -> Iterator[None]:
        """Within: what looks like a photo is what is not wanted, and says nothing of what is."""
        wanted = list(self.looks)
        yield
        self.looks = wanted

    def rank(self, wishes: Sequence[Wish], count: int) -> Sequence[Ranking]:
        """What the model finds for each wish; nothing at all where it is away, which is noted."""
        if self._meaning is None or not wishes:
            return ()
        try:
            meant = self._meaning.rank(wishes, count)
        except MeaningAway as away:
            self.note(f"searching by words only: {away}")
            self.is_whole = False
            return ()
        self.known_to = meant.sequence if self.known_to is None else min(self.known_to, meant.sequence)
        for ranking in meant.rankings:
            if ranking.note:
                self.note(ranking.note)
        return meant.rankings

    def having(self, term: Term, among: BitMap) -> Found:
        """The assets of `among` that have the term, by field. Asking again is cheap, unless it is a phrase."""
        if term.is_phrase:
            return having(self.txn, term, among)
        if term not in self._found:
            self._found[term] = having(self.txn, term, self.live)
        found = ((field, members & among) for field, members in self._found[term])
        return [(field, members) for field, members in found if members]
