"""The store as commands read it: with or without the daemon, never writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from photofsd.config.schema import Settings
from photofsd.store.env import Store


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store in the state folder, for reading. Raises StoreError."""
    store = Store.open(settings.state / "store", timezone=settings.zone, readonly=True)
    try:
        yield store
    finally:
        store.close()
