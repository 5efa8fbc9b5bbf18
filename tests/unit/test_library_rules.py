"""What of a library folder is looked at, by names alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.library.rules import Rules
from photofsd.types import Kind

DEFAULT = Rules(prune=("@eaDir", ".Trash*", "#recycle", "lost+found"))
NAME = st.binary(min_size=1, max_size=20).filter(lambda name: not set(name) & set(b"/\0"))


@pytest.mark.parametrize("name", [b"@eaDir", b".Trash-1000", b".Trashes", b"#recycle", b"lost+found", b".hidden"])
def test_pruned_folders_are_not_entered_at_any_depth(name: bytes) -> None:
    assert not DEFAULT.enters((name,))
    assert not DEFAULT.enters((b"a", b"b", name))
    assert not DEFAULT.enters_all((b"a", name, b"b"))


@pytest.mark.parametrize("name", [b"eaDir", b"@eaDir2", b"Trash", b"recycle", b"lost", b"2024 .Trash", b"a.b"])
def test_other_folders_are_entered(name: bytes) -> None:
    assert DEFAULT.enters((name,))
    assert DEFAULT.enters_all((b"a", name, b"b"))


def test_library_folder_itself_is_always_entered() -> None:
    assert Rules(prune=("*",), exclude=("**",)).enters(())
    assert Rules(prune=("*",)).enters_all(())


@pytest.mark.parametrize(
    "name, kind",
    [
        (b"a.jpg", Kind.IMAGE),
        (b"A.CR2", Kind.RAW),
        (b"a.MOV", Kind.VIDEO),
        (b"a.jpg.xmp", Kind.SIDECAR),
        (b"a.txt", None),
        (b"jpg", None),
        (b".a.jpg", None),
        (b"._a.jpg", None),
        (b"\xff\xfe.jpg", Kind.IMAGE),
    ],
)
def test_files_count_by_their_names(name: bytes, kind: Kind | None) -> None:
    assert DEFAULT.kind_of((b"folder",), name) is kind


@pytest.mark.parametrize(
    "pattern, names, fits",
    [
        ("*.tmp.jpg", (b"deep", b"in", b"a.tmp.jpg"), True),
        ("*.tmp.jpg", (b"a.jpg",), False),
        ("a?.jpg", ("a\u00e9.jpg".encode(),), True),
        ("scans/raw/*", (b"scans", b"raw", b"1.jpg"), True),
        ("scans/raw/*", (b"scans", b"raw", b"deeper", b"1.jpg"), False),  # its folder is not entered: see below
        ("scans/raw/*", (b"my", b"scans", b"raw", b"1.jpg"), False),
        ("scans/*.jpg", (b"scans", b"raw", b"1.jpg"), False),
        ("/scans/*", (b"scans", b"1.jpg"), True),
        ("**/proofs/*", (b"proofs", b"1.jpg"), True),
        ("**/proofs/*", (b"2024", b"06", b"proofs", b"1.jpg"), True),
        ("2024/**/1.jpg", (b"2024", b"1.jpg"), True),
        ("[ab]/1.jpg", (b"b", b"1.jpg"), True),
        ("*/1.jpg", (b"odd \xff", b"1.jpg"), True),
    ],
)
def test_exclude_fits_a_name_or_a_path(pattern: str, names: tuple[bytes, ...], *, fits: bool) -> None:
    rules = Rules(exclude=(pattern,))
    assert (rules.kind_of(names[:-1], names[-1]) is None) is fits


def test_exclude_of_a_folder_keeps_all_of_it_out() -> None:
    rules = Rules(exclude=("scans/raw/*", "private"))
    assert not rules.enters_all((b"scans", b"raw", b"deeper"))
    assert not rules.enters_all((b"2024", b"private", b"deeper"))
    assert rules.enters_all((b"scans", b"raw"))


def test_prune_is_about_folders_only() -> None:
    assert Rules(prune=("*.jpg",)).kind_of((), b"a.jpg") is Kind.IMAGE


@given(st.lists(NAME, max_size=5).map(tuple), NAME, st.lists(st.text(min_size=1, max_size=8), max_size=4))
def test_no_name_and_no_pattern_raises(folder: tuple[bytes, ...], name: bytes, patterns: list[str]) -> None:
    rules = Rules(prune=patterns, exclude=patterns)
    rules.kind_of(folder, name)
    rules.enters_all(folder)
    rules.enters((*folder, name))
