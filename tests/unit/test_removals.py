"""Removals in a burst are refused, and what the burst had done is undone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from photofsd.errors import NotPermitted
from photofsd.vtree.removals import AT_MOST, WITHIN_S, Removals


class Sayings:
    """A journal whose entries are numbers, and a clock."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.said: list[int] = []
        self.undone: list[Sequence[int]] = []
        self.removals = Removals(lambda: self.now_s)

    def remove(self, entries: int = 1) -> bool:
        """Claim: it was let through."""
        try:
            self.removals.take("a.jpg", lambda: self.say(entries), self.undo)
        except NotPermitted:
            return False
        return True

    def say(self, entries: int) -> list[int]:
        new = list(range(len(self.said), len(self.said) + entries))
        self.said += new
        return new

    def undo(self, entries: Sequence[int]) -> None:
        self.undone.append(tuple(entries))


@pytest.fixture
def sayings() -> Sayings:
    return Sayings()


def test_as_many_as_may_be_are_let_through(sayings: Sayings) -> None:
    assert all(sayings.remove() for _ in range(AT_MOST))
    assert sayings.undone == []


def test_one_more_takes_the_whole_burst_back_and_the_rest_is_refused(sayings: Sayings) -> None:
    for _ in range(AT_MOST):
        sayings.remove(entries=2)
    assert not any(sayings.remove() for _ in range(1000))
    assert sayings.undone == [tuple(range(2 * AT_MOST))]
    assert len(sayings.said) == 2 * AT_MOST


def test_a_burst_that_goes_on_for_long_stays_refused_and_ends_with_a_pause(sayings: Sayings) -> None:
    for _ in range(3 * AT_MOST):
        sayings.remove()
        sayings.now_s += WITHIN_S
    assert not sayings.remove()
    sayings.now_s += WITHIN_S + 0.1
    assert all(sayings.remove() for _ in range(AT_MOST))
    assert len(sayings.undone) == 1


def test_slow_removals_are_no_burst(sayings: Sayings) -> None:
    for _ in range(3 * AT_MOST):
        assert sayings.remove()
        sayings.now_s += WITHIN_S + 0.1


def test_a_removal_that_takes_long_is_measured_from_its_end(sayings: Sayings) -> None:
    def dawdle() -> list[int]:
        sayings.now_s += 10 * WITHIN_S
        return sayings.say(1)

    for _ in range(AT_MOST):
        sayings.removals.take("a.jpg", dawdle, sayings.undo)
    assert not sayings.remove()
    assert sayings.undone == [tuple(range(AT_MOST))]


def test_what_could_not_be_removed_is_not_undone(sayings: Sayings) -> None:
    def fail() -> list[int]:
        raise OSError("disk full")

    for _ in range(AT_MOST - 1):
        sayings.remove()
    with pytest.raises(OSError, match="disk full"):
        sayings.removals.take("a.jpg", fail, sayings.undo)
    assert not sayings.remove()
    assert sayings.undone == [tuple(range(AT_MOST - 1))]
