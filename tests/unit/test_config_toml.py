"""Writing TOML values, and finding the lines of keys."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.config.toml import lines_of_keys, literal

scalars = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(value=scalars | st.lists(st.text()).map(tuple))
def test_what_is_written_reads_back_the_same(value: object) -> None:
    read = tomllib.loads(f"key = {literal(value)}")["key"]
    assert (tuple(read) if isinstance(read, list) else read) == value


def test_odd_bytes_of_a_path_are_written_as_replacement_characters() -> None:
    assert literal(Path("/nas/\udcff")) == '"/nas/\ufffd"'


def test_only_values_of_settings_are_written() -> None:
    with pytest.raises(TypeError, match="dict"):
        literal({})


def test_keys_are_found_in_tables_and_dotted() -> None:
    text = "# a comment\nstate = 1\nmount . point = 2\n\n[library]  # more\n  watch = true\nexclude = [\n  'x',\n]\n"
    assert lines_of_keys(text) == {
        "state": 2,
        "mount.point": 3,
        "library": 5,
        "library.watch": 6,
        "library.exclude": 7,
    }
