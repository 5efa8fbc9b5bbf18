"""The answer to a query: which photos, in which order, and what there is to say about it.

Photos are ranked by the free words that are not negated (rank.py); equally good ones, and all of them where nothing
but filters is asked, are listed newest first (newest.py).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.query.evaluate import heard, select, wanted_terms
from photofsd.query.newest import newest
from photofsd.query.parse import parse
from photofsd.query.rank import Gains, gains_of, groups, highest_gain
from photofsd.query.request import Request
from photofsd.query.syntax import Query
from photofsd.query.words import Term, having, union_of
from photofsd.store import stacks
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

DEFAULT_LIMIT = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a query finds.

    assets: best first, at most as many as were asked for. scores: of the same photos, 0..1; 1 = every free word in
    the best place that it could be in, or no free word was asked for. total: how many there are without the limit.
    notes: what the user should know, a line each ("people are not known yet ...").
    """

    assets: tuple[AssetId, ...]
    scores: tuple[float, ...]
    total: int
    notes: tuple[str, ...]


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
) -> Answer:
    """Answer the query `text`. Raises BadQuery.

    today: the local date, for `date:last-30-days` and the like. limit: where the query gives none; None = 200.
    within: nothing else is found (composition of views). covers_only: no companion whose cover is found, too.
    """
    return answer(txn, parse(text), today=today, limit=limit, within=within, covers_only=covers_only)


def answer(
    txn: ReadTransaction,
    query: Query,
    *,
    today: dt.date,
    limit: int | None = None,
    within: BitMap | None = None,
    covers_only: bool = False,
) -> Answer:
    """As `search`, for a query that is parsed already."""
    request = Request(txn, today)
    members = _members(request, query, within)
    if covers_only:
        members = members - stacks.hidden_among(txn, members)
    wanted = query.limit or limit or DEFAULT_LIMIT
    listed = list(_best_first(request, query, members, wanted))
    return Answer(tuple(asset for asset, _ in listed), tuple(score for _, score in listed), len(members), request.notes)


def matching(txn: ReadTransaction, query: Query, *, today: dt.date, within: BitMap | None = None) -> BitMap:
    """Every asset that the query is true of, whatever its limit."""
    return _members(Request(txn, today), query, within)


def explain(txn: ReadTransaction, query: Query, asset: AssetId) -> tuple[Reason, ...]:
    """Which free words of the query the photo has, and where."""
    reasons = (
        Reason(str(term), tuple(dict.fromkeys(field.title for field, _ in having(txn, term, BitMap([asset])))))
        for term in _terms(query)
    )
    return tuple(reason for reason in reasons if reason.fields)


def _members(request: Request, query: Query, within: BitMap | None) -> BitMap:
    among = request.live if within is None else request.live & within
    return among if query.root is None else select(request, heard(query.root), among)


def _terms(query: Query) -> list[Term]:
    return [] if query.root is None else wanted_terms(heard(query.root))


def _best_first(request: Request, query: Query, members: BitMap, wanted: int) -> Iterator[tuple[AssetId, float]]:
    gains, ideal = _gains(request, _terms(query), members)
    for score, group in groups(members, gains):
        listed = newest(request.txn, group, wanted)
        yield from ((asset, score / ideal if ideal else 1.0) for asset in listed)
        wanted -= len(listed)
        if wanted == 0:
            return


def _gains(request: Request, terms: list[Term], members: BitMap) -> tuple[list[Gains], int]:
    """What the photos gain from each term, and what one would gain that had them all in the best place.

    How rare a word is, is counted in the whole library; a phrase in the answer, so as not to read every record.
    """
    total = len(request.live)
    found = [request.having(term, members if term.is_phrase else request.live) for term in terms]
    counts = [len(union_of(by_field)) for by_field in found]
    gains = [gains_of(by_field, count, total) for by_field, count in zip(found, counts, strict=True)]
    return gains, sum(highest_gain(count, total) for count in counts)
