"""What IPTC data says, alone and among Photoshop's resources."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.facts import Facts
from photofsd.media.iptc import iptc_in_photoshop, read_iptc
from photofsd.records import Taken
from photofsd.types import DateSource

UTF_8 = (1, 90, b"\x1b%G")


def iptc(*datasets: tuple[int, int, bytes]) -> bytes:
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value for record, number, value in datasets
    )


def resource(kind: int, data: bytes, name: bytes = b"") -> bytes:
    pascal = bytes([len(name)]) + name
    return (
        b"8BIM"
        + struct.pack(">H", kind)
        + pascal
        + b"\0" * (len(pascal) % 2)
        + struct.pack(">I", len(data))
        + data
        + b"\0" * (len(data) % 2)
    )


def test_keywords_title_and_caption_are_read() -> None:
    found = read_iptc(
        iptc((2, 25, b"cactus"), (2, 25, b"sun"), (2, 5, b"A title"), (2, 120, b"A caption\rof two lines"))
    )
    assert (found.tags, found.title, found.caption) == (("cactus", "sun"), "A title", "A caption of two lines")


def test_text_is_in_the_character_set_that_is_said_or_guessed() -> None:
    assert read_iptc(iptc(UTF_8, (2, 25, "Käfer".encode()))).tags == ("Käfer",)
    assert read_iptc(iptc((2, 25, "Käfer".encode()))).tags == ("Käfer",)
    assert read_iptc(iptc((2, 25, "Käfer".encode("latin-1")))).tags == ("Käfer",)


def test_date_is_the_day_with_its_time() -> None:
    found = read_iptc(iptc((2, 55, b"20190609"), (2, 60, b"125732+0200"), (2, 62, b"20200101")))
    assert found.dates == (
        Taken(local_ns=1_560_085_052 * 10**9, source=DateSource.IPTC, offset_min=120),
        Taken(local_ns=1_577_836_800 * 10**9, source=DateSource.IPTC),
    )
    assert read_iptc(iptc((2, 60, b"143000+0000"))).dates == ()
    assert read_iptc(iptc((2, 55, b"20190000"))).dates == ()


def test_long_dataset_says_the_size_of_its_size() -> None:
    long = b"\x1c\x02\x78\x80\x04" + (5).to_bytes(4, "big") + b"hello"
    assert read_iptc(long + iptc((2, 25, b"after"))) == Facts(caption="hello", tags=("after",))


def test_data_ends_where_it_stops_making_sense() -> None:
    assert read_iptc(iptc((2, 25, b"kept")) + b"\0garbage" + iptc((2, 25, b"lost"))).tags == ("kept",)
    assert read_iptc(b"") == Facts()


def test_iptc_is_found_among_photoshops_resources() -> None:
    blob = resource(0x03ED, b"resolution", b"odd") + resource(0x0404, b"abc") + resource(0x0404, b"de")
    assert iptc_in_photoshop(blob) == b"abcde"
    assert iptc_in_photoshop(b"8BIM") == iptc_in_photoshop(b"") == b""


@given(st.binary(max_size=200))
def test_any_bytes_are_some_facts(data: bytes) -> None:
    assert isinstance(read_iptc(b"\x1c" + data), Facts)
    assert isinstance(iptc_in_photoshop(b"8BIM" + data), bytes)
