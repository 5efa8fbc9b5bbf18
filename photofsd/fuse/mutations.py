"""What users change through the tree: requests of the kernel as methods of folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import pyfuse3
from pyfuse3 import EntryAttributes, FUSEError

from photofsd.display import shown
from photofsd.errors import AlreadyThere, NotPermitted, ReadOnlyTree
from photofsd.fuse import errno
from photofsd.fuse.appearance import Appearance
from photofsd.fuse.inode_table import InodeTable, KnownFolder
from photofsd.fuse.offloop import OffLoop
from photofsd.fuse.readiness import Readiness
from photofsd.store.probes import is_probe
from photofsd.vtree.node import Directory, Node, Photo


class Mutations:
    """Changes to the tree, one at a time, off the loop (they end in a journal that is synced).

    changed: told (inode of a folder, name) of an entry that the kernel may remember wrongly after a change.
    """

    def __init__(
        self,
        table: InodeTable,
        appearance: Appearance,
        readiness: Readiness,
        work: OffLoop,
        *,
        mount_point: bytes,
        changed: Callable[[int, bytes], None],
    ) -> None:
        self._table = table
        self._appearance = appearance
        self._readiness = readiness
        self._work = work
        self._mount_point = mount_point
        self._changed = changed

    async def mkdir(self, parent: KnownFolder, name: bytes) -> EntryAttributes:
        """Make a folder."""
        _refuse_probe(name)
        with parent.at_work():
            directory = await self._work.run(parent.node.mkdir, name)
        known = self._table.told(parent.path + b"/" + name, directory)
        return self._appearance.folder(known.inode, directory)

    async def rmdir(self, parent: KnownFolder, name: bytes) -> None:
        """Remove a folder."""
        with parent.at_work():
            await self._work.run(parent.node.rmdir, name)

    async def unlink(self, parent: KnownFolder, name: bytes) -> None:
        """Take a photo out of a folder."""
        with parent.at_work():
            await self._work.run(parent.node.unlink, name)

    async def rename(self, old: KnownFolder, name: bytes, new: KnownFolder, new_name: bytes) -> None:
        """Move an entry, which the kernel then believes to be what stands at `new_name`.

        Where a folder does, that is it from now on, under the inode of the one that was moved. Anything else is
        doubtful: a folder may have been put into the one that it was moved to (a person who was merged).
        """
        _refuse_probe(new_name)
        source, target = old.path + b"/" + name, new.path + b"/" + new_name
        known = self._table.at(source)
        with old.at_work(), new.at_work():
            await self._work.run(old.node.rename, name, new.node, new_name)
        there = new.node.lookup(new_name) if new.node.is_ready() else None
        if known is not None and isinstance(there, Directory):
            known.renew(there)
            self._table.moved(source, target)
        else:
            self._changed(new.inode, new_name)

    async def refuse_taken(self, folder: KnownFolder, name: bytes) -> None:
        """Raise AlreadyThere when the folder holds that name."""
        await self._readiness.ensure(folder.node)
        if folder.node.lookup(name) is not None:
            raise AlreadyThere(f"{shown(name)} is there already")

    async def link(self, photo: Node | None, parent: KnownFolder, name: bytes) -> EntryAttributes:
        """Add a photo to a folder, which may show it by another name: the kernel has to look again."""
        _refuse_probe(name)
        if not isinstance(photo, Photo):
            raise refuse_content(parent)
        with parent.at_work():
            await self._work.run(parent.node.adopt, name, photo)
        entry = self._appearance.picture(photo, self._appearance.blank_photo())
        if entry is None:
            raise FUSEError(errno.GONE)
        entry.entry_timeout = 0
        return entry

    async def symlink(self, parent: KnownFolder, name: bytes, target: bytes) -> EntryAttributes:
        """Add the photo that a symbolic link would point to, when that lies in the tree."""
        inside = path_in_tree(target, self._mount_point, parent.path)
        await self.link(None if inside is None else await self._walk(inside), parent, name)
        return self._appearance.phantom(stat.S_IFLNK)

    async def _walk(self, path: bytes) -> Node | None:
        """The node at `path` in the tree."""
        known = self._table.folder(pyfuse3.ROOT_INODE)
        node: Node | None = None if known is None else known.node
        for name in filter(None, path.split(b"/")):
            if not isinstance(node, Directory):
                return None
            await self._readiness.ensure(node)
            node = node.lookup(name)
        return node


def refuse_content(parent: KnownFolder) -> NotPermitted | ReadOnlyTree:
    """Why no file can be written in that folder."""
    if parent.node.is_writable:
        return NotPermitted(
            "files cannot be written here: what is here can be moved, renamed and removed; that somebody is in a photo "
            "of the tree is said by a link, ln PHOTO people/Alice/, or by photofsd people add"
        )
    return ReadOnlyTree("nothing can be written here: this part of the tree is generated")


def path_in_tree(target: bytes, mount_point: bytes, folder: bytes) -> bytes | None:
    """Where in the tree a symbolic link in `folder` to `target` leads (b"" is the root); None when it leads out."""
    path = os.path.normpath(target if target.startswith(b"/") else mount_point + folder + b"/" + target)
    if path == mount_point:
        return b""
    prefix = mount_point.rstrip(b"/") + b"/"
    return path[len(prefix) - 1 :] if path.startswith(prefix) else None


def _refuse_probe(name: bytes) -> None:
    if is_probe(name):
        raise NotPermitted(
            f"{shown(name)}: no folder holds such a name; remove photos with rm, originals stay where they are"
        )
