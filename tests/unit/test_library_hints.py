"""Dirty folders are gathered, bounded, and taken once."""

from __future__ import annotations

import itertools

from photofsd.library.hints import FOLDERS_MAX, Dirt, Hint


def test_each_folder_is_told_once_and_only_once() -> None:
    dirt = Dirt(b"/lib", lambda: None, lambda: 0.0)
    for _ in range(3):
        dirt.note(b"/lib/a")
    dirt.note(b"/lib/b")
    assert dirt.take() == Hint(b"/lib", frozenset({b"/lib/a", b"/lib/b"}))
    assert dirt.take() is None


def test_too_many_folders_are_everything() -> None:
    dirt = Dirt(b"/lib", lambda: None, lambda: 0.0)
    for number in range(FOLDERS_MAX + 1):
        dirt.note(b"/lib/%d" % number)
    dirt.note(b"/lib/more")
    assert dirt.take() == Hint(b"/lib", None)
    dirt.note(b"/lib/a")
    assert dirt.take() == Hint(b"/lib", frozenset({b"/lib/a"}))


def test_everything_swallows_the_folders() -> None:
    dirt = Dirt(b"/lib", lambda: None, lambda: 0.0)
    dirt.note(b"/lib/a")
    dirt.note_everything()
    dirt.note(b"/lib/b")
    assert dirt.take() == Hint(b"/lib", None)


def test_only_the_first_note_wakes_and_every_note_is_timed() -> None:
    woken: list[int] = []
    clock = itertools.count(1.0)
    dirt = Dirt(b"/lib", lambda: woken.append(1), lambda: next(clock))
    for _ in range(5):
        dirt.note(b"/lib/a")
    assert (len(woken), dirt.last) == (1, 5.0)
    dirt.take()
    dirt.note_everything()
    assert (len(woken), dirt.last) == (2, 6.0)
