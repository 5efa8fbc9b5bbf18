"""The journal: what was said is on the disk, once, in order, and a torn line is nothing that was ever said."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from photofsd.errors import StoreError, StoreFull
from photofsd.store import journal
from photofsd.store.journal import Entry, Journal

texts = st.text(st.characters(), max_size=20)  # lone surrogates, too: names are bytes
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=5,
)


def _said(folder: Path, after: int = 0) -> list[Any]:
    return [entry["what"] for entry in Journal(folder).entries(after=after)]


def _say(to: Journal, what: object) -> Entry:
    return to.append({"do": "say", "what": what})


def test_entries_are_numbered_from_one_across_restarts(tmp_path: Path) -> None:
    for first in (1, 3):
        opened = Journal(tmp_path / "journal")
        assert [_say(opened, "x")["n"] for _ in range(2)] == [first, first + 1]
        assert opened.last == first + 1
    assert [entry["n"] for entry in opened.entries(after=2)] == [3, 4]


def test_an_entry_is_one_line_that_a_person_can_read(tmp_path: Path) -> None:
    _say(Journal(tmp_path), "Südafrika\n")
    (file,) = tmp_path.iterdir()
    assert file.name == "000000000001.jsonl"
    line = file.read_text()
    assert line.endswith(', "do": "say", "what": "Südafrika\\n"}\n')
    assert line.startswith('{"n": 1, "at": "20')


@given(said=st.lists(values, max_size=5))
def test_whatever_is_said_is_read_again_as_it_was(tmp_path_factory: pytest.TempPathFactory, said: list[object]) -> None:
    folder = tmp_path_factory.mktemp("journal")
    opened = Journal(folder)
    for what in said:
        _say(opened, what)
    assert _said(folder) == said


def test_a_name_that_is_no_unicode_comes_back_as_the_same_bytes(tmp_path: Path) -> None:
    name = b"\xff\xfe caf\xe9 \xe2\x82\xac"
    _say(Journal(tmp_path), name.decode("utf-8", "surrogateescape"))
    assert [what.encode("utf-8", "surrogateescape") for what in _said(tmp_path)] == [name]


@given(cut=st.integers(1, 60), lines=st.integers(0, 2))
def test_a_line_torn_anywhere_is_cut_off_and_its_number_given_again(
    tmp_path_factory: pytest.TempPathFactory, cut: int, lines: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    opened = Journal(folder)
    for number in range(lines + 1):
        _say(opened, number)
    (file,) = folder.iterdir()
    last = len(file.read_bytes().splitlines(keepends=True)[-1])
    os.truncate(file, file.stat().st_size - min(cut, last))
    again = Journal(folder)
    assert _said(folder) == list(range(lines))
    assert _say(again, "next")["n"] == lines + 1
    assert _said(folder) == [*range(lines), "next"]


def test_zeros_that_a_power_loss_left_at_the_end_are_cut_off(tmp_path: Path) -> None:
    _say(Journal(tmp_path), "kept")
    (file,) = tmp_path.iterdir()
    with file.open("ab") as opened:
        opened.write(bytes(100))
    assert _said(tmp_path) == ["kept"]


@pytest.mark.parametrize(
    "line",
    [b"nonsense", b"", b"7", b"[]", b"{}", b'{"n": "1", "do": "say"}', b'{"n": 9}', b'{"n": 1, "do": "say"}', b"\xff"],
)
def test_a_damaged_line_is_named_with_its_place(tmp_path: Path, line: bytes) -> None:
    _say(Journal(tmp_path), "first")
    (file,) = tmp_path.iterdir()
    with file.open("ab") as opened:
        opened.write(line + b"\n")
    with pytest.raises(StoreError, match=rf"{file}:2 is damaged"):
        Journal(tmp_path)


def test_a_file_grows_to_its_limit_and_the_next_is_named_for_its_first_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FILE_MAX_BYTES", 200)
    opened = Journal(tmp_path)
    for number in range(10):
        _say(opened, number)
    files = sorted(tmp_path.iterdir())
    assert len(files) > 3
    assert all(file.stat().st_size <= 200 for file in files)
    assert [json.loads(file.read_bytes().splitlines()[0])["n"] for file in files] == [int(file.stem) for file in files]
    for after in range(11):
        assert _said(tmp_path, after) == list(range(after, 10))
    assert Journal(tmp_path).last == 10


def test_entries_that_are_not_asked_for_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FILE_MAX_BYTES", 100)
    opened = Journal(tmp_path)
    for number in range(5):
        _say(opened, number)
    min(tmp_path.iterdir()).write_bytes(b"damaged\n")
    assert [entry["what"] for entry in opened.entries(after=3)] == [3, 4]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    _say(Journal(tmp_path), "kept")
    (tmp_path / "notes.jsonl").write_text("mine")
    assert _said(tmp_path) == ["kept"]


@pytest.mark.parametrize("when", ["write", "fsync"])
def test_a_disk_that_fills_up_while_writing_leaves_no_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    opened = Journal(tmp_path)
    _say(opened, "before")
    with monkeypatch.context() as patched:
        patched.setattr(os, when, HalfWritten() if when == "write" else _no_space)
        with pytest.raises(StoreFull, match="nothing was changed"):
            _say(opened, "lost")
    assert _say(opened, "after")["n"] == 2
    assert _said(tmp_path) == ["before", "after"]


def _no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


class HalfWritten:
    """A write() that first takes seven bytes, then none."""

    def __init__(self) -> None:
        self._write = os.write
        self._is_full = False

    def __call__(self, descriptor: int, content: bytes) -> int:
        if self._is_full:
            _no_space()
        self._is_full = True
        return self._write(descriptor, content[:7])


def test_an_error_that_is_not_a_full_disk_does_not_promise_to_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    opened = Journal(tmp_path)
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreError, match="Input/output error") as caught:
        _say(opened, "lost")
    assert not isinstance(caught.value, StoreFull)


def test_what_is_not_accepted_is_not_written(tmp_path: Path) -> None:
    def refuse(entry: Entry) -> None:
        raise KeyError(entry["n"])

    opened = Journal(tmp_path)
    with pytest.raises(KeyError, match="1"):
        opened.append({"do": "say", "what": "no"}, accept=refuse)
    assert _say(opened, "yes")["n"] == 1
    assert _said(tmp_path) == ["yes"]


@pytest.mark.parametrize("name", ["n", "at"])
def test_an_entry_cannot_number_or_date_itself(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="journal's to give"):
        Journal(tmp_path).append({"do": "say", name: 5})


def test_numbers_go_on_above_what_the_store_has_heard_of(tmp_path: Path) -> None:
    opened = Journal(tmp_path)
    opened.continue_after(40)
    opened.continue_after(7)
    assert _say(opened, "x")["n"] == 41


def test_threads_that_speak_at_once_get_numbers_of_their_own(tmp_path: Path) -> None:
    opened = Journal(tmp_path)
    threads = [threading.Thread(target=lambda: [_say(opened, 0) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry["n"] for entry in opened.entries()] == list(range(1, 81))
