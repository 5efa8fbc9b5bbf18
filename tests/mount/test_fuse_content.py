"""Reading through a mount: the same bytes, the newest ones, from the cache where that is right (rule 3)."""

from __future__ import annotations

import mmap
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mount.conftest import Serve
from tests.mount.served import Served, layers, names_of


@pytest.fixture
def on_tmpfs(library: Path) -> Iterator[Path]:
    """The same library on a file system that cannot say whether a read would wait (RWF_NOWAIT)."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for path in library.iterdir():
            Path(folder, path.name).write_bytes(path.read_bytes())
        yield Path(folder)


def read_at_random(path: Path, expected: bytes) -> None:
    places = random.Random(3)
    with path.open("rb", buffering=0) as file:
        for _ in range(200):
            offset, size = places.randrange(len(expected) + 10), places.choice((1, 511, 4096, 70_000))
            assert os.pread(file.fileno(), size, offset) == expected[offset : offset + size]


def test_any_part_reads_the_same_as_in_the_library(gallery: Served, library: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        read_at_random(gallery.point / "all" / name, (library / name).read_bytes())


def test_a_library_on_tmpfs_reads_the_same(serve: Serve, on_tmpfs: Path) -> None:
    gallery = serve("gallery", {"library": str(on_tmpfs)})
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        read_at_random(gallery.point / "all" / name, (on_tmpfs / name).read_bytes())


def test_a_photo_can_be_mapped(gallery: Served, library: Path) -> None:
    with (gallery.point / "all/b.jpg").open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
        assert pages[:] == (library / "b.jpg").read_bytes()


def test_real_photos_read_the_same(serve: Serve, test_data: Path) -> None:
    folder = max((path for path in test_data.rglob("*") if path.is_dir()), key=lambda path: len(list(path.glob("*.*"))))
    gallery = serve("gallery", {"library": str(folder)})
    assert names_of(gallery.point / "all")
    for path in (gallery.point / "all").iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_what_was_read_once_is_not_read_again(gallery: Served) -> None:
    path = gallery.point / "all/b.jpg"
    first = path.read_bytes()
    reads = gallery.requests("read")
    assert path.read_bytes() == first
    assert (gallery.point / "some/b.jpg").read_bytes() == first
    assert gallery.requests("read") == reads


@pytest.mark.parametrize("size", [100_000, 99_000, 101_000])
def test_a_rewritten_file_is_read_anew_before_the_scan_has_seen_it(gallery: Served, library: Path, size: int) -> None:
    path = gallery.point / "all/a.jpg"
    path.read_bytes()
    new = random.Random(size).randbytes(size)
    (library / "a.jpg").write_bytes(new)
    assert path.read_bytes() == new
    assert path.read_bytes() == new


def test_a_replaced_file_is_read_anew_while_the_old_one_is_still_open(gallery: Served, library: Path) -> None:
    path = gallery.point / "all/a.jpg"
    old, new = (library / "a.jpg").read_bytes(), random.Random(5).randbytes(100_000)
    with path.open("rb", buffering=0) as file:
        assert file.read(10) == old[:10]
        (library / "new").write_bytes(new)
        (library / "new").rename(library / "a.jpg")
        assert path.read_bytes() == new
        assert os.pread(file.fileno(), 1000, 90_000) == old[90_000:91_000]
        assert path.read_bytes() == new
    assert path.read_bytes() == new
    assert path.read_bytes() == new


def test_reading_leaves_no_trace_on_the_originals(gallery: Served, library: Path) -> None:
    original = library / "a.jpg"
    os.utime(original, (1_000_000_000, 1_000_000_000))
    (gallery.point / "all/a.jpg").read_bytes()
    assert original.stat().st_atime == 1_000_000_000


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may widen reads")
def test_reads_are_a_megabyte_for_root(gallery: Served) -> None:
    device = layers(gallery.point)[0].device
    assert Path("/sys/class/bdi", device, "read_ahead_kb").read_text() == "1024\n"
