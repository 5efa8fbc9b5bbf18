"""Whether a library folder can be trusted, from what a look found and what is remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from photofsd.library.marker import Facts, Offline, Online, Remembered, believed, judge

NAMES = tuple(b"%d" % number for number in range(10))
KNOWN = Remembered(fsid=7, names=NAMES)


def test_folder_that_was_never_seen_is_believed() -> None:
    assert judge(Facts(7, has_marker=False, is_empty=True, present=0), Remembered()) == Online(7, has_marker=False)


def test_empty_folder_is_not_believed_and_may_be_confirmed_on_its_own_file_system_only() -> None:
    same = judge(Facts(7, has_marker=False, is_empty=True, present=0), KNOWN)
    other = judge(Facts(8, has_marker=False, is_empty=True, present=0), KNOWN)
    assert isinstance(same, Offline)
    assert isinstance(other, Offline)
    assert (same.may_be_confirmed, other.may_be_confirmed) == (True, False)


def test_other_file_system_is_believed_from_half_of_the_known_names_on() -> None:
    assert isinstance(judge(Facts(8, has_marker=False, is_empty=False, present=4), KNOWN), Offline)
    assert judge(Facts(8, has_marker=False, is_empty=False, present=5), KNOWN) == Online(8, has_marker=False)


def test_same_file_system_is_believed_without_any_known_name() -> None:
    """The only top folder has been renamed: what is missing is the scan's to find out."""
    assert isinstance(judge(Facts(7, has_marker=False, is_empty=False, present=0), KNOWN), Online)


def test_marker_must_be_there_once_it_has_been_seen() -> None:
    known = KNOWN._replace(has_marker=True)
    verdict = judge(Facts(7, has_marker=False, is_empty=False, present=10), known)
    assert isinstance(verdict, Offline)
    assert believed(verdict, confirm_deletions=True) is None
    assert judge(Facts(7, has_marker=True, is_empty=False, present=10), known) == Online(7, has_marker=True)


def test_doubtful_folder_is_believed_when_the_user_says_so() -> None:
    verdict = judge(Facts(8, has_marker=False, is_empty=False, present=1), KNOWN)
    assert believed(verdict, confirm_deletions=False) is None
    assert believed(verdict, confirm_deletions=True) == Online(8, has_marker=False)


FACTS = st.builds(Facts, st.integers(1, 3), st.booleans(), st.booleans(), st.integers(0, 10))
REMEMBERED = st.builds(Remembered, st.integers(0, 3), st.booleans(), st.just(NAMES))


@given(FACTS, REMEMBERED)
def test_a_folder_without_anything_known_on_a_strange_file_system_is_never_believed(
    facts: Facts, known: Remembered
) -> None:
    if isinstance(judge(facts, known), Online):
        assert not facts.is_empty
        assert facts.fsid == known.fsid or facts.present >= 5
        assert facts.has_marker or not known.has_marker
