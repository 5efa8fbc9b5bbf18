"""The ways in which a query may be true: what of it is for the model, what restricts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.query.branches import BRANCHES_MAX, TooManyBranches, branches
from photofsd.query.parse import parse
from photofsd.query.syntax import Expression


def ways(query: str) -> list[tuple[str, tuple[str, ...], list[str]]]:
    root = parse(query).root
    assert root is not None
    return [(way.text, way.unlike, [str(part) for part in way.restrictions]) for way in branches(root)]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("a dog on the Beach", [("a dog on the Beach", (), [])]),
        ("food or fruit", [("food or fruit", (), [])]),
        ("beach year:2024 dog", [("beach dog", (), ["year:2024"])]),
        ('beach "new york"', [("beach", (), ['"new york"'])]),
        ("dog -leash -type:raw", [("dog", ("leash",), ["-leash", "-type:raw"])]),
        ("dog -(leash OR cat)", [("dog", ("leash", "cat"), ["-leash", "-cat"])]),
        ("dog -2023", [("dog", (), ["-2023"])]),
        ('dog -"new york"', [("dog", (), ['-"new york"'])]),
        ("dog -(cat leash)", [("dog", (), ["-(cat leash)"])]),
        ("beach OR lake", [("beach", (), []), ("lake", (), [])]),
        ("(beach OR lake) dog", [("beach dog", (), []), ("lake dog", (), [])]),
        ("beach OR tag:sea", [("beach", (), []), ("", (), ["tag:sea"])]),
        ("summer 2023", [("summer", (), ["2023"])]),
        ("2023", [("", (), ["2023"])]),
        ("2 dogs", [("2 dogs", (), [])]),
        ("like:a.jpg snow", [("snow", (), ["like:a.jpg"])]),
        ("beach &", [("beach", (), ["&"])]),
    ],
)
def test_ways_of_a_query(query: str, expected: list[tuple[str, tuple[str, ...], list[str]]]) -> None:
    assert ways(query) == expected


def test_more_ways_than_the_model_is_asked_for_are_refused() -> None:
    assert len(ways(" OR ".join(f"a{n}" for n in range(BRANCHES_MAX)))) == BRANCHES_MAX
    with pytest.raises(TooManyBranches):
        ways(" ".join("(a OR b)" for _ in range(5)))


def test_seventy_choices_of_nine_are_not_multiplied_out() -> None:
    choice = "(" + " OR ".join(f"a{n}" for n in range(9)) + ")"
    with pytest.raises(TooManyBranches):
        ways(" ".join([choice] * 70))


WORDS = st.sampled_from(["beach", "dog", "-cat", "2023", '"new york"', "tag:sea", "(a OR b)", "-(c OR d)"])


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_every_way_holds_all_that_is_asked(parts: list[str]) -> None:
    root: Expression | None = parse(" ".join(parts)).root
    assert root is not None
    try:
        found = branches(root)
    except TooManyBranches:
        return
    for way in found:
        said = " ".join([way.text, *map(str, way.restrictions)])
        assert ("tag:sea" in parts) == ("tag:sea" in said)
        assert all(word in way.text for word in {"beach", "dog"} & set(parts))
