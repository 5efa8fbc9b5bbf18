"""One question while it is being answered."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query.words import Found, Term, having
from photofsd.store import facets

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class Request:
    """To which state of the store and on which day the question is asked, and what there is to tell about it.

    live: every photo that there is.
    """

    def __init__(self, txn: ReadTransaction, today: dt.date) -> None:
        self.txn = txn
        self.today = today
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

    def having(self, term: Term, among: BitMap) -> Found:
        """The assets of `among` that have the term, by field. Asking again is cheap, unless it is a phrase."""
        if term.is_phrase:
            return having(self.txn, term, among)
        if term not in self._found:
            self._found[term] = having(self.txn, term, self.live)
        found = ((field, members & among) for field, members in self._found[term])
        return [(field, members) for field, members in found if members]
