"""View names: one a photo, unique, that of the file where it is free."""

from __future__ import annotations

from typing import cast

import hypothesis.strategies as st
import pytest
from hypothesis import given

from photofsd.store.schema import Table
from photofsd.store.transaction import WriteTransaction
from photofsd.store.view_names import NAME_MAX_BYTES, numbered, take
from photofsd.types import AssetId


class Rows:
    """The tables that names need, as a dictionary; counts how often it is asked."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Table, bytes], bytes] = {}
        self.asked = 0

    def get(self, table: Table, key: bytes) -> bytes | None:
        self.asked += 1
        return self.rows.get((table, key))

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        self.rows[table, key] = value


def _take(rows: Rows, *bases: bytes) -> list[bytes]:
    return [take(cast("WriteTransaction", rows), base, AssetId(number)) for number, base in enumerate(bases, 1)]


def test_the_first_photo_has_the_name_of_its_file_and_the_others_are_numbered() -> None:
    assert _take(Rows(), b"IMG_1.jpg", b"IMG_1.jpg", b"IMG_1.JPG", b"IMG_1.jpg") == [
        b"IMG_1.jpg",
        b"IMG_1~2.jpg",
        b"IMG_1.JPG",
        b"IMG_1~3.jpg",
    ]


def test_a_number_that_a_file_has_by_itself_is_not_given_twice() -> None:
    assert _take(Rows(), b"a~2.jpg", b"a.jpg", b"a.jpg", b"a~2.jpg") == [b"a~2.jpg", b"a.jpg", b"a~3.jpg", b"a~2~2.jpg"]


@pytest.mark.parametrize(
    "base, name",
    [
        (b"a.jpg", b"a~2.jpg"),
        (b"a", b"a~2"),
        (b".jpg", b".jpg~2"),
        (b"a.b.jpg", b"a.b~2.jpg"),
        (b"a.", b"a~2."),
        (b"holiday. With friends and dogs", b"holiday. With friends and dogs~2"),
        (b"x" * 251 + b".jpg", b"x" * 249 + b"~2.jpg"),
        ("é".encode() * 125 + b".jpg", "é".encode() * 124 + b"~2.jpg"),
        (b"\xff" * 255, b"\xff" * 253 + b"~2"),
    ],
)
def test_the_number_stands_before_the_extension_within_255_bytes(base: bytes, name: bytes) -> None:
    assert numbered(base, 2) == name


@given(
    bases=st.lists(
        st.sampled_from([b"a.jpg", b"a~2.jpg", b"\xff" * 300, b"x" * 255, b"x" * 400 + b".jpg"]), max_size=12
    )
)
def test_names_are_unique_and_short_enough_whatever_the_files_are_called(bases: list[bytes]) -> None:
    names = _take(Rows(), *bases)
    assert len(set(names)) == len(names)
    assert all(0 < len(name) <= NAME_MAX_BYTES for name in names)


@given(base=st.binary(min_size=1, max_size=800), number=st.integers(2, 10**9))
def test_any_bytes_can_be_numbered(base: bytes, number: int) -> None:
    name = numbered(base, number)
    assert len(name) <= NAME_MAX_BYTES
    assert b"~%d" % number in name


def test_the_thousandth_photo_of_a_name_costs_no_more_than_the_third() -> None:
    rows = Rows()
    _take(rows, *[b"a.jpg"] * 1000)
    assert rows.asked <= 3 * 1000
