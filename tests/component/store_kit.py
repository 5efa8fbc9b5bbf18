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
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId, DirId, FileId, Kind

ROOT = b"/nas/photos"


def open_store(folder: Path) -> Store:
    """A store whose photos of no known zone were taken in UTC."""
    return Store.open(folder, timezone=dt.UTC)


def size_bytes(store: Store) -> int:
    """Bytes of the store's file that hold data, or held some."""
    info = store._environment.info()
    return (int(info["last_pgno"]) + 1) * int(store._environment.stat()["psize"])


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


def folder_at(txn: ReadTransaction, path: bytes) -> DirId | None:
    """The folder at an absolute path, where it lies in a library and is known."""
    around = (one for one in paths.libraries(txn) if (path + b"/").startswith(one.path.rstrip(b"/") + b"/"))
    library = next(around, None)
    if library is None:
        return None
    dir_id: DirId | None = library.dir
    for name in path[len(library.path) :].split(b"/"):
        if name and dir_id is not None:
            dir_id = paths.child(txn, dir_id, name)
    return dir_id


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
    assets.keep(txn, Tables.METADATA, asset, Metadata("jpeg", Kind.IMAGE, tags=tags))
