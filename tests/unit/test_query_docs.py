"""docs/queries.md: every example is a query, and every filter, comparison and date word has one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from photofsd.query.parse import parse
from photofsd.query.syntax import Key
from photofsd.query.values import HAS

DOCS = (Path(__file__).parents[2] / "docs" / "queries.md").read_text()
UNKNOWN_YET = {"text"}


def examples() -> Iterator[str]:
    """The lines of fenced queries, and what stands between backticks in tables, but for bare keys."""
    for block in re.findall(r"```query\n(.*?)```", DOCS, re.DOTALL):
        yield from block.splitlines()
    for row in re.findall(r"^\|.*\|$", DOCS, re.MULTILINE):
        yield from (code for code in re.findall(r"`([^`]+)`", row) if not code.endswith(":"))


@pytest.mark.parametrize("query", list(examples()))
def test_example_in_the_documentation_is_a_query(query: str) -> None:
    assert str(parse(query))


@pytest.mark.parametrize("key", Key)
def test_every_filter_is_documented_with_an_example(key: Key) -> None:
    assert any(f"{key}:" in query for query in examples())


def test_everything_that_can_be_had_is_documented() -> None:
    assert {query.partition(":")[2] for query in examples() if query.startswith("has:")} == set(HAS) - UNKNOWN_YET
