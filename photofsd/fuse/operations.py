"""The requests of the kernel, one method each: a thin adapter from the tree to pyfuse3. All meaning is in the tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

import pyfuse3
import trio
from pyfuse3 import EntryAttributes, FileInfo, FUSEError, ReaddirToken, RequestContext, SetattrFields, StatvfsData

from photofsd.errors import FileUnreadable, ReadOnlyTree
from photofsd.fuse import errno
from photofsd.fuse.announce import Pretence
from photofsd.fuse.appearance import Appearance, file_system_figures
from photofsd.fuse.files import Files, Renderer
from photofsd.fuse.guard import Tally, guarded, guarded_forget
from photofsd.fuse.handles import Handles, OpenFolder
from photofsd.fuse.inode_table import InodeTable, KnownFolder, KnownText
from photofsd.fuse.intent import is_making_a_folder
from photofsd.fuse.invalidate import Invalidator
from photofsd.fuse.mutations import Mutations, refuse_content
from photofsd.fuse.offloop import Work
from photofsd.fuse.options import MountOptions
from photofsd.fuse.readdir import FolderReader
from photofsd.fuse.readiness import Readiness
from photofsd.fuse.requests import Requests
from photofsd.store.probes import INDEXERS_KEEP_OUT, is_probe
from photofsd.vtree.inodes import ROOT
from photofsd.vtree.node import Directory, Listing, Picture, Rendered, Tree

_FIXED = "photos cannot be changed; the originals are never touched"


class PhotoOperations(pyfuse3.Operations):
    """Answers the kernel for one tree; `started` is set when both have agreed on the protocol."""

    supports_dot_lookup = True

    def __init__(
        self,
        tree: Tree,
        options: MountOptions,
        *,
        table: InodeTable,
        tally: Tally,
        requests: Requests,
        work: Work,
        invalidator: Invalidator,
        renderer: Renderer,
    ) -> None:
        super().__init__()
        self.tally = tally
        self.requests = requests
        self.started = trio.Event()
        self._tree = tree
        self._table = table
        self._listings = work.listings
        self._announcer = invalidator.announcer
        self._has_xattrs = options.xattrs
        self._appearance = Appearance(tree, options)
        self._absence = self._appearance.absence()
        self._readiness = Readiness(work.searches)
        self._folders: Handles[OpenFolder] = Handles()
        self._reader = FolderReader(table, self._appearance, links=options.links)
        mount_point = os.fsencode(options.mount_point)
        self._files = Files(tree, mount_point, work, renderer)
        self._mutations = Mutations(
            table, self._appearance, self._readiness, work.mutations,
            mount_point=mount_point, changed=invalidator.entry_changed,
        )  # fmt: skip

    def init(self) -> None:
        self.started.set()

    # ---- Names and attributes ----

    @guarded
    async def lookup(self, parent_inode: int, name: bytes, ctx: RequestContext) -> EntryAttributes:
        if name in {b".", b".."}:
            return self._dot(parent_inode, name)
        if is_probe(name) and not (name == INDEXERS_KEEP_OUT and parent_inode == ROOT):
            return self._absence
        pretence = self._pretence(ctx, parent_inode, name)
        if pretence is Pretence.ABSENT:
            raise FUSEError(errno.ABSENT)
        if pretence is Pretence.PRESENT:
            return self._appearance.phantom(stat.S_IFREG)
        parent = self._folder(parent_inode)
        if not parent.node.is_ready():
            with parent.at_work():
                await self._readiness.ensure(parent.node)
        return self._entry(parent, name, asker=ctx.pid)

    @guarded
    async def getattr(self, inode: int, ctx: RequestContext) -> EntryAttributes:
        return await self._attributes(inode)

    @guarded_forget
    def forget(self, inode_list: Sequence[tuple[int, int]]) -> None:
        for inode, lookups in inode_list:
            self._table.forget(inode, lookups)
            self._files.forgotten(inode)

    @guarded
    async def readlink(self, inode: int, ctx: RequestContext) -> bytes:
        node = self._picture(inode)
        target = None if isinstance(node, Rendered) else next(iter(self._tree.paths(node)), None)
        if target is None:
            raise FileUnreadable("the library holds no file of this photo at the moment")
        return target

    @guarded
    async def getxattr(self, inode: int, name: bytes, ctx: RequestContext) -> bytes:
        value = self._xattrs(inode).get(name)
        if value is None:
            raise FUSEError(errno.NO_SUCH_XATTR)
        return value

    @guarded
    async def listxattr(self, inode: int, ctx: RequestContext) -> Sequence[bytes]:
        return list(self._xattrs(inode))

    @guarded
    async def statfs(self, ctx: RequestContext) -> StatvfsData:
        return file_system_figures()

    # ---- Folders ----

    @guarded
    async def opendir(self, inode: int, ctx: RequestContext) -> int:
        known = self._folder(inode)
        listing = await self._snapshot(known)
        parent = self._table.inode(known.path.rpartition(b"/")[0])
        return self._folders.add(OpenFolder(known, parent, listing))

    @guarded
    async def readdir(self, fh: int, start_id: int, token: ReaddirToken) -> None:
        folder = self._folders.get(fh)
        if start_id == 0:
            if folder.is_begun:  # rewinddir(3): the folder as it is now
                folder.listing = await self._snapshot(folder.known)
            folder.is_begun = True
        self._reader.send(folder, start_id, token)

    @guarded
    async def releasedir(self, fh: int) -> None:
        self._folders.remove(fh)

    async def _snapshot(self, known: KnownFolder) -> Listing:
        """What is in the folder now. A thread costs 0.2 ms, more than a small folder takes altogether."""
        directory = known.node
        await self._readiness.ensure(directory)
        listing = directory.listing() if directory.is_quick else await self._listings.run(directory.listing)
        self._table.listed(known.inode)
        return listing

    # ---- Files ----

    @guarded
    async def open(self, inode: int, flags: int, ctx: RequestContext) -> FileInfo:
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise ReadOnlyTree(_FIXED)
        known = self._table.get(inode)
        if isinstance(known, KnownText):
            return await self._files.open_text(known)
        return await self._files.open_picture(inode, self._picture(inode))

    @guarded
    async def read(self, fh: int, off: int, size: int) -> bytes:
        return await self._files.read(fh, off, size)

    @guarded
    async def release(self, fh: int) -> None:
        await self._files.release(fh)

    # ---- Changes ----

    @guarded
    async def mkdir(self, parent_inode: int, name: bytes, mode: int, ctx: RequestContext) -> EntryAttributes:
        parent = self._folder(parent_inode)
        if self._pretence(ctx, parent_inode, name):
            return self._entry(parent, name)
        return await self._mutations.mkdir(parent, name)

    @guarded
    async def rmdir(self, parent_inode: int, name: bytes, ctx: RequestContext) -> None:
        await self._mutations.rmdir(self._folder(parent_inode), name)

    @guarded
    async def unlink(self, parent_inode: int, name: bytes, ctx: RequestContext) -> None:
        if not self._pretence(ctx, parent_inode, name):
            await self._mutations.unlink(self._folder(parent_inode), name)

    @guarded
    async def rename(  # noqa: PLR0917 - as pyfuse3 calls it
        self,
        parent_inode_old: int,
        name_old: bytes,
        parent_inode_new: int,
        name_new: bytes,
        flags: int,
        ctx: RequestContext,
    ) -> None:
        old, new = self._folder(parent_inode_old), self._folder(parent_inode_new)
        if flags & ~pyfuse3.RENAME_NOREPLACE:
            raise FUSEError(errno.BAD_FLAGS)
        if flags:
            await self._mutations.refuse_taken(new, name_new)
        await self._mutations.rename(old, name_old, new, name_new)

    @guarded
    async def link(self, inode: int, new_parent_inode: int, new_name: bytes, ctx: RequestContext) -> EntryAttributes:
        return await self._mutations.link(self._tree.node_of(inode), self._folder(new_parent_inode), new_name)

    @guarded
    async def symlink(self, parent_inode: int, name: bytes, target: bytes, ctx: RequestContext) -> EntryAttributes:
        return await self._mutations.symlink(self._folder(parent_inode), name, target)

    @guarded
    async def mknod(self, parent_inode: int, name: bytes, mode: int, rdev: int, ctx: RequestContext) -> EntryAttributes:
        parent = self._folder(parent_inode)
        if self._pretence(ctx, parent_inode, name):
            return self._entry(parent, name)
        raise refuse_content(parent)

    @guarded
    async def create(
        self, parent_inode: int, name: bytes, mode: int, flags: int, ctx: RequestContext
    ) -> tuple[FileInfo, EntryAttributes]:
        raise refuse_content(self._folder(parent_inode))

    @guarded
    async def setattr(
        self, inode: int, attr: EntryAttributes, fields: SetattrFields, fh: int | None, ctx: RequestContext
    ) -> EntryAttributes:
        raise ReadOnlyTree(_FIXED)

    # ---- What inodes and names stand for ----

    def _folder(self, inode: int) -> KnownFolder:
        known = self._table.folder(inode)
        if known is None:
            raise FUSEError(errno.GONE)
        return known

    def _picture(self, inode: int) -> Picture:
        node = self._tree.node_of(inode)
        if node is None:
            raise FUSEError(errno.GONE)
        return node

    def _picture_entry(self, node: Picture) -> EntryAttributes:
        entry = self._appearance.picture(node)
        if entry is None:
            raise FUSEError(errno.GONE)
        return entry

    async def _attributes(self, inode: int) -> EntryAttributes:
        """What getattr answers."""
        known = self._table.get(inode)
        if known is None:
            return self._picture_entry(self._picture(inode))
        if isinstance(known, KnownText):
            return self._appearance.text(inode, await self._files.text_size(known))
        return self._appearance.folder(inode, known.node)

    def _entry(self, parent: KnownFolder, name: bytes, asker: int = 0) -> EntryAttributes:
        """What lookup answers of a folder that is ready; the kernel counts it as told.

        asker: the thread that asks, 0 = of no matter.
        """
        node = parent.node.lookup(name)
        if isinstance(node, Picture):
            entry = self._appearance.picture(node)
            if entry is not None:
                entry.entry_timeout = self._appearance.remembered_s(parent.node)
                return entry
        elif node is not None and not (isinstance(node, Directory) and node.is_on_demand and is_making_a_folder(asker)):
            return self._appearance.generated(self._table.told(parent.path + b"/" + name, node).inode, node)
        raise FUSEError(errno.ABSENT)

    def _dot(self, inode: int, name: bytes) -> EntryAttributes:
        """The entry of what has that inode, or of the folder above it: asked for by NFS servers."""
        known = self._table.get(inode)
        if known is None:
            return self._picture_entry(self._picture(inode))
        node = self._table.parent(known.path) if name == b".." else known
        if node is None:
            raise FUSEError(errno.GONE)
        self._table.told(node.path, node.node)
        return self._appearance.generated(node.inode, node.node)

    def _xattrs(self, inode: int) -> Mapping[bytes, bytes]:
        """The extended attributes of a photo. Raises ENOSYS where they are off: the kernel then stops asking."""
        if not self._has_xattrs:
            raise FUSEError(errno.NOT_SUPPORTED)
        node = self._tree.node_of(inode)
        return {} if node is None else self._tree.xattrs(node)

    def _pretence(self, ctx: RequestContext, folder: int, name: bytes) -> Pretence | None:
        """What our own announcer is to be told of that name; None for everybody else."""
        return self._announcer.pretence(folder, name) if ctx.pid == self._announcer.pid else None
