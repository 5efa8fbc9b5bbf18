"""/search/<query>: any query, made by opening it; `mkdir` keeps one, `rmdir` forgets it; the last ones are listed.

/search/.ranked/<query>/001~IMG_1.jpg: the same photos with the rank in front, for programs that sort by name.
"""

from __future__ import annotations

import contextlib
import time

from photofsd.errors import AlreadyThere, BadQuery, NameTooLong, NoSuchEntry, NotPermitted
from photofsd.query.members import Members
from photofsd.query.parse import parse
from photofsd.store import assets, searches, view_names
from photofsd.store.probes import is_no_query
from photofsd.types import AssetId
from photofsd.vtree.attributes import attributes_of
from photofsd.vtree.folders import NARROW, PhotoFolder, PhotoListing
from photofsd.vtree.node import Directory, Listing, Names, Node, Photo, Row
from photofsd.vtree.scope import Scope, View

RANKED = b".ranked"
RANK_DIGITS = 3


class Found(PhotoFolder):
    """The photos that a query finds. Where only covers are shown, only they count for the limit."""

    def __init__(self, scope: Scope, query: bytes) -> None:
        super().__init__(scope, found(scope, query))
        self._query = query

    @property
    def shown(self) -> Members:
        return found(self.scope, self._query, covers_only=True) if self.scope.library.covers_only() else self.members

    def is_ready(self) -> bool:
        return self.shown.is_ready()

    def prepare(self) -> None:
        self.shown.prepare()


class Result(Found):
    """The photos that a query finds, best first."""

    def __init__(self, scope: Scope, query: bytes, *, is_kept: bool = False) -> None:
        super().__init__(scope, query)
        self.is_on_demand = not is_kept

    def listing(self) -> Listing:
        photos = super().listing()
        if len(photos):
            self.scope.library.searches.remember(self._query, now_ns=time.time_ns())
        return photos


class RankedResult(Found):
    """The photos that a query finds, named by rank."""

    def entry(self, name: bytes) -> Node | None:
        rank = name.partition(b"~")[0]
        position = int(rank) - 1 if rank.isdigit() else -1
        with self.scope.library.store.read() as txn:
            ids = self.shown.ordered(txn)
            if not 0 <= position < len(ids):
                return None
            asset = AssetId(ids[position])
            record, seen = assets.asset(txn, asset), attributes_of(txn, asset)
        if record is None or seen is None or ranked_name(position, record.name) != name:
            return None
        return Photo(asset, seen)

    def listing(self) -> Listing:
        shown = self.shown
        shown.prepare()
        with self.scope.library.store.read() as txn:
            ids = shown.ordered(txn)
        return PhotoListing(self.scope.library.store, ids, ranked_name)


class Ranked(Directory):
    """/search/.ranked: nothing is listed, any query can be opened."""

    is_open_to_any_name = True

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def lookup(self, name: bytes) -> Node | None:
        return None if is_no_query(name) else RankedResult(self._scope, name)

    def listing(self) -> Listing:
        return Names([])


class Search(Directory):
    """/search: the searches kept and the last ones; any other name is a new one."""

    is_writable = True
    is_open_to_any_name = True

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def lookup(self, name: bytes) -> Node | None:
        if name == RANKED:
            return Ranked(self._scope)
        return (
            None
            if is_no_query(name) or name.startswith(NARROW)
            else Result(self._scope, name, is_kept=self._is_kept(name))
        )

    def listing(self) -> Listing:
        with self._scope.library.store.read() as txn:
            kept, last = searches.kept(txn), searches.last(txn)
        queries = [*((query, True) for query in kept), *((query, False) for query in last if query not in kept)]
        rows: list[Row] = []
        for query, is_kept in queries:
            with contextlib.suppress(BadQuery):  # kept by a daemon that understood it
                rows.append(Row(query, Result(self._scope, query, is_kept=is_kept), None))
        return Names([*rows, Row(RANKED, Ranked(self._scope), None)])

    def mkdir(self, name: bytes) -> Directory:
        if is_no_query(name):
            raise NotPermitted(f"{_text(name)!r} is a name that programs look for, not a search")
        if len(name) > searches.QUERY_MAX_BYTES:
            raise NameTooLong(
                f"a search that is kept is the name of a folder and has at most {searches.QUERY_MAX_BYTES} bytes, "
                f"not {len(name)}: open it without mkdir, or say it in fewer words"
            )
        result = Result(self._scope, name, is_kept=True)
        if self._is_kept(name):
            raise AlreadyThere(f"the search {_text(name)!r} is kept already")
        self._scope.library.facts.say(searches.KEEP, query=_text(name))
        return result

    def _is_kept(self, name: bytes) -> bool:
        with self._scope.library.store.read() as txn:
            return searches.is_kept(txn, name)

    def rmdir(self, name: bytes) -> None:
        with self._scope.library.store.read() as txn:
            is_known = searches.is_kept(txn, name) or name in searches.last(txn)
        if not is_known:
            raise NoSuchEntry(f"no search {_text(name)!r} is kept")
        self._scope.library.facts.say(searches.FORGET, query=_text(name))


def found(scope: Scope, query: bytes, *, covers_only: bool = False) -> Members:
    """What the query finds, within the scope. Raises BadQuery at once: a bad query is no folder."""
    text = _text(query)
    parse(text)
    return scope.library.searches.members(text, scope.within, covers_only=covers_only)


def ranked_name(position: int, name: bytes) -> bytes:
    """The view name with its rank in front, cut to 255 bytes: the rank alone says which photo it is."""
    return view_names.prefixed(b"%0*d~" % (RANK_DIGITS, position + 1), name)


def _text(query: bytes) -> str:
    return query.decode("utf-8", "surrogateescape")


VIEW = View(b"search", "any query: ls 'search/beach 2024'; mkdir keeps one", Search)
