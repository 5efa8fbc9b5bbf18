"""Progress where nobody sees a bar: lines that begin when something is done, and end with the end."""

from __future__ import annotations

import pytest

from photofsd.cli.progress import progress


def test_lines_begin_with_what_is_done_and_end_with_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("writing") as show:
        show("0 photos", 0, 300)
        for done in (100, 200, 300):
            show(f"{done} photos", done, 300)
    assert capsys.readouterr().err.splitlines() == ["writing: 100 photos (33%)", "writing: 300 photos (100%)"]


def test_work_that_has_done_nothing_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("writing") as show:
        show("0 photos", 0, 300)
    assert not capsys.readouterr().err


def test_what_nobody_knows_the_end_of_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("scanning") as show:
        show("0 files", 0, None)
    assert capsys.readouterr().err == "scanning: 0 files\n"
