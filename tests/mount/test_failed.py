"""/.photofsd/failed: what could not be done, and why, as files of the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from photofsd.records import Failure
from photofsd.store import jobs, paths
from photofsd.store.transaction import WriteTransaction
from photofsd.types import FileId
from photofsd.vtree.tree import LibraryTree
from tests.component.librarian import librarian
from tests.mount.photographer import Shot, take
from tests.mount.walker import NodeWalker, Walker, library, walking_mount, walking_nodes

FAILED = b".photofsd/failed/"
BROKEN = b"\xff\xd8\xff\xe0 is all that it has of a JPEG" * 30


@pytest.fixture(params=["nodes", "mount"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Walker]:
    folder = tmp_path / "library"
    take(folder / "good.jpg", Shot())
    (folder / "broken.jpg").write_bytes(BROKEN)
    if request.param == "nodes":
        with walking_nodes(folder, tmp_path / "state") as walker:
            yield walker
    else:
        with walking_mount(folder, tmp_path / "state", tmp_path / "photos") as walker:
            yield walker


def test_what_failed_stands_under_its_stage_and_says_why_where_and_what_to_do(tree: Walker) -> None:
    assert {b"identify", b"metadata", b"preview", b"places"} <= set(tree.names(FAILED[:-1]))
    assert tree.names(FAILED + b"preview") == [b"broken.jpg"]
    text = tree.read(FAILED + b"preview/broken.jpg").decode()
    assert "cannot be decoded" in text
    assert str(tree.folder / "broken.jpg") in text
    assert "photofsd stages retry preview" in text


@pytest.mark.parametrize("path", [b"preview/good.jpg", b"preview/nothing.jpg", b"identify/broken.jpg", b"nothing"])
def test_what_did_not_fail_is_not_there(tree: Walker, path: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        tree.is_folder(FAILED + path)


def test_a_path_without_a_photo_is_told_from_others_of_its_name_by_its_number(tmp_path: Path) -> None:
    folder, long_name = tmp_path / "library", "x" * 251 + ".jpg"
    for number, name in enumerate(("a/same.jpg", "b/same.jpg", f"c/{long_name}")):
        take(folder / name, Shot(shade=number))
    with librarian(folder, tmp_path / "state") as here:
        here.take_in()
        here.writer.run(fail_all)
        tree = NodeWalker(LibraryTree(library(here), refuse=lambda _: None), folder)
        *same, long = sorted(tree.names(FAILED + b"identify"))
        assert all(re.fullmatch(rb"same\.jpg~[123]", name) for name in same)
        assert re.fullmatch(rb"x{251}\.j?p?~[123]", long)
        texts = [tree.read(FAILED + b"identify/" + name) for name in (*same, long)]
        assert all(b"{no} reason" in text for text in texts)
        assert {path in text for path in (b"a/same.jpg", b"b/same.jpg") for text in texts[:2]} == {True, False}
        for name in (
            b"same.jpg" + long[-2:],
            b"same.jpg~01",
            b"same.jpg~9",
            b"same.jpg",
            b"~1",
            b"same.jpg~99999999999",
        ):
            with pytest.raises(FileNotFoundError):
                tree.read(FAILED + b"identify/" + name)


def fail_all(txn: WriteTransaction) -> None:
    identify = jobs.stage(txn, "identify")
    for file in range(1, 4):
        assert paths.file(txn, FileId(file)) is not None
        jobs.fail(txn, identify, file, Failure("for {no} reason", 2, 1, 10**18))
