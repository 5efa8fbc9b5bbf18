"""Keeps the kernel and file managers up with the store: follows the change log, tells the mount what changed.

The kernel's caches begin empty with every mount, so this follower begins at the log's end and keeps its mark in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import trio

from photofsd.media.rendition import NAME, RENDERED_TYPES
from photofsd.store import changes, facets, people, person_names
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import AssetId, ClusterId, Facet, PersonId

if TYPE_CHECKING:
    from pyroaring import BitMap

    from photofsd.fuse.invalidate import Invalidator
    from photofsd.records import Person
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, Touched
    from photofsd.store.writer import Writer
    from photofsd.vtree.tree import LibraryTree

GATHER_S = 0.25
CHANGES_MAX = 20_000
KEEP_CHANGES = 100_000
PHOTOS_MAX = 500
"""Photos that are told of where people changed hands: about what a window shows."""

TRIM_EVERY = 5_000


PEOPLE_MAX = 5_000
"""People who change between two looks; more of them is a clustering, of which the kernel's memory times out soon."""


class Seen(NamedTuple):
    """What has changed since the last look.

    appeared, vanished: names of photos, and of people who are new. renamed, emptied: names of people's folders that
    stand for somebody else now, or nobody; that have lost some of their faces.
    """

    sequence: int
    assets: tuple[AssetId, ...]
    appeared: frozenset[bytes]
    vanished: frozenset[bytes]
    renamed: frozenset[bytes]
    emptied: frozenset[bytes]


class Follower:
    """Tells an Invalidator what has changed. `wake` from any thread; `run` until cancelled."""

    def __init__(self, store: Store, writer: Writer, tree: LibraryTree, on_change: Callable[[], None]) -> None:
        self._store = store
        self._writer = writer
        self._tree = tree
        self._on_change = on_change
        self._token = trio.lowlevel.current_trio_token()
        self._changed = trio.Event()
        self._people: dict[PersonId, Person | None] = {}
        with store.read() as txn:
            self._sequence = self._trimmed = changes.sequence(txn)

    def wake(self, touched: Touched) -> None:
        """Something was committed."""
        if touched.people:
            self._token.run_sync_soon(self._note, dict(touched.people))
        self._token.run_sync_soon(self._set, idempotent=True)

    def _set(self) -> None:
        self._changed.set()

    def _note(self, touched: Mapping[PersonId, Person | None]) -> None:
        """Keep who has changed, each as they were at the last look."""
        for person, before in itertools.islice(touched.items(), PEOPLE_MAX - len(self._people)):
            self._people.setdefault(person, before)

    async def run(self, invalidator: Invalidator) -> None:
        """Follow until cancelled; changes that come close together are told together."""
        while True:
            await self._changed.wait()
            await trio.sleep(GATHER_S)
            self._changed = trio.Event()
            self._on_change()
            touched, self._people = self._people, {}
            seen = await trio.to_thread.run_sync(self.look, touched)
            if seen.assets or touched:
                self._tree.has_changed()
                invalidator.photos_changed(seen.assets)
                invalidator.folders_changed(seen.renamed, seen.emptied)
                invalidator.names_changed(appeared=seen.appeared, vanished=seen.vanished)
                self._trim()

    def _trim(self) -> None:
        """Let go of old changes, now and then; followers that were away for longer begin anew."""
        if self._sequence - self._trimmed >= TRIM_EVERY:
            self._trimmed += TRIM_EVERY
            self._writer.submit(lambda txn: changes.trim(txn, KEEP_CHANGES), rows=TRIM_EVERY)

    def look(self, touched: Mapping[PersonId, Person | None]) -> Seen:
        """Read the log from the mark on, and set the mark behind it; touched: people who have changed, as they were.

        More changes than CHANGES_MAX (a first import, a restored disk) are only counted: nothing of them can be in
        the kernel's caches for longer than its time-out.
        """
        with self._store.read() as txn:
            logged = dict.fromkeys(asset for _, asset in changes.since(txn, self._sequence, CHANGES_MAX))
            self._sequence = changes.sequence(txn)
            live = facets.bitmap(txn, Facet.LIVE)
            rendered = facets.union(txn, Facet.TYPE, (kind.encode() for kind in RENDERED_TYPES))
            folders = _of_people(txn, touched)
            moved = (AssetId(asset) for asset in itertools.islice(folders.photos, PHOTOS_MAX))
            rows = [(asset, txn.get(Tables.ROWS, U32.pack(asset))) for asset in (*logged, *moved)]
        names = [(asset, row[ASSET_ROW.size :]) for asset, row in rows if row is not None]
        names += [(asset, name + NAME) for asset, name in names if asset in rendered]
        return Seen(
            self._sequence,
            tuple(logged),
            folders.new.union(name for asset, name in names if asset in live),
            frozenset(name for asset, name in names if asset not in live),
            folders.renamed,
            folders.emptied,
        )


class _Folders(NamedTuple):
    """What has become of the folders of people: names that are new, that stand for others, that hold less than before.

    photos: those that have come into some of them, or left.
    """

    new: frozenset[bytes]
    renamed: frozenset[bytes]
    emptied: frozenset[bytes]
    photos: BitMap


def _of_people(txn: ReadTransaction, before: Mapping[PersonId, Person | None]) -> _Folders:
    new, renamed, emptied, clusters = set[bytes](), set[bytes](), set[bytes](), set[ClusterId]()
    for person, old in before.items():
        now = people.person(txn, person)
        was_there, is_there = _place(person, old), _place(person, now)
        had, has = (set(one.clusters) if one is not None else set[ClusterId]() for one in (old, now))
        clusters |= had ^ has
        if was_there is None and is_there is not None:
            new.add(is_there[1])
        elif was_there is not None and was_there != is_there:
            renamed |= {was_there[1]} | ({is_there[1]} if is_there is not None else set())
        elif was_there is not None and had - has:
            emptied.add(was_there[1])
    photos = facets.union(txn, Facet.CLUSTER, (b"%d" % one for one in clusters))
    return _Folders(frozenset(new), frozenset(renamed), frozenset(emptied), photos)


def _place(person: PersonId, found: Person | None) -> tuple[bool, bytes] | None:
    """Whether a person is hidden, and what their folder is called; None where they have none."""
    if found is None or found.merged_into or not (found.name or found.clusters):
        return None
    return found.is_hidden, person_names.folder_name(person, found)
