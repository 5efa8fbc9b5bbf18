"""The answer to a query: which photos, in which order, and what there is to say about it.

Free words are looked for as words (rank.py), and by what the pictures show where there is an image-text model
(meaning.py); fusion.py makes one order of both. Words that are not negated rank; equally good photos, and all of them
where nothing but filters is asked, are listed newest first (newest.py).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query import people
from photofsd.query.branches import BRANCHES_MAX, Branch, TooManyBranches, branches
from photofsd.query.callings import Callings
from photofsd.query.evaluate import heard, select, wanted_terms
from photofsd.query.fusion import Hit, Places, Standing, fused
from photofsd.query.meaning import LOOKS_MAX, Meaning, Wish, merged
from photofsd.query.newest import newest
from photofsd.query.parse import parse
from photofsd.query.rank import Gains, gains_of, groups, highest_gain
from photofsd.query.request import Request
from photofsd.query.syntax import Query, all_of
from photofsd.query.text import words
from photofsd.query.words import Term, having, union_of
from photofsd.store import stacks
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

DEFAULT_LIMIT = 200
MEANT_MIN = 500
MEANT_MAX = 10_000
"""Photos that the model is asked for: more than are listed, since it also orders what words find."""
COVERED = 4
"""So many times as many where companions are hidden afterwards."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a query finds.

    hits: best first, at most as many as were asked for. total: how many there are without the limit; of those that
    only the model finds, at most MEANT_MAX count. notes: what the user should know, a line each.
    is_whole: the image-text model has answered all that it was asked, or there is none. known_to: the last change of
    the store that it knew of; None = it was not asked.

    Scores are 0..1. 1 = best in every order where there are several; else every free word in the best place that it
    could be in, or no free word was asked for.
    """

    hits: tuple[Hit, ...]
    total: int
    notes: tuple[str, ...]
    is_whole: bool = True
    known_to: int | None = None

    @property
    def assets(self) -> tuple[AssetId, ...]:
        """The photos, best first."""
        return tuple(hit.asset for hit in self.hits)

    @property
    def scores(self) -> tuple[float, ...]:
        """The scores of the same photos."""
        return tuple(hit.score for hit in self.hits)


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """Why a photo is in an answer: a free word, and where the photo has it ("tags", "folder", "date" ...)."""

    word: str
    fields: tuple[str, ...]


def search(
    txn: ReadTransaction,
    text: str,
    *,
    today: dt.date,
    limit: int | None = None,
    within: BitMap | None = None,
    covers_only: bool = False,
    meaning: Meaning | None = None,
) -> Answer:
    """Answer the query `text`. Raises BadQuery.

    today: the local date, for `date:last-30-days` and the like. limit: where the query gives none; None = 200.
    within: nothing else is found (composition of views). covers_only: no companion whose cover is found, too.
    meaning: the image-text model; None = words alone.
    """
    return answer(txn, parse(text), today=today, limit=limit, within=within, covers_only=covers_only, meaning=meaning)


def answer(
    txn: ReadTransaction,
    query: Query,
    *,
    today: dt.date,
    limit: int | None = None,
    within: BitMap | None = None,
    covers_only: bool = False,
    meaning: Meaning | None = None,
) -> Answer:
    """As `search`, for a query that is parsed already."""
    request = Request(txn, today, meaning, query.limit or LOOKS_MAX)
    wanted = query.limit or limit or DEFAULT_LIMIT
    among = request.live if within is None else request.live & within
    members = among if query.root is None else select(request, heard(query.root), among)
    seen = _seen(request, query, among, max(MEANT_MIN, wanted * (COVERED if covers_only else 1)))
    found = members | BitMap(seen)
    if covers_only:
        found = found - stacks.hidden_among(txn, found)
        members &= found
    meant, alike = (
        {asset: at for asset, at in order.items() if asset in found} for order in (seen, merged(request.looks))
    )
    if meant or alike:
        hits = fused(_ranked(request, query, members), meant, alike, wanted, partial(newest, txn))
    else:
        hits = list(_best_first(request, query, members, wanted))
    return Answer(tuple(hits), len(found), request.notes, request.is_whole, request.known_to)


def _seen(request: Request, query: Query, among: BitMap, count: int) -> Places:
    """What the model finds that shows what the free words say, within what restricts them."""
    if query.root is None or not request.has_model:
        return {}
    try:
        ways = branches(query.root, Callings(people.names_with(request.txn, words(str(query.root)))))
    except TooManyBranches:
        request.note(f"searching by words only: the query is true in more than {BRANCHES_MAX} ways")
        return {}
    wishes = [_wish(request, way, among) for way in ways if way.text]
    return merged(request.rank([wish for wish in wishes if wish.allowed], min(count, MEANT_MAX)))


def _wish(request: Request, way: Branch, among: BitMap) -> Wish:
    allowed = select(request, all_of(way.restrictions), among) if way.restrictions else among
    return Wish(allowed, way.text, way.unlike)


def matching(txn: ReadTransaction, query: Query, *, today: dt.date) -> BitMap:
    """Every asset that the query is true of by its words and filters, whatever its limit."""
    request = Request(txn, today)
    return request.live if query.root is None else select(request, heard(query.root), request.live)


def explain(txn: ReadTransaction, query: Query, asset: AssetId) -> tuple[Reason, ...]:
    """Which free words of the query the photo has, and where."""
    reasons = (
        Reason(str(term), tuple(dict.fromkeys(field.title for field, _ in having(txn, term, BitMap([asset])))))
        for term in _terms(query)
    )
    return tuple(reason for reason in reasons if reason.fields)


def _ranked(request: Request, query: Query, members: BitMap) -> Iterator[tuple[int | None, BitMap]]:
    """What the words find, best first, with the rank of each group; without one where no words were asked for."""
    terms = _terms(query)
    if not terms:
        return iter([(None, members)])
    gains, _ = _gains(request, terms, members)
    return enumerate((group for _, group in groups(members, gains)), 1)


def _best_first(request: Request, query: Query, members: BitMap, wanted: int) -> Iterator[Hit]:
    """Best first, where words alone say what is better."""
    terms = _terms(query)
    gains, ideal = _gains(request, terms, members)
    for rank, (score, group) in enumerate(groups(members, gains), 1):
        listed = newest(request.txn, group, wanted)
        yield from (Hit(asset, score / ideal if ideal else 1.0, Standing(rank if terms else None)) for asset in listed)
        wanted -= len(listed)
        if wanted == 0:
            return


def _terms(query: Query) -> list[Term]:
    return [] if query.root is None else wanted_terms(heard(query.root))


def _gains(request: Request, terms: list[Term], members: BitMap) -> tuple[list[Gains], int]:
    """What the photos gain from each term, and what one would gain that had them all in the best place.

    How rare a word is, is counted in the whole library; a phrase in the answer, so as not to read every record.
    """
    total = len(request.live)
    found = [request.having(term, members if term.is_phrase else request.live) for term in terms]
    counts = [len(union_of(by_field)) for by_field in found]
    gains = [gains_of(by_field, count, total) for by_field, count in zip(found, counts, strict=True)]
    return gains, sum(highest_gain(count, total) for count in counts)
