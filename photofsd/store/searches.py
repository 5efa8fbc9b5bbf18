"""The searches: those the user keeps (user facts, through the journal) and the last ones made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.errors import UsageError
from photofsd.records import Record
from photofsd.store.schema import U64, Tables
from photofsd.store.verb import Entry, Verb

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

KEEP = "keep-search"
FORGET = "forget-search"
QUERY_MAX_BYTES = 255
"""Kept and last searches are folders: no longer than a name may be."""
_PREFIX = b"search\0"


def kept(txn: ReadTransaction) -> list[bytes]:
    """The queries that the user keeps, by name."""
    return [key[len(_PREFIX) :] for key in txn.keys(Tables.USER, _PREFIX)]


def is_kept(txn: ReadTransaction, query: bytes) -> bool:
    """Claim: the user keeps that query."""
    return len(query) <= QUERY_MAX_BYTES and txn.get(Tables.USER, _PREFIX + query) is not None


def last(txn: ReadTransaction) -> list[bytes]:
    """The last queries made, latest first."""
    made = [(U64.unpack(value)[0], query) for query, value in txn.items(Tables.SEARCHES)]
    return [query for _, query in sorted(made, reverse=True)]


def remember(txn: WriteTransaction, query: bytes, *, now_ns: int, at_most: int) -> None:
    """A query was made; only the last `at_most` are remembered, none that is too long for the name of a folder."""
    if at_most > 0 and 0 < len(query) <= QUERY_MAX_BYTES:
        txn.put(Tables.SEARCHES, query, U64.pack(now_ns))
    for old in last(txn)[at_most:]:
        txn.delete(Tables.SEARCHES, old)


class Before(Record, frozen=True):
    """What was so of a search. last_ns: when it was made, 0 = it was none of the last."""

    query: bytes
    is_kept: bool
    last_ns: int


def _query(entry: Entry) -> bytes:
    return str(entry["query"]).encode("utf-8", "surrogateescape")


def _require_length(_: ReadTransaction, entry: Entry) -> Entry:
    length = len(_query(entry))
    if not 0 < length <= QUERY_MAX_BYTES:
        raise UsageError(f"a search that is kept has 1 to {QUERY_MAX_BYTES} bytes, not {length}")
    return entry


def _before(txn: ReadTransaction, query: bytes) -> Before:
    return Before(query, is_kept(txn, query), txn.number(Tables.SEARCHES, query))


def _keep(txn: WriteTransaction, entry: Entry) -> Before:
    before = _before(txn, _query(entry))
    txn.put(Tables.USER, _PREFIX + before.query, b"")
    return before


def _forget(txn: WriteTransaction, entry: Entry) -> Before:
    before = _before(txn, _query(entry))
    txn.delete(Tables.USER, _PREFIX + before.query)
    txn.delete(Tables.SEARCHES, before.query)
    return before


def _take_back(txn: WriteTransaction, stored: bytes) -> None:
    before = txn.decode(stored, Before)
    if before.is_kept:
        txn.put(Tables.USER, _PREFIX + before.query, b"")
    else:
        txn.delete(Tables.USER, _PREFIX + before.query)
    if before.last_ns:
        txn.put_number(Tables.SEARCHES, before.query, before.last_ns)


VERBS = {KEEP: Verb(_keep, _require_length, _take_back), FORGET: Verb(_forget, _require_length, _take_back)}
"""What the journal's entries about searches mean."""
