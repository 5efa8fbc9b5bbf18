"""Opening originals, and when the kernel's pages of them can be trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from photofsd.errors import FileUnreadable
from photofsd.fuse import content
from photofsd.fuse.content import Caching, LibraryFile, PageTrust, Stamp, is_below, open_first

MOUNT = b"/mnt/photos"


def stamp(version: int) -> Stamp:
    return Stamp(1, 1, 10, version, version)


class Pages(RuleBasedStateMachine):
    """The kernel's page cache of one inode: a set of versions that its pages may come from.

    Whoever has the file open through the cache may fetch a page of the version it opened, at any time. Nobody may
    ever open with KEEP while a page of another version can be there, nor read through the cache while one of another
    version may be fetched.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust = PageTrust()
        self.version = 0
        self.cached: set[int] = set()
        self.handles: list[tuple[int, Caching]] = []

    @rule()
    def rewrite(self) -> None:
        self.version += 1

    @rule(shown=st.sampled_from([10, 11]))
    def open(self, shown: int) -> None:
        caching = self.trust.opened(7, stamp(self.version), shown)
        if caching is Caching.KEEP:
            assert self.cached <= {self.version}
        elif caching is Caching.DROP:
            self.cached.clear()
        if caching is not Caching.BYPASS:
            assert shown == 10
            assert {version for version, _ in self.handles} <= {self.version}
        self.handles.append((self.version, caching))

    @precondition(lambda self: self.handles)
    @rule(choice=st.randoms(use_true_random=False))
    def read(self, choice: object) -> None:
        version, caching = choice.choice(self.handles)  # type: ignore[attr-defined]
        if caching is not Caching.BYPASS:
            self.cached.add(version)

    @precondition(lambda self: self.handles)
    @rule(choice=st.randoms(use_true_random=False))
    def close(self, choice: object) -> None:
        handle = choice.choice(self.handles)  # type: ignore[attr-defined]
        self.handles.remove(handle)
        self.trust.closed(7, stamp(handle[0]))

    @precondition(lambda self: not self.handles)
    @rule()
    def forget(self) -> None:
        self.trust.forgotten(7)
        self.cached.clear()


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_pages_of_the_same_content_are_kept() -> None:
    trust = PageTrust()
    assert trust.opened(7, stamp(1), 10) is Caching.DROP
    trust.closed(7, stamp(1))
    assert trust.opened(7, stamp(1), 10) is Caching.KEEP


def test_trust_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "TRUSTED_MAX", 2)
    trust = PageTrust()
    for inode in (1, 2, 3):
        trust.opened(inode, stamp(1), 10)
        trust.closed(inode, stamp(1))
    assert [trust.opened(inode, stamp(1), 10) for inode in (3, 1)] == [Caching.KEEP, Caching.DROP]


def test_the_first_path_that_works_is_opened(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"here I am")
    paths = [os.fsencode(tmp_path / name) for name in ("gone", "there")]
    assert open_first(paths, MOUNT).read(0, 100) == b"here I am"


def test_the_error_is_that_of_the_first_path(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileUnreadable, match="not a regular file"):
        open_first([os.fsencode(tmp_path / "folder"), b"/nowhere"], MOUNT)
    with pytest.raises(FileNotFoundError):
        open_first([b"/nowhere", os.fsencode(tmp_path / "folder")], MOUNT)


def test_nothing_is_opened_without_a_path_or_below_the_mount(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="no file"):
        open_first([], MOUNT)
    (tmp_path / "a.jpg").touch()
    with pytest.raises(FileUnreadable, match="in the mount itself"):
        open_first([os.fsencode(tmp_path / "a.jpg")], os.fsencode(tmp_path))


def test_below_is_a_matter_of_whole_names() -> None:
    assert is_below(b"/mnt/photos", MOUNT)
    assert is_below(b"/mnt/photos/a", MOUNT)
    assert not is_below(b"/mnt/photos-old/a", MOUNT)
    assert not is_below(b"/mnt", MOUNT)


def test_a_file_closes_itself_when_nobody_wants_it(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    file: LibraryFile | None = open_first([os.fsencode(tmp_path / "a.jpg")], MOUNT)
    assert descriptors() == before + 1
    assert file is not None
    file.close()
    file.close()
    file = open_first([os.fsencode(tmp_path / "a.jpg")], MOUNT)
    file = None
    assert file is None
    assert descriptors() == before


def test_a_read_beside_the_cache_gives_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"0123456789")
    file = open_first([os.fsencode(tmp_path / "a.jpg")], MOUNT)
    for offset, size in ((0, 4), (6, 4), (6, 100), (10, 5), (99, 5)):
        expected = b"0123456789"[offset : offset + size]
        assert file.read(offset, size) == expected
        assert (file.read_cached(offset, size) or expected) == expected
