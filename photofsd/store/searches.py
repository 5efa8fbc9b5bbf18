"""The searches: those the user keeps (user facts, through the journal) and the last ones made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.store.schema import U64, Tables

if TYPE_CHECKING:
    from photofsd.store.journal import Entry
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

KEEP = "keep-search"
FORGET = "forget-search"
_PREFIX = b"search\0"


def kept(txn: ReadTransaction) -> list[bytes]:
    """The queries that the user keeps, by name."""
    return [key[len(_PREFIX) :] for key in txn.keys(Tables.USER, _PREFIX)]


def is_kept(txn: ReadTransaction, query: bytes) -> bool:
    """Claim: the user keeps that query."""
    return txn.get(Tables.USER, _PREFIX + query) is not None


def last(txn: ReadTransaction) -> list[bytes]:
    """The last queries made, latest first."""
    made = [(U64.unpack(value)[0], query) for query, value in txn.items(Tables.SEARCHES)]
    return [query for _, query in sorted(made, reverse=True)]


def remember(txn: WriteTransaction, query: bytes, *, now_ns: int, at_most: int) -> None:
    """A query was made; only the last `at_most` are remembered."""
    if at_most > 0:
        txn.put(Tables.SEARCHES, query, U64.pack(now_ns))
    for old in last(txn)[at_most:]:
        txn.delete(Tables.SEARCHES, old)


def _keep(txn: WriteTransaction, entry: Entry) -> None:
    txn.put(Tables.USER, _PREFIX + str(entry["query"]).encode("utf-8", "surrogateescape"), b"")


def _forget(txn: WriteTransaction, entry: Entry) -> None:
    query = str(entry["query"]).encode("utf-8", "surrogateescape")
    txn.delete(Tables.USER, _PREFIX + query)
    txn.delete(Tables.SEARCHES, query)


VERBS = {KEEP: _keep, FORGET: _forget}
"""What the journal's entries about searches mean."""
