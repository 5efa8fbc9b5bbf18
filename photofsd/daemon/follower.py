"""Keeps the kernel and file managers up with the store: follows the change log, tells the mount what changed.

The kernel's caches begin empty with every mount, so this follower begins at the log's end and keeps its mark in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import trio

from photofsd.media.rendition import NAME, RENDERED_TYPES
from photofsd.store import changes, facets
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.fuse.invalidate import Invalidator
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer
    from photofsd.vtree.tree import LibraryTree

GATHER_S = 0.25
CHANGES_MAX = 20_000
KEEP_CHANGES = 100_000
TRIM_EVERY = 5_000


class Seen(NamedTuple):
    """What the log says since the last look."""

    sequence: int
    assets: tuple[AssetId, ...]
    appeared: frozenset[bytes]
    vanished: frozenset[bytes]


class Follower:
    """Tells an Invalidator what has changed. `wake` from any thread; `run` until cancelled."""

    def __init__(self, store: Store, writer: Writer, tree: LibraryTree, on_change: Callable[[], None]) -> None:
        self._store = store
        self._writer = writer
        self._tree = tree
        self._on_change = on_change
        self._token = trio.lowlevel.current_trio_token()
        self._changed = trio.Event()
        with store.read() as txn:
            self._sequence = self._trimmed = changes.sequence(txn)

    def wake(self) -> None:
        """Something was committed."""
        self._token.run_sync_soon(self._set, idempotent=True)

    def _set(self) -> None:
        self._changed.set()

    async def run(self, invalidator: Invalidator) -> None:
        """Follow until cancelled; changes that come close together are told together."""
        while True:
            await self._changed.wait()
            await trio.sleep(GATHER_S)
            self._changed = trio.Event()
            self._on_change()
            seen = await trio.to_thread.run_sync(self.look)
            if seen.assets:
                self._tree.has_changed()
                invalidator.photos_changed(seen.assets)
                invalidator.names_changed(appeared=seen.appeared, vanished=seen.vanished)
                self._trim()

    def _trim(self) -> None:
        """Let go of old changes, now and then; followers that were away for longer begin anew."""
        if self._sequence - self._trimmed >= TRIM_EVERY:
            self._trimmed += TRIM_EVERY
            self._writer.submit(lambda txn: changes.trim(txn, KEEP_CHANGES), rows=TRIM_EVERY)

    def look(self) -> Seen:
        """Read the log from the mark on, and set the mark behind it.

        More changes than CHANGES_MAX (a first import, a restored disk) are only counted: nothing of them can be in
        the kernel's caches for longer than its time-out.
        """
        with self._store.read() as txn:
            logged = dict.fromkeys(asset for _, asset in changes.since(txn, self._sequence, CHANGES_MAX))
            self._sequence = changes.sequence(txn)
            live = facets.bitmap(txn, Facet.LIVE)
            rendered = facets.union(txn, Facet.TYPE, (kind.encode() for kind in RENDERED_TYPES))
            rows = [(asset, txn.get(Tables.ROWS, U32.pack(asset))) for asset in logged]
        names = [(asset, row[ASSET_ROW.size :]) for asset, row in rows if row is not None]
        names += [(asset, name + NAME) for asset, name in names if asset in rendered]
        return Seen(
            self._sequence,
            tuple(logged),
            frozenset(name for asset, name in names if asset in live),
            frozenset(name for asset, name in names if asset not in live),
        )
