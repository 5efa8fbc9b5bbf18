"""/duplicates/similar on the nodes: groups by their best copies, best first, narrowed and narrowing."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from photofsd.index.similar import SimilarPhotos
from photofsd.vtree.tree import LibraryTree
from tests.component.librarian import Librarian, librarian
from tests.component.look_alikes import FAR, flipped, show, vanish
from tests.mount.photographer import Shot, take
from tests.mount.walker import NodeWalker, library

LOOKS = {
    b"small.jpg": (FAR, 1000),
    b"best.jpg": (flipped(FAR, 3), 4000),
    b"middle.jpg": (flipped(FAR, 3, 4, 5), 2000),
    b"other.jpg": (~FAR & ((1 << 64) - 1), 9000),
    b"twin a.jpg": (FAR >> 1, 500),
    b"twin b.jpg": (FAR >> 1, 400),
}
YEARS = {b"small.jpg": 2013, b"best.jpg": 2014, b"middle.jpg": 2013, b"twin a.jpg": 2013, b"twin b.jpg": 2014}
GROUPS = b"duplicates/similar"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Librarian]:
    folder = tmp_path / "library"
    for number, name in enumerate(LOOKS):
        take(folder / name.decode(), Shot(f"{YEARS.get(name, 2015)}:01:01 10:00:00", shade=number))
    with librarian(folder, tmp_path / "state") as opened:
        opened.take_in()
        opened.work_off()
        for name, (phash, width) in LOOKS.items():
            opened.writer.run(functools.partial(show, asset=opened.named(name), phash=phash, width=width))
        SimilarPhotos(opened.store, opened.writer).catch_up()
        yield opened


@pytest.fixture
def tree(here: Librarian) -> NodeWalker:
    return NodeWalker(LibraryTree(library(here), refuse=lambda _: None), here.folder)


def test_a_group_has_the_name_of_its_best_copy_and_lists_it_first(tree: NodeWalker) -> None:
    assert sorted(tree.names(GROUPS)) == [b"best.jpg", b"twin a.jpg"]
    assert tree.names(GROUPS + b"/best.jpg") == [b"best.jpg", b"middle.jpg", b"small.jpg"]
    assert tree.names(GROUPS + b"/twin a.jpg") == [b"twin a.jpg", b"twin b.jpg"]


def test_what_is_listed_can_be_opened_and_nothing_else(tree: NodeWalker) -> None:
    assert tree.is_folder(GROUPS + b"/best.jpg")
    assert tree.inode(GROUPS + b"/best.jpg/small.jpg") == tree.inode(b"recent/small.jpg")
    for path in (b"/small.jpg", b"/other.jpg", b"/nobody.jpg", b"/best.jpg/other.jpg", b"/best.jpg/twin a.jpg"):
        with pytest.raises(FileNotFoundError):
            tree.inode(GROUPS + path)


def test_narrowed_a_group_is_what_of_it_is_there_if_that_is_several(tree: NodeWalker) -> None:
    within = b"by-date/2013/all/+" + GROUPS
    assert tree.names(within) == [b"best.jpg"]
    assert tree.names(within + b"/best.jpg") == [b"middle.jpg", b"small.jpg"]


def test_a_group_can_be_narrowed_itself(tree: NodeWalker) -> None:
    assert tree.names(GROUPS + b"/best.jpg/+by-date/2013/all") == [b"small.jpg", b"middle.jpg"]


def test_search_finds_what_has_its_like(tree: NodeWalker) -> None:
    assert sorted(tree.names(b"search/has:similar")) == sorted(set(LOOKS) - {b"other.jpg"})
    assert tree.names(b"search/-has:similar") == [b"other.jpg"]


def test_a_group_of_which_one_is_left_is_gone_at_once(here: Librarian, tree: NodeWalker) -> None:
    """Before the index has seen it: a folder of one would say nothing."""
    here.writer.run(functools.partial(vanish, asset=here.named(b"twin b.jpg")))
    assert tree.names(GROUPS) == [b"best.jpg"]


def test_a_group_whose_best_copy_vanishes_is_gone_at_once(here: Librarian, tree: NodeWalker) -> None:
    """Before the index has seen it: nothing would tell the kernel later that the vanished name is no folder."""
    here.writer.run(functools.partial(vanish, asset=here.named(b"best.jpg")))
    assert tree.names(GROUPS) == [b"twin a.jpg"]
    with pytest.raises(FileNotFoundError):
        tree.names(GROUPS + b"/best.jpg")
    SimilarPhotos(here.store, here.writer).catch_up()
    assert sorted(tree.names(GROUPS)) == [b"middle.jpg", b"twin a.jpg"]
