"""The searches: those the user keeps (user facts, through the journal) and the last ones made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.errors import UsageError
from photofsd.store.schema import U64, Tables

if TYPE_CHECKING:
    from photofsd.store.journal import Entry
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


def _keep(txn: WriteTransaction, entry: Entry) -> None:
    query = str(entry["query"]).encode("utf-8", "surrogateescape")
    if not 0 < len(query) <= QUERY_MAX_BYTES:
        raise UsageError(f"a search that is kept has 1 to {QUERY_MAX_BYTES} bytes, not {len(query)}")
    txn.put(Tables.USER, _PREFIX + query, b"")


def _forget(txn: WriteTransaction, entry: Entry) -> None:
    query = str(entry["query"]).encode("utf-8", "surrogateescape")
    txn.delete(Tables.USER, _PREFIX + query)
    txn.delete(Tables.SEARCHES, query)


VERBS = {KEEP: _keep, FORGET: _forget}
"""What the journal's entries about searches mean."""
