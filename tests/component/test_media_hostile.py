"""Whatever is done to a file, its metadata are read or it is undecodable, and it costs little to find out."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media.metadata import read_metadata
from photofsd.media.sniff import kind_of_name
from photofsd.media.source import KEEP_BELOW, Source
from photofsd.media.span import MOST_READS
from photofsd.records import Metadata
from photofsd.types import Kind

LARGEST_MUTATED = 300_000
GARBAGE = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x08", b"\x01\0\0\0")


def drawn() -> list[bytes]:
    """A small picture with EXIF in every format that Pillow draws."""
    block = Image.Exif()
    block.update({0x010F: "Canon", 0x0110: "Canon EOS 7D", 0x0112: 6, 0x0132: "2010:05:05 12:00:00"})
    block.get_ifd(0x8769).update({0x9003: "2001:05:05 12:00:00", 0x829A: 0.004, 0xA434: "EF85mm"})
    block.get_ifd(0x8825).update({1: "N", 2: (43.0, 28.0, 2.8), 3: "E", 4: (11.0, 53.0, 6.4), 29: "2006:05:05"})
    pictures = []
    for form in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "JPEG2000"):
        file = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(file, form, exif=block)
        pictures.append(file.getvalue())
    return pictures


def real(folder: Path) -> list[bytes]:
    """The starts of real files of every kind."""
    paths = sorted(
        path for path in folder.rglob("*") if kind_of_name(os.fsencode(path.name)) not in {None, Kind.SIDECAR}
    )
    return [path.read_bytes()[:LARGEST_MUTATED] for path in paths]


def read(path: Path, content: bytes) -> Metadata | None:
    """The metadata of a file with that content, and the same as its sidecars of every kind; None = undecodable."""
    sidecars = [path.with_suffix(extension) for extension in (".xmp", ".json", ".thm")]
    for each in (path, *sidecars):
        each.write_bytes(content)
    with contextlib.suppress(FileUndecodable), Source.open(os.fsencode(path), map(os.fsencode, sidecars)) as source:
        return read_metadata(source, folder=b"2013/06", zone=dt.UTC)
    return None


def mutated(data: st.DataObject, content: bytes) -> bytes:
    """The content with a few bytes changed, taken out or doubled, most of them near its start, or cut off."""
    raw = bytearray(content)
    near = data.draw(st.sampled_from([64, 1024, 8192, LARGEST_MUTATED]))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, max(0, min(near, len(raw)) - 1)))
        piece = data.draw(st.one_of(st.sampled_from(GARBAGE), st.binary(max_size=8)))
        raw[at : at + data.draw(st.integers(0, 8))] = piece
    return bytes(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, 4096, 100]))])


EAGER = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


@EAGER
@given(data=st.data())
def test_mutated_drawing_is_read_or_undecodable(tmp_path: Path, data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(DRAWN))
    found = read(tmp_path / "photo.jpg", mutated(data, content))
    assert found is None or found.types


@EAGER
@given(data=st.data())
def test_mutated_photo_is_read_or_undecodable(tmp_path: Path, photos: list[bytes], data: st.DataObject) -> None:
    found = read(tmp_path / "photo.nef", mutated(data, photos[data.draw(st.integers(0, len(photos) - 1))]))
    assert found is None or found.types


DRAWN = drawn()


@pytest.fixture(scope="session")
def photos(test_data: Path) -> list[bytes]:
    return real(test_data)


class CountingSource(Source):
    """Counts what the parsers ask for."""

    reads = 0
    bytes_read = 0

    def read_at(self, offset: int, size: int) -> bytes:
        data = super().read_at(offset, size)
        self.reads += 1
        self.bytes_read += len(data)
        return data


def tiff_of_giants(size: int) -> bytes:
    """Chained directories of 65,535 entries of 999 rationals each, all over the file."""
    row = struct.pack("<HHII", 0x9000, 5, 999, 8)
    directory = struct.pack("<H", 0xFFFF) + row * 0xFFFF
    data = b"II*\0\x08\0\0\0"
    while len(data) < size:
        data += directory + struct.pack("<I", len(data) + len(directory) + 4)
    return data


def nested(kind: bytes, depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = struct.pack(">I4s", len(data) + 8, kind) + data
    return data


@pytest.mark.parametrize(
    "content",
    [
        tiff_of_giants(4 << 20),
        struct.pack(">I4s4sI", 16, b"ftyp", b"qt  ", 0) + struct.pack(">I4s", 8, b"free") * (1 << 19),
        struct.pack(">I4s4sI", 16, b"ftyp", b"qt  ", 0)
        + struct.pack(">I4s", 8 << 20, b"moov")
        + struct.pack(">I4s", 8, b"trak") * (1 << 19),
        b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xf9\0" * (1 << 20),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sI", 0, b"tEXt", 0) * (1 << 18),
        b"RIFF\0\0\0\0WEBP" + struct.pack("<4sI", b"ANMF", 0) * (1 << 18),
        b"\xff\xd8\xff\xd0" + b"\xff\xd0" * (1 << 20),
        struct.pack(">I4s4sI", 16, b"ftyp", b"heic", 0) + nested(b"meta", 1 << 10),
    ],
    ids=["tiff", "boxes", "tracks", "gif", "png", "webp", "jpeg", "nested"],
)
def test_file_that_wants_to_be_read_forever_is_not(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with CountingSource.open(os.fsencode(path)) as source:
        assert isinstance(source, CountingSource)
        assert read_metadata(source, folder=b"").types
        assert source.reads <= 2 * MOST_READS + 2
        assert source.bytes_read <= 64 << 20


def test_giant_file_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "film.mov"
    with path.open("wb") as file:
        file.write(struct.pack(">I4s4sI", 16, b"ftyp", b"qt  ", 0) + struct.pack(">I4sQ", 1, b"mdat", 1 << 33))
        file.truncate((1 << 33) + 16)
    with CountingSource.open(os.fsencode(path)) as source:
        assert isinstance(source, CountingSource)
        assert source.size > KEEP_BELOW
        assert read_metadata(source, folder=b"").problems == ("broken mov: the video has no movie header",)
        assert source.bytes_read < 1 << 20
