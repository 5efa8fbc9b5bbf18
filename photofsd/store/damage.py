"""Is the file whole? Asked before LMDB maps it: to touch a page beyond the end of a mapped file is death by SIGBUS.

LMDB's file is often a little shorter than its last page number says: pages that a transaction took and gave back are
never written. So a short file alone proves nothing, and its trees are walked: it is cut only where a page that is
referred to is missing. Format: LMDB 0.9 (mdb.c: MDB_page, MDB_meta, MDB_db, MDB_node), little-endian, 64 bit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_PAGE_HEADER_BYTES: Final = 16
_META: Final = struct.Struct("<16x IIQQ 48s 48s QQ")
_MAGIC: Final = 0xBEEFC0DE
_TREE: Final = struct.Struct("<IHHQQQQQ")
_NODE: Final = struct.Struct("<HHHH")
_NO_PAGE: Final = (1 << 64) - 1
_BRANCH_PAGE: Final = 0x01
_BIG_VALUE: Final = 0x01
_SUBTREE: Final = 0x02


@dataclass(frozen=True, slots=True)
class _Tree:
    depth: int
    big_pages: int
    root: int


def _tree(packed: bytes) -> _Tree:
    _, _, depth, _, _, big_pages, _, root = _TREE.unpack(packed)
    return _Tree(depth, big_pages, root)


def is_whole(file: Path, page_bytes: int, transaction: int) -> bool | None:
    """Claim: every page that the state of the store after `transaction` refers to lies within the file.

    Call it within a read transaction of that number, so that no writer uses those pages again meanwhile. None where
    the file knows nothing of that transaction any more: ask again with a newer one.
    """
    with file.open("rb") as opened:
        walk = _Walk(opened, page_bytes, file.stat().st_size // page_bytes)
        try:
            return walk.is_whole(transaction)
        except (struct.error, IndexError):  # what stands in a page makes no sense
            return False


class _Walk:
    """Looks at pages with read(), never through a mapping."""

    def __init__(self, opened: BinaryIO, page_bytes: int, pages: int) -> None:
        self._opened = opened
        self._page_bytes = page_bytes
        self._pages = pages

    def is_whole(self, transaction: int) -> bool | None:
        magic, _, _, _, free, main, _, number = _META.unpack_from(self._page(transaction % 2))
        if magic != _MAGIC or number != transaction:
            return None
        trees = [_tree(free), _tree(main), *self._subtrees(_tree(main))]
        return all(self._holds(tree) for tree in trees)

    def _page(self, number: int) -> bytes:
        self._opened.seek(number * self._page_bytes)
        return self._opened.read(self._page_bytes)

    def _subtrees(self, main: _Tree) -> Iterator[_Tree]:
        """The tables, out of the main tree as far as it is there."""
        for page in self._leaves(main):
            if page is not None:
                for flags, key_bytes, at in _nodes(page):
                    if flags & _SUBTREE:
                        yield _tree(page[at + key_bytes : at + key_bytes + _TREE.size])

    def _holds(self, tree: _Tree) -> bool:
        """Claim: all pages of the tree are there. Leaves are read only where they may refer to further pages."""
        if not tree.big_pages:
            return all(number < self._pages for number in self._numbers(tree))
        return all(page is not None and self._holds_big_values(page) for page in self._leaves(tree))

    def _leaves(self, tree: _Tree) -> Iterator[bytes | None]:
        """The leaf pages of a tree; None for a page that is missing."""
        for number in self._numbers(tree):
            page = self._page(number) if number < self._pages else None
            if page is None or not _is_branch(page):
                yield page

    def _numbers(self, tree: _Tree) -> Iterator[int]:
        """The numbers of the tree's pages; below one that is missing nothing is known."""
        waiting = [] if tree.root == _NO_PAGE else [(tree.root, 1)]
        seen = 0
        while waiting:
            number, level = waiting.pop()
            seen += 1
            if seen > self._pages:
                raise IndexError("pages that refer to each other in a circle")
            yield number
            if level < tree.depth and number < self._pages:
                waiting.extend((child, level + 1) for child in _children(self._page(number)))

    def _holds_big_values(self, page: bytes) -> bool:
        for flags, key_bytes, at in _nodes(page):
            if flags & _BIG_VALUE:
                low, high = struct.unpack_from("<HH", page, at - _NODE.size)
                pages = -(-(_PAGE_HEADER_BYTES + (low | high << 16)) // self._page_bytes)
                (first,) = struct.unpack_from("<Q", page, at + key_bytes)
                if first + pages > self._pages:
                    return False
        return True


def _is_branch(page: bytes) -> bool:
    return bool(page[10] & _BRANCH_PAGE)


def _pointers(page: bytes) -> tuple[int, ...]:
    (lower,) = struct.unpack_from("<H", page, 12)
    return struct.unpack_from(f"<{(lower - _PAGE_HEADER_BYTES) // 2}H", page, _PAGE_HEADER_BYTES)


def _children(page: bytes) -> Iterator[int]:
    for pointer in _pointers(page):
        low, high, top, _ = _NODE.unpack_from(page, pointer)
        yield low | high << 16 | top << 32


def _nodes(page: bytes) -> Iterator[tuple[int, int, int]]:
    """Of every node of a leaf page: its flags, the bytes of its key, and where the key begins."""
    for pointer in _pointers(page):
        _, _, flags, key_bytes = _NODE.unpack_from(page, pointer)
        yield flags, key_bytes, pointer + _NODE.size
