"""/jpeg on the nodes: which photos it renders, what they are called there, how large they are."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from photofsd.errors import ReadOnlyTree
from photofsd.media.rendition import RenderSettings
from photofsd.vtree.inodes import rendered_inode
from photofsd.vtree.node import Directory, Node, Original, Photo, Rendered, Row
from photofsd.vtree.tree import LibraryTree
from tests.component.librarian import Librarian, librarian
from tests.component.rendered_library import PLAIN, RENDERED, draw_library
from tests.mount.walker import library

NUMBERED = b"beach.heic~%d.jpg"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Librarian]:
    place = tmp_path_factory.mktemp("jpeg")
    draw_library(place / "library")
    with librarian(place / "library", place / "state") as known:
        known.take_in()
        known.work_off()
        yield known


@pytest.fixture(scope="module")
def tree(here: Librarian) -> LibraryTree:
    return LibraryTree(library(here), refuse=lambda _: None)


def at(tree: LibraryTree, path: str) -> Node | None:
    """The node at that path, looked up name by name."""
    node: Node | None = tree.root
    for name in os.fsencode(path).split(b"/"):
        assert isinstance(node, Directory), path
        node.prepare()
        node = node.lookup(name)
    return node


def rows(tree: LibraryTree, path: str) -> dict[bytes, Row]:
    folder = at(tree, path)
    assert isinstance(folder, Directory), path
    listed = [row for _, row in folder.listing().rows(0)]
    found = {row.name: row for row in listed}
    assert len(found) == len(listed), "two entries have one name"
    return found


def walked(tree: LibraryTree, path: str) -> Iterator[tuple[str, Row]]:
    """Every entry below a folder."""
    for name, row in rows(tree, path).items():
        below = f"{path}/{os.fsdecode(name)}"
        yield below, row
        if isinstance(row.node, Directory):
            yield from walked(tree, below)


def test_what_a_plain_viewer_cannot_open_is_rendered_and_nothing_else(tree: LibraryTree, here: Librarian) -> None:
    number = here.named(b"beach.heic")
    rendered = {b"harbour.avif.jpg", b"scan.tif.jpg", b"lying.jpg.jpg", b"turned.tif.jpg", b"torn.heic.jpg"}
    found = rows(tree, "jpeg/recent")
    assert {name for name, row in found.items() if isinstance(row.node, Rendered)} == {*rendered, NUMBERED % number}
    plain = {name.encode() for name in (*PLAIN, "beach.heic.jpg")}
    assert {name for name, row in found.items() if isinstance(row.node, Photo)} == plain


def test_the_same_folders_stand_in_it_but_for_itself(tree: LibraryTree) -> None:
    everywhere = {row.name for _, row in tree.root.listing().rows(0)}
    assert rows(tree, "jpeg").keys() == everywhere - {b"jpeg", b".photofsd", b".trackerignore"}
    assert rows(tree, "jpeg/types").keys() == rows(tree, "types").keys()
    assert rows(tree, "jpeg/folders").keys() >= {b"deep", b"plain.jpg"}
    assert rows(tree, "jpeg/folders/deep").keys() == {b"harbour.avif.jpg", b"scan.tif.jpg", b"scan.xmp"}
    assert isinstance(rows(tree, "jpeg/folders/deep")[b"scan.xmp"].node, Original)


def test_what_is_listed_is_found_with_the_same_attributes_in_every_folder(tree: LibraryTree) -> None:
    checked = 0
    for path, row in walked(tree, "jpeg"):
        node = at(tree, path)
        assert isinstance(node, Directory) == isinstance(row.node, Directory), path
        if not isinstance(node, Directory):
            assert node == row.node, path
            assert isinstance(node, Photo | Original | Rendered)
            assert tree.attributes(node) == row.attributes, path
            assert row.attributes is not None
            assert tree.node_of(row.attributes.inode) == node
            checked += 1
    assert checked > 40


def test_a_rendition_is_as_old_as_its_photo_and_another_file(tree: LibraryTree, here: Librarian) -> None:
    asset = here.named(b"scan.tif")
    rendition, photo = at(tree, "jpeg/recent/scan.tif.jpg"), at(tree, "recent/scan.tif")
    assert rendition == Rendered(asset)
    assert isinstance(photo, Photo)
    shown, original = tree.attributes(Rendered(asset)), tree.attributes(photo)
    assert shown is not None
    assert original is not None
    assert shown.inode == rendered_inode(asset) != original.inode
    assert (shown.mtime_ns, shown.ctime_ns) == (original.mtime_ns, original.ctime_ns)
    assert shown.size != original.size


@pytest.mark.parametrize("name", RENDERED)
def test_a_photo_that_is_rendered_has_not_its_own_name_too(tree: LibraryTree, name: str) -> None:
    assert at(tree, f"jpeg/folders/{name}") is None
    assert isinstance(at(tree, f"folders/{name}"), Photo)


@pytest.mark.parametrize(
    "path",
    [
        "jpeg/recent/nothing.jpg",
        "jpeg/recent/.jpg",
        "jpeg/recent/plain.jpg.jpg",
        "jpeg/recent/beach.heic~999.jpg",
        "jpeg/recent/scan.tif~1.jpg",
        "jpeg/types/tiff/beach.heic.jpg",
        "jpeg/types.jpg",
        "jpeg/jpeg",
        "jpeg/.photofsd",
        "jpeg/recent/+jpeg",
    ],
)
def test_what_is_not_there_is_not_found(tree: LibraryTree, path: str) -> None:
    assert at(tree, path) is None


def test_a_name_that_is_taken_gets_the_photos_number(tree: LibraryTree, here: Librarian) -> None:
    asset = here.named(b"beach.heic")
    for folder in ("jpeg/recent", "jpeg/types/heic", "jpeg/folders"):
        assert at(tree, f"{folder}/{os.fsdecode(NUMBERED % asset)}") == Rendered(asset)
    taken = at(tree, "jpeg/folders/beach.heic.jpg")
    assert taken == Photo(here.named(b"beach.heic.jpg"))


def test_it_can_be_narrowed_and_narrows(tree: LibraryTree) -> None:
    assert rows(tree, "jpeg/recent/+types/tiff").keys() == {b"scan.tif.jpg", b"turned.tif.jpg"}
    assert rows(tree, "jpeg/search/type:avif").keys() == {b"harbour.avif.jpg"}
    assert rows(tree, "jpeg/search/.ranked/type:avif").keys() == {b"001~harbour.avif.jpg"}
    assert at(tree, "jpeg/search/.ranked/type:avif/001~harbour.avif.jpg") is not None
    assert rows(tree, "types/avif/+jpeg/types").keys() == {b"avif"}
    assert rows(tree, "types/avif/+jpeg/types/avif").keys() == {b"harbour.avif.jpg"}


def test_nothing_can_be_changed_in_it(tree: LibraryTree) -> None:
    search = at(tree, "jpeg/search")
    assert isinstance(search, Directory)
    assert not search.is_writable
    with pytest.raises(ReadOnlyTree):
        search.mkdir(b"beach")


def test_smaller_pictures_are_smaller_files(here: Librarian, tree: LibraryTree) -> None:
    settings = dataclasses.replace(library(here), rendering=RenderSettings(max_px=100))
    small = LibraryTree(settings, refuse=lambda _: None)
    rendition = Rendered(here.named(b"turned.tif"))
    shown, full = small.attributes(rendition), tree.attributes(rendition)
    assert shown is not None
    assert full is not None
    assert shown.size < full.size


def test_names_at_the_limit_are_left_as_they_are(tmp_path: Path) -> None:
    """251 bytes and .jpg are the most that a name can have; a longer name keeps its photo findable all the same."""
    draw_library(tmp_path / "drawn")
    fits, is_too_long = "f" * 247 + ".tif", "l" * 248 + ".tif"
    (tmp_path / "library").mkdir()
    for name, source in ((fits, "deep/scan.tif"), (is_too_long, "turned.tif")):
        (tmp_path / "library" / name).write_bytes((tmp_path / "drawn" / source).read_bytes())
    with librarian(tmp_path / "library", tmp_path / "state") as known:
        known.take_in()
        known.work_off()
        tree = LibraryTree(library(known), refuse=lambda _: None)
        assert rows(tree, "jpeg/recent").keys() == {f"{fits}.jpg".encode(), is_too_long.encode()}
        for name in (f"{fits}.jpg", is_too_long):
            assert isinstance(at(tree, f"jpeg/recent/{name}"), Rendered)
