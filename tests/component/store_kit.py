"""What the tests of the store begin with: an open store, a library in it, photos."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from pathlib import Path

from photofsd.records import Metadata
from photofsd.store import assets, paths
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, DirId, FileId, Kind

ROOT = b"/nas/photos"


def open_store(folder: Path) -> Store:
    """A store whose photos of no known zone were taken in UTC."""
    return Store.open(folder, timezone=dt.UTC)


def violations(store: Store) -> list[str]:
    """What `check` says."""
    with store.read() as txn:
        return list(check(txn))


def quick_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for thousands of commits, none of which has to survive anything: in memory, where there is such."""
    in_memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="photofsd-", dir=in_memory if in_memory.is_dir() else None)


def root(txn: WriteTransaction) -> DirId:
    """The library's folder."""
    return paths.add_library(txn, ROOT).dir


def digest(content: object) -> bytes:
    """32 bytes that stand for the content of a file."""
    return hashlib.sha256(repr(content).encode()).digest()


def add_file(txn: WriteTransaction, folder: DirId, name: bytes) -> FileId:
    """A file of which nothing is known yet."""
    return paths.add_file(txn, folder, name, FileStat(1000, 10**18, 7), Kind.IMAGE)


def add_photo(txn: WriteTransaction, folder: DirId, name: bytes, content: object = None) -> AssetId:
    """A file whose content is known; by default each name has its own."""
    file = add_file(txn, folder, name)
    asset = assets.identify(txn, file, digest((folder, name) if content is None else content), now_ns=1)
    assert asset is not None
    return asset


def tag(txn: WriteTransaction, asset: AssetId, *tags: str) -> None:
    """Give a photo metadata with these tags."""
    assets.put_metadata(txn, asset, Metadata("jpeg", Kind.IMAGE, tags=tags))
