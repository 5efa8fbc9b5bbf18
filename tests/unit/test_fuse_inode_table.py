"""The folders that the kernel knows: counted, and never two under one inode."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from photofsd.fuse.inode_table import LISTED_MAX, InodeTable, KnownFolder, KnownText
from photofsd.vtree.inodes import FOLDER, ROOT, asset_of, file_of, folder_inode
from photofsd.vtree.node import Directory, Listing, Names, Node, TextFile


class Empty(Directory):
    def lookup(self, name: bytes) -> Node | None:
        return None

    def listing(self) -> Listing:
        return Names([])


TEXT = TextFile(lambda: b"")
PATHS = [*(b"/%d" % n for n in range(9)), b"/1/2", b"/1/2/3", b"/2/2", b"/11"]


def colliding(path: bytes) -> int:
    """A few paths to an inode, the last of them the largest there is."""
    number = sum(path) % 3
    return ROOT if not path else (FOLDER * 2 - 1 if number == 0 else FOLDER | number)


def is_within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")


class Kernel(RuleBasedStateMachine):
    """Whatever is told and forgotten, in whatever order, against plain counts."""

    known = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        self.table = InodeTable(Empty(), colliding)
        self.counts: dict[int, int] = {}
        self.paths: dict[int, bytes] = {}

    @rule(target=known, path=st.sampled_from(PATHS), node=st.sampled_from([Empty(), TEXT]))
    def tell(self, path: bytes, node: Directory | TextFile) -> int:
        expected = self.table.inode(path)
        known = self.table.told(path, node)
        assert known.inode == expected
        assert known.node is node
        assert isinstance(known, KnownText) == isinstance(node, TextFile)
        assert self.paths.setdefault(known.inode, path) == path
        self.counts[known.inode] = self.counts.get(known.inode, 0) + 1
        return known.inode

    @rule(inode=known, lookups=st.integers(1, 3))
    def forget(self, inode: int, lookups: int) -> None:
        self.table.forget(inode, lookups)
        if inode in self.counts:
            self.counts[inode] -= lookups
            if self.counts[inode] <= 0:
                del self.counts[inode], self.paths[inode]

    @rule(old=st.sampled_from(PATHS), new=st.sampled_from(PATHS))
    def move(self, old: bytes, new: bytes) -> None:
        """As the kernel does: into a place that is free, and not into itself."""
        moved = {inode: new + path[len(old) :] for inode, path in self.paths.items() if is_within(path, old)}
        if old != new and not is_within(new, old) and not any(is_within(path, new) for path in self.paths.values()):
            self.table.moved(old, new)
            self.paths |= moved

    @rule(inode=st.sampled_from([0, ROOT, 1 << 32, 1 << 63]), lookups=st.integers(0, 5))
    def forget_what_is_not_there(self, inode: int, lookups: int) -> None:
        self.table.forget(inode, lookups)

    @rule(inode=known)
    def list_it(self, inode: int) -> None:
        self.table.listed(inode)

    @invariant()
    def table_knows_what_the_kernel_knows(self) -> None:
        assert len(self.table) == len(self.counts) + 1
        for inode, path in self.paths.items():
            known = self.table.get(inode)
            assert known is not None
            assert (known.path, known.lookups) == (path, self.counts[inode])
            assert self.table.inode(path) == inode
            assert self.table.at(path) is (known if isinstance(known, KnownFolder) else None)
            assert asset_of(inode) is file_of(inode) is None
        folders = self.table.folders()
        assert len(folders) == len({folder.inode for folder in folders})
        assert {folder.inode for folder in folders} == {
            inode for inode in (ROOT, *self.counts) if self.table.folder(inode) is not None
        }


TestKernel = Kernel.TestCase
TestKernel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_folder_keeps_its_hashed_inode_when_nothing_collides() -> None:
    table = InodeTable(Empty())
    assert table.told(b"/by-date", Empty()).inode == folder_inode(b"/by-date")


def test_the_root_is_known_for_ever_and_its_own_parent() -> None:
    table = InodeTable(Empty())
    table.forget(ROOT, 1000)
    root = table.folder(ROOT)
    assert root is not None
    assert table.parent(b"") is root
    assert table.parent(b"/by-date") is root


def test_the_folders_listed_last_come_first_and_are_bounded() -> None:
    table = InodeTable(Empty())
    folders = [table.told(b"/%d" % n, Empty()) for n in range(LISTED_MAX + 10)]
    for folder in folders:
        table.listed(folder.inode)
    table.listed(folders[20].inode)
    lately = table.listed_lately()
    assert [folder.path for folder in lately[:3]] == [b"/20", b"/41", b"/40"]
    assert len(lately) == LISTED_MAX
    assert table.folders()[:LISTED_MAX] == lately


def test_a_folder_that_moved_keeps_its_inode_and_so_does_what_is_below_it() -> None:
    table = InodeTable(Empty())
    alice, june = table.told(b"/people/Alice", Empty()), table.told(b"/people/Alice/+by-date", Empty())
    alicia = table.told(b"/people/Alicex", Empty())
    table.moved(b"/people/Alice", b"/people/Bob")
    assert table.at(b"/people/Bob") is alice
    assert table.at(b"/people/Bob/+by-date") is june
    assert table.at(b"/people/Alicex") is alicia
    again = table.told(b"/people/Alice", Empty())
    assert again.inode not in {alice.inode, june.inode, alicia.inode}


def test_a_folder_that_went_and_came_back_is_the_same() -> None:
    table = InodeTable(Empty())
    alice = table.told(b"/Alice", Empty())
    table.moved(b"/Alice", b"/Bob")
    other = table.told(b"/Alice", Empty())
    table.moved(b"/Bob", b"/Alice")
    assert table.at(b"/Alice") is alice
    table.forget(other.inode, 1)
    assert table.at(b"/Alice") is alice
    table.forget(alice.inode, 1)
    assert table.at(b"/Alice") is None
    assert table.inode(b"/Alice") == folder_inode(b"/Alice")
