"""A library file is opened once, read once, and every trouble with it has its name."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from blake3 import blake3

from photofsd.errors import FileChanged, FileUndecodable, FileUnreadable
from photofsd.media import source as source_module
from photofsd.media.hashing import content_digest
from photofsd.media.source import HEAD, KEEP_BELOW, Source

CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """More than is kept in memory; all zeros but for its ends."""
    path = tmp_path / "film.mov"
    with path.open("wb") as file:
        file.write(b"start")
        file.truncate(KEEP_BELOW + 12345)
        file.seek(-3, os.SEEK_END)
        file.write(b"end")
    return path


def opened(path: Path) -> Source:
    return Source.open(os.fsencode(path))


def test_digest_is_that_of_the_content(photo: Path, film: Path) -> None:
    for path in (photo, film):
        with opened(path) as source:
            assert content_digest(source) == blake3(path.read_bytes()).digest()


def test_empty_file_has_a_digest(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with opened(tmp_path / "x") as source:
        assert content_digest(source) == blake3(b"").digest()
        assert (source.head, source.span.read(0, 9)) == (b"", b"")


def test_small_file_is_read_once(photo: Path) -> None:
    with opened(photo) as source:
        content_digest(source)
        os.truncate(photo, 0)
        assert source.read_at(HEAD + 5, 10) == CONTENT[HEAD + 5 : HEAD + 15]
        assert source.head == CONTENT[:HEAD]
        assert source.stream().read() == CONTENT


def test_parsers_of_a_large_file_fetch_only_what_they_ask_for(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []
    pread = os.pread

    def counting(fd: int, size: int, offset: int) -> bytes:
        fetched.append(size)
        return pread(fd, size, offset)

    monkeypatch.setattr(source_module.os, "pread", counting)
    with opened(film) as source:
        assert source.span.read(source.size - 3, 99) == b"end"
        assert source.span.read(0, 5) == source.span.read(0, 5) == b"start"
    assert fetched == [3, HEAD]


def test_stream_is_seekable(photo: Path, film: Path) -> None:
    for path, end in ((photo, CONTENT[-3:]), (film, b"end")):
        with opened(path) as source, source.stream() as stream:
            stream.seek(-3, os.SEEK_END)
            assert stream.read() == end
            assert source.read_at(0, 1) == path.read_bytes()[:1]


def test_file_that_is_gone_has_changed(tmp_path: Path, photo: Path) -> None:
    for path in (tmp_path / "gone.jpg", photo / "below-a-file.jpg"):
        with pytest.raises(FileChanged, match="is gone"):
            opened(path)


def test_file_that_is_written_to_meanwhile_has_changed(photo: Path, film: Path) -> None:
    for path in (photo, film):
        with opened(path) as source:
            with path.open("ab") as file:
                file.write(b"more")
            with pytest.raises(FileChanged, match="changed while it was read"):
                content_digest(source)
        with opened(path) as source:
            os.truncate(path, 100)
            with pytest.raises(FileChanged, match="changed while it was read"):
                content_digest(source)


def test_trouble_below_may_pass(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(FileUnreadable, match=r"loop\.jpg cannot be read: ") as trouble:
        opened(tmp_path / "loop.jpg")
    assert trouble.value.retry_after_s is not None
    with Source.open(b"/proc/self/mem") as source, pytest.raises(FileUnreadable, match="Input/output error"):
        source.read_at(HEAD, 10)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "folder.jpg").mkdir()
    listener = socket.socket(socket.AF_UNIX)
    with listener:
        listener.bind(str(tmp_path / "socket.jpg"))
        for path in (*tmp_path.iterdir(), Path("/dev/null")):
            with pytest.raises(FileUndecodable, match="no regular file"):
                opened(path)


def test_descriptors_are_given_back(tmp_path: Path, photo: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with opened(photo) as source:
        source.stream()
    with pytest.raises(FileUndecodable):
        opened(tmp_path)
    source.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_access_time_is_left_alone(photo: Path) -> None:
    os.utime(photo, ns=(10**18, 2 * 10**18))
    with opened(photo) as source:
        content_digest(source)
    assert photo.stat().st_atime_ns == 10**18


def test_file_of_somebody_else_is_read_all_the_same(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_file = os.open

    def refusing(path: bytes, flags: int) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError
        return open_file(path, flags)

    monkeypatch.setattr(source_module.os, "open", refusing)
    with opened(photo) as source:
        assert source.head == CONTENT[:HEAD]


def test_name_may_be_any_bytes(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe \n.jpg"
    Path(os.fsdecode(path)).write_bytes(b"x")
    with Source.open(path) as source:
        assert (source.name, source.path) == (b"\xff\xfe \n.jpg", path)
    with pytest.raises(FileChanged) as trouble:
        Source.open(path + b"gone")
    str(trouble.value).encode()
