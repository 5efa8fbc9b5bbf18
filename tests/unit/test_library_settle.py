"""A file is taken once whoever writes it has let go of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from photofsd.library.settle import Look, Settler

NS = 1_000_000_000
NOW = 1_700_000_000 * NS


def look(age_s: float, *, size: int = 10, ctime_age_s: float | None = None) -> Look:
    ctime_age_s = age_s if ctime_age_s is None else ctime_age_s
    return Look(size, NOW - int(age_s * NS), NOW - int(ctime_age_s * NS))


def test_file_that_has_rested_is_taken_at_the_first_look() -> None:
    assert Settler(2).is_settled(b"a", look(2), NOW)


def test_young_file_is_not_taken() -> None:
    settler = Settler(2)
    assert not settler.is_settled(b"a", look(1.9), NOW)
    assert not settler.is_settled(b"a", look(0), NOW)


def test_old_mtime_does_not_hide_a_fresh_change() -> None:
    """`cp -p` and downloads set the mtime of a file that they still write; its ctime cannot be set."""
    assert not Settler(2).is_settled(b"a", look(1000, ctime_age_s=1), NOW)


def test_fresh_mtime_counts_where_a_file_system_keeps_no_ctime() -> None:
    assert not Settler(2).is_settled(b"a", look(1, ctime_age_s=1000), NOW)


def test_young_files_need_no_memory() -> None:
    settler = Settler(2)
    for number in range(100):
        settler.is_settled(number, look(1), NOW)
    assert len(settler) == 0


def test_file_from_the_future_is_taken_when_it_is_seen_twice_unchanged() -> None:
    settler = Settler(2)
    future = look(-500)
    assert not settler.is_settled(b"a", future, NOW)
    assert not settler.is_settled(b"a", future, NOW + 1 * NS)
    assert settler.is_settled(b"a", future, NOW + 2 * NS)
    assert len(settler) == 0


def test_file_from_the_future_that_grows_begins_anew() -> None:
    settler = Settler(2)
    assert not settler.is_settled(b"a", look(-500), NOW)
    assert not settler.is_settled(b"a", look(-500, size=11), NOW + 2 * NS)
    assert not settler.is_settled(b"a", look(-500, size=11), NOW + 3 * NS)
    assert settler.is_settled(b"a", look(-500, size=11), NOW + 4 * NS)


def test_file_that_was_another_in_between_begins_anew() -> None:
    settler = Settler(2)
    future = look(-500)
    assert not settler.is_settled(b"a", future, NOW)
    assert not settler.is_settled(b"a", look(0), NOW + 1 * NS)
    assert not settler.is_settled(b"a", future, NOW + 2 * NS)
    assert settler.is_settled(b"a", future, NOW + 4 * NS)


def test_clock_that_is_set_back_begins_anew() -> None:
    settler = Settler(2)
    assert not settler.is_settled(b"a", look(-500), NOW)
    assert not settler.is_settled(b"a", look(-500), NOW - 100 * NS)
    assert settler.is_settled(b"a", look(-500), NOW - 98 * NS)


def test_nothing_has_to_settle_for_no_time() -> None:
    assert Settler(0).is_settled(b"a", look(-500), NOW)


def test_more_files_from_the_future_than_fit_settle_round_by_round() -> None:
    settler = Settler(2, capacity=10)
    waiting = set(range(35))
    now = NOW
    for _ in range(4):
        for number in sorted(waiting):
            settler.is_settled(number, look(-500), now)
        assert len(settler) <= 10
        now += 2 * NS
        waiting = {number for number in waiting if not settler.is_settled(number, look(-500), now)}
    assert waiting == set()


def test_files_that_nobody_sees_again_do_not_fill_the_memory_for_ever() -> None:
    settler = Settler(2, capacity=10)
    for number in range(10):
        settler.is_settled(number, look(-90_000), NOW)
    later = NOW + 3601 * NS
    assert not settler.is_settled(b"new", look(-90_000), later)
    assert settler.is_settled(b"new", look(-90_000), later + 2 * NS)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5), st.integers(0, 3)), max_size=40))
def test_no_file_is_taken_that_changed_within_the_time_it_must_rest(steps: list[tuple[int, int, int]]) -> None:
    """Whatever the stamps: a file that is taken was either old, or looked the same `settle_s` ago."""
    settler = Settler(2)
    now = NOW
    first_seen: tuple[Look, int] | None = None
    for size, age_s, passed_s in steps:
        now += passed_s * NS
        seen = Look(size, now - age_s * NS, now - age_s * NS)
        if first_seen is None or first_seen[0] != seen:
            first_seen = (seen, now)
        if settler.is_settled(b"a", seen, now):
            assert age_s >= 2 or now - first_seen[1] >= 2 * NS
            first_seen = None
