"""Several sources of metadata are made one."""

from __future__ import annotations

from photofsd.media.facts import Facts, merged
from photofsd.records import Taken
from photofsd.types import DateSource


def taken(source: DateSource, second: int = 1) -> Taken:
    return Taken(local_ns=second * 10**9, source=source)


def test_first_that_says_something_wins() -> None:
    assert merged([Facts(title="a"), Facts(title="b", caption="c")]) == Facts(title="a", caption="c")


def test_nothing_said_is_nothing() -> None:
    assert merged([]) == merged([Facts(), Facts()]) == Facts()


def test_zero_and_false_are_something() -> None:
    assert merged([Facts(rating=0), Facts(rating=4)]).rating == 0
    assert merged([Facts(is_live=False), Facts(is_live=True)]).is_live is False


def test_tags_and_problems_are_gathered_in_order() -> None:
    both = merged([Facts(tags=("b",), problems=("x",)), Facts(tags=("a",), problems=("y",))])
    assert (both.tags, both.problems) == (("b", "a"), ("x", "y"))


def test_dates_go_by_trust_then_by_order() -> None:
    gps, name = taken(DateSource.GPS), taken(DateSource.NAME)
    original, digitized = taken(DateSource.EXIF, 2), taken(DateSource.EXIF, 3)
    assert merged([Facts(dates=(gps,)), Facts(dates=(original, name, digitized))]).dates == (
        original,
        digitized,
        gps,
        name,
    )
