"""The mapped pages of the store are given back, and what is read afterwards is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from photofsd.store import env, pages, paths
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.types import Kind

FILES = 20_000


def test_pages_are_given_back_and_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path / "store")
    try:
        with store.write() as txn:
            root = paths.add_library(txn, b"/nas").dir
            for number in range(FILES):
                paths.add_file(txn, root, b"%05d.jpg" % number, FileStat(1, 2, number), Kind.IMAGE)
        with store.read() as txn:
            before = list(paths.files_in(txn, root))
            touched = pages.mapped_bytes()
            monkeypatch.setattr(env, "PAGES_MAX_BYTES", 0)
            store.give_pages_back()
            assert pages.mapped_bytes() < touched - (1 << 20)
            assert list(paths.files_in(txn, root)) == before
    finally:
        store.close()


def test_few_pages_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Path] = []
    monkeypatch.setattr(pages, "give_back", given.append)
    store = Store.open(tmp_path / "store")
    monkeypatch.setattr(env, "PAGES_MAX_BYTES", 1 << 40)
    store.give_pages_back()
    store.close()
    assert given == []
