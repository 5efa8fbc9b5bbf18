"""Films behind pictures, and the ids that a still shares with its film or its burst."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.containers.motion import has_film_behind
from photofsd.media.maker_notes import Together, shared_ids
from photofsd.media.span import Span

PICTURE = b"\xff\xd8\xff\xda" + b"scan" * 20 + b"\xff\xd9"
FILM = struct.pack(">I", 24) + b"ftypmp42" + b"\0" * 12 + b"\0\0\0\x08mdat"
IDENTIFIER = "1EA799FF-8384-4BC4-87AA-139A814D9125"


def samsung(*kinds: int) -> bytes:
    """A picture with Samsung's trailer that has such entries."""
    entries = b"".join(struct.pack("<HHII", 0, kind, 100, 10) for kind in kinds)
    directory = struct.pack("<4sII", b"SEFH", 107, len(kinds)) + entries
    return PICTURE + b"data" * 10 + directory + struct.pack("<I4s", len(directory), b"SEFT")


@pytest.mark.parametrize(
    "content, is_film",
    [
        (PICTURE, False),
        (PICTURE + b"\0" * 10, False),
        (PICTURE + FILM, True),
        (PICTURE + b"\0" * 16 + FILM, True),
        (PICTURE + b"some text about ftyp", False),
        (PICTURE[:-2] + FILM, False),
        (PICTURE + b"x" * ((1 << 20) - len(PICTURE) - 7) + PICTURE[-2:] + FILM, True),
        (samsung(0x0A01, 0x0A30), True),
        (samsung(0x0A01), False),
        (samsung(), False),
        (b"", False),
    ],
)
def test_a_film_behind_the_picture_is_noticed(content: bytes, *, is_film: bool) -> None:
    assert has_film_behind(Span.of(content)) is is_film


def test_a_jpeg_that_ends_as_it_should_is_not_read_through() -> None:
    read: list[tuple[int, int]] = []

    def count(offset: int, size: int) -> bytes:
        read.append((offset, size))
        return PICTURE[-size:]

    assert not has_film_behind(Span(count, 10 << 20))
    assert sum(size for _, size in read) < 100


@given(st.binary())
def test_no_trailer_does_harm(data: bytes) -> None:
    with contextlib.suppress(FileUndecodable):
        has_film_behind(Span.of(PICTURE + data + b"SEFT"))


def apple(texts: dict[int, str], order: str = ">") -> bytes:
    """A maker note with these texts."""
    start = 14 + 2 + 12 * len(texts) + 4
    entries, values = b"", b""
    for tag, text in texts.items():
        value = text.encode() + b"\0"
        entries += struct.pack(order + "HHII", tag, 2, len(value), start + len(values))
        values += value
    mark = b"MM" if order == ">" else b"II"
    head = b"Apple iOS\0\0\1" + mark + struct.pack(order + "H", len(texts))
    return head + entries + b"\0\0\0\0" + values


def test_apples_note_tells_what_belongs_together() -> None:
    note = {0x0011: IDENTIFIER, 0x000B: "BURST-1"}
    assert shared_ids(apple(note)) == shared_ids(apple(note, "<")) == Together(IDENTIFIER, "BURST-1")
    assert shared_ids(apple({0x000B: "BURST-1"})) == Together(None, "BURST-1")


@pytest.mark.parametrize(
    "note", [b"", b"Nikon\0\2", b"Apple iOS\0", b"Apple iOS\0\0\1XX\0\1", apple({0x11: IDENTIFIER})[:20]]
)
def test_another_note_tells_nothing(note: bytes) -> None:
    assert shared_ids(note) == Together()


@given(st.binary())
def test_no_note_does_harm(data: bytes) -> None:
    shared_ids(b"Apple iOS\0\0\1MM" + data)
