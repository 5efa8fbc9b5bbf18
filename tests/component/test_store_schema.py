"""The schema is described once, and docs/store.md says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from photofsd.store import (
    check,
    check_embeddings,
    check_facets,
    check_jobs,
    check_people,
    check_similar,
    check_stacks,
    schema,
)
from photofsd.store.schema import ALL_TABLES, Table

DOC = Path(__file__).parents[2] / "docs" / "store.md"
INVARIANT = re.compile(r"^(I\d+)\s+(.*?)(?=^I\d|\Z)", re.MULTILINE | re.DOTALL)


def row(table: Table) -> str:
    return f"| `{table.name}` | {table.key} | {table.value} | {table.holds} |"


@pytest.fixture(scope="module")
def doc() -> str:
    return DOC.read_text(encoding="utf-8")


def _invariants(text: str) -> dict[str, str]:
    return {name: " ".join(said.split()) for name, said in INVARIANT.findall(text)}


def test_every_table_is_documented_as_it_is_and_no_other(doc: str) -> None:
    section = doc.partition("## Tables")[2].partition("\n## ")[0]
    documented = [line for line in section.splitlines() if line.startswith("| `")]
    assert documented == [row(table) for table in ALL_TABLES]


def test_every_invariant_is_documented_as_it_is_proved(doc: str) -> None:
    section = doc.partition("## Invariants")[2].partition("\n## ")[0]
    documented = {
        name: " ".join(said.split()) for name, said in re.findall(r"^- \*\*(I\d+)\*\* (.*)$", section, re.MULTILINE)
    }
    stated = _invariants((schema.__doc__ or "").partition("Invariants\n")[2])
    assert documented == stated


def test_check_proves_what_the_schema_states() -> None:
    modules = (check, check_embeddings, check_facets, check_jobs, check_people, check_similar, check_stacks)
    sources = "".join(Path(module.__file__ or "").read_text() for module in modules)
    proved = set(re.findall(r"f?\"(I\d+) ", sources)) | set(re.findall(r"\"(I\d+)\"", sources))
    assert proved == set(_invariants((schema.__doc__ or "").partition("Invariants\n")[2]))


def test_table_names_are_unique() -> None:
    assert len({table.name for table in ALL_TABLES}) == len(ALL_TABLES)


def test_the_longest_value_fits_into_a_key() -> None:
    lmdb_key_max_bytes = 511
    assert len(bytes([255]) + b"v" * schema.VALUE_MAX_BYTES + b"\0" + b"cc") <= lmdb_key_max_bytes
