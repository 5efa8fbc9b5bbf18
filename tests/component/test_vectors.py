"""The file of vectors: written by one, read by others, never another model's, and a full disk is said."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from photofsd.errors import StoreError, StoreFull
from photofsd.index.vectors import VectorFile, crcs
from tests.component.small_disk import small_disk


def directions(count: int, dimension: int, seed: int = 1) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("dimension", [384, 512, 7, 1])
def test_what_was_written_is_read_by_another(tmp_path: Path, dimension: int) -> None:
    ids, vectors = [9, 3, 4, 5, 1000], directions(5, dimension)
    written = VectorFile(tmp_path / "m-1", dimension).write(ids, vectors)
    other = VectorFile(tmp_path / "m-1", dimension)
    assert np.array_equal(other.read(ids), vectors.astype(np.float16))
    assert np.array_equal(other.rows()[ids], vectors.astype(np.float16))
    assert written == crcs(other.read(ids)) == [zlib.crc32(row.tobytes()) for row in vectors.astype(np.float16)]


def test_where_nothing_was_written_are_zeros_that_take_no_room(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "m-1", 512)
    assert not file.read([0, 5]).any()
    assert file.rows().shape == (0, 512)
    file.write([1_000_000], directions(1, 512))
    assert not file.read([0, 999_999, 1_000_001]).any()
    assert (tmp_path / "m-1" / "image.f16").stat().st_blocks * 512 <= 64 << 10


def test_a_reader_sees_what_a_writer_adds(tmp_path: Path) -> None:
    reader, writer = VectorFile(tmp_path / "m-1", 8), VectorFile(tmp_path / "m-1", 8)
    assert len(reader.rows()) == 0
    vectors = directions(3000, 8)
    for start in range(0, 3000, 1000):
        before = reader.rows()
        writer.write(range(start, start + 1000), vectors[start : start + 1000])
        assert np.array_equal(reader.rows(), vectors[: start + 1000].astype(np.float16))
        assert np.array_equal(before, vectors[:start].astype(np.float16))


def test_the_last_of_two_rows_at_one_place_counts(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "m-1", 4)
    vectors = directions(2, 4)
    written = file.write([7, 7], vectors)
    assert crcs(file.read([7])) == written[1:]


def test_another_model_or_dimension_is_refused(tmp_path: Path) -> None:
    VectorFile(tmp_path / "m-1", 8).write([1], directions(1, 8))
    with pytest.raises(StoreError, match=r"holds vectors of .*8.*not of .*16.*: remove it"):
        VectorFile(tmp_path / "m-1", 16)
    (tmp_path / "m-1").rename(tmp_path / "m-2")
    with pytest.raises(StoreError, match=r"holds vectors of .*m-1.*not of .*m-2.*: remove it"):
        VectorFile(tmp_path / "m-2", 8)
    (tmp_path / "m-2" / "model.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        VectorFile(tmp_path / "m-2", 8)
    (tmp_path / "m-2" / "model.json").unlink()
    with pytest.raises(StoreError, match="nothing says of which model"):
        VectorFile(tmp_path / "m-2", 8)


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_full_disk_is_said_and_room_helps(tmp_path: Path, kind: str) -> None:
    with small_disk(tmp_path, kind=kind, megabytes=16) as disk:
        file = VectorFile(disk / "m-1", 512)
        file.write([0], directions(1, 512))
        filler = disk / "filler"
        filler.write_bytes(bytes(10 << 20))
        with pytest.raises(StoreFull, match="the disk is full: there is no room for"):
            file.write(range(1, 20_000), directions(19_999, 512))
        filler.unlink()
        written = file.write(range(1, 1000), directions(999, 512))
        file.sync()
        assert crcs(file.read(range(1, 1000))) == written


def test_a_disk_that_fails_is_said(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "m-1", 4)
    file.write([1], directions(1, 4))
    os.close(file._file._writing or 0)
    file._file._writing = os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(StoreError, match=r"image\.f16 cannot be written"):
        file.write([2], directions(1, 4))


WRITER = """
import sys
from pathlib import Path
import numpy as np
from photofsd.index.vectors import VectorFile
file = VectorFile(Path(sys.argv[1]), 64)
for first in range(0, 10**6, 100):
    crcs = file.write(range(first, first + 100), np.full((100, 64), first + 1, np.float32) % 1000)
    file.sync()
    print(first, crcs[0], flush=True)
"""


def test_what_was_synced_outlives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "m-1")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        process.kill()
    file = VectorFile(tmp_path / "m-1", 64)
    for first, crc in (map(int, line.split()) for line in lines):
        assert crcs(file.read(range(first, first + 100))) == [crc] * 100
