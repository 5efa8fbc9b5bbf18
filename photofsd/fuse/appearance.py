"""What stat() shows: nodes of the tree as the kernel's entries."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Sequence
from typing import Final

from pyfuse3 import EntryAttributes, StatvfsData

from photofsd.fuse.options import MountOptions
from photofsd.vtree.node import Attributes, Directory, Original, Photo, Picture, Rendered, TextFile, Tree

BLOCK_BYTES: Final = 512
IO_BYTES: Final = 128 * 1024
NAME_MAX_BYTES: Final = 255

PHOTO_LINKS: Final = 2
"""Links of a photo: du, tar and rsync -H look for a second name of an inode only where it says that there is one."""

PHANTOM: Final = 3 << 32
"""Inodes that stand for nothing: answers that the kernel wants a new inode in, forgotten at once."""

_LOW: Final = (1 << 32) - 1


class Appearance:
    """Makes entries. Files belong to whoever runs the daemon and are never writable."""

    def __init__(self, tree: Tree, options: MountOptions) -> None:
        self._tree = tree
        self._uid = os.geteuid()
        self._gid = os.getegid()
        self._timeout_s = options.entry_timeout_s
        self._negative_timeout_s = options.negative_timeout_s
        self._links = options.links
        self._phantoms = itertools.count()
        self._photo = self.blank_photo()
        self._rendered = self.blank_file()

    def absence(self) -> EntryAttributes:
        """The answer "no such name" that the kernel remembers."""
        entry = EntryAttributes()
        entry.st_ino = 0
        entry.entry_timeout = self._negative_timeout_s
        return entry

    def picture(self, node: Picture, into: EntryAttributes | None = None) -> EntryAttributes | None:
        """The entry of a photo, an original or a photo as JPEG; None when it is gone.

        All answers of a kind share one entry, which is good until the next call: pyfuse3 copies an answer before
        anything else runs. Whoever means to change it brings a blank one of their own in `into`.
        """
        attributes = node.seen if isinstance(node, Photo) else None
        if attributes is None:
            attributes = self._tree.attributes(node)
        if attributes is None:
            return None
        if isinstance(node, Rendered):
            show(self._rendered, attributes)
            return self._rendered
        entry = self._photo if into is None else into
        show(entry, self.linked(node, attributes) if self._links else attributes)
        return entry

    def blank_photo(self) -> EntryAttributes:
        """An entry with everything that all photos share, for `show` to fill in the rest."""
        return self._blank(stat.S_IFLNK | 0o777 if self._links else stat.S_IFREG | 0o444)

    def blank_file(self) -> EntryAttributes:
        """An entry with everything that photos as JPEG share, which are never links."""
        return self._blank(stat.S_IFREG | 0o444)

    def _blank(self, mode: int) -> EntryAttributes:
        entry = self._entry(mode)
        entry.st_nlink = PHOTO_LINKS
        entry.st_blksize = IO_BYTES
        return entry

    def remembered_s(self, directory: Directory) -> float:
        """How long the kernel may remember which photos are in a folder."""
        return self._timeout_s if directory.remembered_s is None else min(directory.remembered_s, self._timeout_s)

    def linked(self, node: Photo | Original, attributes: Attributes) -> Attributes:
        """The attributes of the symbolic link that stands for `node`: its size is its target's length."""
        return attributes._replace(size=len(next(iter(self._tree.paths(node)), b"")))

    def generated(self, inode: int, node: Directory | TextFile) -> EntryAttributes:
        """The entry of a folder, or of a text file that has not been rendered."""
        return self.folder(inode, node) if isinstance(node, Directory) else self.text(inode)

    def folder(self, inode: int, directory: Directory) -> EntryAttributes:
        """The entry of a folder, changed when anything in the tree last changed.

        All may be written to by their owner as far as the kernel is concerned: what cannot be done is refused here,
        with a reason, and announce.py can make the events that file managers wait for.
        """
        entry = self._entry(stat.S_IFDIR | 0o755)
        entry.st_ino = inode
        entry.st_nlink = 2
        if directory.is_on_demand:
            entry.entry_timeout = 0  # so that a mkdir of its name is asked about, see intent.py
        _set_times(entry, self._tree.changed_ns())
        return entry

    def text(self, inode: int, size: int = 0) -> EntryAttributes:
        """The entry of a text file. The kernel may not keep it, so that every stat() asks for the size anew."""
        entry = self._entry(stat.S_IFREG | 0o444)
        entry.st_ino = inode
        entry.attr_timeout = 0
        entry.st_size = size
        entry.st_blocks = _blocks(size)
        _set_times(entry, self._tree.changed_ns())
        return entry

    def phantom(self, kind: int) -> EntryAttributes:
        """The entry of something that is not there, `kind` being S_IFREG or S_IFLNK; out of date at once."""
        entry = self._entry(kind | 0o444)
        entry.st_ino = PHANTOM | (next(self._phantoms) & _LOW)
        entry.entry_timeout = entry.attr_timeout = 0
        return entry

    def _entry(self, mode: int) -> EntryAttributes:
        entry = EntryAttributes()
        entry.st_mode = mode
        entry.st_uid = self._uid
        entry.st_gid = self._gid
        entry.entry_timeout = entry.attr_timeout = self._timeout_s
        return entry


def show(entry: EntryAttributes, attributes: Sequence[int]) -> None:
    """Fill in what differs between photos: inode, size, mtime_ns, ctime_ns, in the order of Attributes."""
    entry.st_ino, size, mtime_ns, entry.st_ctime_ns = attributes
    entry.st_size = size
    entry.st_blocks = (size + BLOCK_BYTES - 1) // BLOCK_BYTES
    entry.st_mtime_ns = entry.st_atime_ns = mtime_ns


def file_system_figures() -> StatvfsData:
    """What statfs() shows: no space of its own. With sizes, `df` and monitors would report a disk that is full."""
    figures = StatvfsData()
    figures.f_bsize = IO_BYTES
    figures.f_frsize = BLOCK_BYTES
    figures.f_namemax = NAME_MAX_BYTES
    return figures


def _blocks(size: int) -> int:
    return (size + BLOCK_BYTES - 1) // BLOCK_BYTES


def _set_times(entry: EntryAttributes, time_ns: int) -> None:
    entry.st_mtime_ns = entry.st_ctime_ns = entry.st_atime_ns = time_ns
