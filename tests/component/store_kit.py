"""What the tests of the store begin with: an open store, a library in it, photos; and small disks that fill up."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def small_disk(folder: Path, *, kind: str, megabytes: int) -> Iterator[Path]:
    """A file system of that size (tmpfs, or ext4 in a file); skips where it cannot be mounted."""
    mount_point = folder / "disk"
    mount_point.mkdir()
    if kind == "tmpfs":
        source = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"]
    else:
        image = folder / "disk.img"
        image.write_bytes(b"")
        with image.open("r+b") as opened:
            opened.truncate(megabytes << 20)
        _run_or_skip(["mkfs.ext4", "-q", "-m", "0", str(image)])
        source = ["-o", "loop", str(image)]
    _run_or_skip(["mount", *source, str(mount_point)])
    try:
        yield mount_point
    finally:
        subprocess.run(["umount", str(mount_point)], check=True)


def _run_or_skip(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no small disk: {error}")
    if done.returncode:
        pytest.skip(f"no small disk: {' '.join(command)} says {done.stderr.strip()!r}")
