"""The folders that the kernel knows: counted, and never two under one inode."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from photofsd.fuse.inode_table import LISTED_MAX, InodeTable, KnownText
from photofsd.vtree.inodes import FOLDER, ROOT, asset_of, file_of, folder_inode
from photofsd.vtree.node import Directory, Listing, Names, Node, TextFile


class Empty(Directory):
    def lookup(self, name: bytes) -> Node | None:
        return None

    def listing(self) -> Listing:
        return Names([])


TEXT = TextFile(lambda: b"")
PATHS = [b"/%d" % n for n in range(9)]


def colliding(path: bytes) -> int:
    """Three paths to an inode, the last of them the largest there is."""
    return ROOT if not path else (FOLDER * 2 - 1 if int(path[1:]) % 3 == 0 else FOLDER | int(path[1:]) % 3)


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
