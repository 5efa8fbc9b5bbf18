"""Renditions on disk: complete or not there, within their limit, the ones wanted last stay."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest

from photofsd.errors import StoreError, StoreFull
from photofsd.pipeline.rendition_cache import RenditionCache
from tests.component.small_disk import small_disk

SIZE = 64 << 10
KEYS = [f"{number:02x}" * 16 for number in range(8)]


def cache_in(folder: Path, limit_bytes: int = 1 << 30, *, free_min_bytes: int = 0) -> RenditionCache:
    cache = RenditionCache(folder, limit_bytes, free_min_bytes=free_min_bytes)
    cache.load()
    return cache


def keep(cache: RenditionCache, key: str, content: bytes, size: int = SIZE) -> None:
    os.close(cache.keep(key, [content], size))


def read(cache: RenditionCache, key: str, size: int = SIZE) -> bytes | None:
    fd = cache.open(key, size)
    if fd is None:
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read()


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with contextlib.suppress(OSError), file.open("ab", buffering=0) as opened:
        while opened.write(b"x" * 4096):
            pass


def test_a_file_is_what_was_kept_and_zeros_up_to_its_size(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "jpeg")
    assert read(cache, KEYS[0]) is None
    fd = cache.keep(KEYS[0], [b"jp", b"eg"], SIZE)
    assert os.pread(fd, 2 * SIZE, 0) == b"jpeg" + b"\0" * (SIZE - 4)
    os.close(fd)
    assert read(cache, KEYS[0]) == b"jpeg" + b"\0" * (SIZE - 4)
    assert cache.used_bytes < SIZE, "the zeros take room on the disk"


def test_a_restart_finds_what_was_kept_and_throws_away_what_was_being_written(tmp_path: Path) -> None:
    keep(cache_in(tmp_path), KEYS[0], b"kept")
    unfinished = tmp_path / KEYS[1][:2] / f"{KEYS[1]}.part"
    unfinished.parent.mkdir()
    unfinished.write_bytes(b"half")
    again = cache_in(tmp_path)
    assert again.used_bytes > 0
    assert (read(again, KEYS[0]) or b"")[:4] == b"kept"
    assert not unfinished.exists()


def test_a_file_of_another_size_is_none(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    keep(cache, KEYS[0], b"torn", SIZE // 2)
    assert cache.open(KEYS[0], SIZE) is None
    assert cache.used_bytes == 0
    assert not list(tmp_path.glob("*/*"))


def test_beyond_the_limit_the_ones_wanted_least_lately_go(tmp_path: Path) -> None:
    cache = cache_in(tmp_path, limit_bytes=3 * SIZE)
    for key in KEYS[:3]:
        keep(cache, key, b"x" * SIZE)
    assert read(cache, KEYS[0])
    keep(cache, KEYS[3], b"x" * SIZE)
    assert [bool(read(cache, key)) for key in KEYS[:4]] == [True, False, True, True]
    assert cache.used_bytes <= 3 * SIZE


def test_a_restart_knows_which_were_wanted_least_lately(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    for hours, key in enumerate(KEYS[:3]):
        keep(cache, key, b"x" * SIZE)
        old = os.stat(tmp_path / key[:2] / key).st_mtime - 10 * 3600 + hours * 60
        os.utime(tmp_path / key[:2] / key, (old, old))
    assert read(cache, KEYS[0])
    smaller = cache_in(tmp_path, limit_bytes=2 * SIZE)
    assert [bool(read(smaller, key)) for key in KEYS[:3]] == [True, False, True]


def test_an_open_file_outlives_its_eviction(tmp_path: Path) -> None:
    cache = cache_in(tmp_path, limit_bytes=0)
    fd = cache.keep(KEYS[0], [b"here"], SIZE)
    assert not list(tmp_path.glob("*/*"))
    assert os.pread(fd, 4, 0) == b"here"
    os.close(fd)


def test_a_full_disk_takes_other_renditions_first_and_is_told_when_there_are_none(tmp_path: Path) -> None:
    with small_disk(tmp_path, kind="tmpfs", megabytes=8) as disk:
        cache = cache_in(disk / "jpeg", free_min_bytes=1 << 20)
        mebibyte = b"x" * (1 << 20)
        for key in KEYS[:6]:
            keep(cache, key, mebibyte, len(mebibyte))
        keep(cache, KEYS[6], mebibyte, len(mebibyte))
        keep(cache, KEYS[7], mebibyte, len(mebibyte))
        assert read(cache, KEYS[0], len(mebibyte)) is None
        assert read(cache, KEYS[7], len(mebibyte)) == mebibyte
        while cache.used_bytes:
            fill(disk / "store")
            cache.make_way()
        fill(disk / "store")
        with pytest.raises(StoreFull, match="no room for JPEGs for /jpeg in"):
            cache.keep(KEYS[0], [mebibyte], len(mebibyte))
        assert not list((disk / "jpeg").glob("*/*.part"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "jpeg")
    (tmp_path / "jpeg" / KEYS[0][:2]).write_text("no folder")
    with pytest.raises(StoreError, match=f"JPEGs for /jpeg in {tmp_path}/jpeg cannot be written") as caught:
        keep(cache, KEYS[0], b"jpeg")
    assert not isinstance(caught.value, StoreFull)


def test_many_threads_share_it(tmp_path: Path) -> None:
    cache = cache_in(tmp_path, limit_bytes=3 * SIZE)
    wrong: list[str] = []

    def work(offset: int) -> None:
        for turn in range(40):
            key = KEYS[(turn + offset) % len(KEYS)]
            found = read(cache, key)
            if found is None:
                keep(cache, key, key.encode() * (SIZE // len(key)))
            elif found != key.encode() * (SIZE // len(key)):
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.used_bytes <= 3 * SIZE
    on_disk = sum(path.stat().st_blocks * 512 for path in tmp_path.glob("*/*"))
    assert on_disk == cache.used_bytes
