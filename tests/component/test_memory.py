"""The daemon's memory: pages of the store are let go of, and are there again when they are read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import trio
from trio.testing import MockClock

from photofsd.daemon import memory
from photofsd.store.env import Store
from photofsd.store.schema import U32, Tables

ROWS, ROW_BYTES = 20_000, 1_000
MIB = 1 << 20


def fill(store: Store) -> None:
    with store.write() as txn:
        for number in range(ROWS):
            txn.put(Tables.ROWS, U32.pack(number), number.to_bytes(4) * (ROW_BYTES // 4))


def digest(store: Store) -> bytes:
    """Of every row: reading them brings every page into this process."""
    found = hashlib.sha256()
    with store.read() as txn:
        for key, value in txn.items(Tables.ROWS):
            found.update(key + value)
    return found.digest()


def test_pages_that_were_let_go_of_are_there_when_they_are_read(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    fill(store)
    before = digest(store)
    with_them = memory.mapped_bytes()
    memory.let_go(tmp_path / "store")
    assert memory.mapped_bytes() < with_them - 15 * MIB
    assert digest(store) == before
    assert memory.mapped_bytes() > with_them - 15 * MIB
    store.close()


def test_pages_are_let_go_of_only_when_they_are_too_many(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    fill(store)
    digest(store)

    async def mapped_after(limit: int) -> int:
        with trio.move_on_after(2.5 * memory.LOOK_EVERY_S):
            await memory.keep_small(tmp_path / "store", at_most=limit)
        return memory.mapped_bytes()

    held = memory.mapped_bytes()
    clock = MockClock(autojump_threshold=0.01)
    assert trio.run(mapped_after, held + MIB, clock=clock) > held - 15 * MIB
    clock = MockClock(autojump_threshold=0.01)
    assert trio.run(mapped_after, held - MIB, clock=clock) < held - 15 * MIB
    store.close()
