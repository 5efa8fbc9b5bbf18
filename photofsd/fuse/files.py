"""Reading photos, originals and text files through the mount."""

from __future__ import annotations

from typing import Protocol, cast

from pyfuse3 import FileInfo, FUSEError

from photofsd.fuse import errno
from photofsd.fuse.content import Caching, LibraryFile, PageTrust, open_first
from photofsd.fuse.handles import Handles, OpenFile, OpenText, OpenTexts
from photofsd.fuse.inode_table import KnownText
from photofsd.fuse.offloop import Work
from photofsd.types import AssetId
from photofsd.vtree.node import Original, Photo, Picture, Rendered, Tree


class Renderer(Protocol):
    """Who makes JPEGs of photos."""

    async def open(self, asset: AssetId) -> int:
        """A descriptor of the photo as JPEG, made while the caller waits. Raises NotRendered.

        The caller closes it, and reads at offsets: others may share its position.
        """
        ...


class Files:
    """The open files."""

    def __init__(self, tree: Tree, mount_point: bytes, work: Work, renderer: Renderer) -> None:
        self._tree = tree
        self._mount_point = mount_point
        self._work = work
        self._renderer = renderer
        self._handles: Handles[OpenFile | OpenText] = Handles()
        self._trust = PageTrust()
        self._open_texts = OpenTexts()

    async def open_picture(self, inode: int, node: Picture) -> FileInfo:
        """Open what holds its bytes; its cached pages live on when they are known to be the same content."""
        attributes = self._tree.attributes(node)
        if attributes is None:
            raise FUSEError(errno.GONE)
        opened = (
            await self._open_rendition(inode, node)
            if isinstance(node, Rendered)
            else await self._open_original(inode, node)
        )
        caching = self._trust.opened(inode, opened.file.stamp, attributes.size)
        return FileInfo(
            fh=self._handles.add(opened),
            direct_io=caching is Caching.BYPASS,
            keep_cache=caching is Caching.KEEP,
        )

    async def _open_original(self, inode: int, node: Photo | Original) -> OpenFile:
        work = self._work.library
        try:
            return OpenFile(inode, await work.run(open_first, self._tree.paths(node), self._mount_point), work)
        except OSError as error:
            raise FUSEError(errno.errno_of_library(error)) from None

    async def _open_rendition(self, inode: int, node: Rendered) -> OpenFile:
        return OpenFile(inode, LibraryFile.of(await self._renderer.open(node.asset)), self._work.renditions)

    async def open_text(self, known: KnownText) -> FileInfo:
        """Render a text file; the handle reads that, past the cache, whatever is rendered later."""
        text = OpenText(known.inode, await self._work.texts.run(known.node.render))
        self._open_texts.opened(text)
        return FileInfo(fh=self._handles.add(text), direct_io=True, keep_cache=False)

    async def text_size(self, known: KnownText) -> int:
        """The size that a text file has for whoever asks now: of what was opened last, else of a new rendering."""
        content = self._open_texts.latest(known.inode)
        return len(await self._work.texts.run(known.node.render) if content is None else content)

    async def read(self, handle: int, offset: int, size: int) -> bytes:
        """Return the bytes there: from memory at once, otherwise from a thread."""
        item = self._handles.get(handle)
        if isinstance(item, OpenText):
            return item.content[offset : offset + size]
        content = item.file.read_cached(offset, size)
        if content is not None:
            return cast("bytes", content)  # pyfuse3 takes any buffer; a copy of 1 MiB costs as much as reading it
        try:
            return await item.work.run(item.file.read, offset, size)
        except OSError as error:
            raise FUSEError(errno.errno_of_library(error)) from None

    async def release(self, handle: int) -> None:
        """Close a file. Closing may wait too: the server of a network share is told."""
        item = self._handles.remove(handle)
        if isinstance(item, OpenText):
            self._open_texts.closed(item)
        else:
            self._trust.closed(item.inode, item.file.stamp)
            await item.work.run(item.file.close)

    def forgotten(self, inode: int) -> None:
        """Note that the kernel dropped an inode and what it had cached of it."""
        self._trust.forgotten(inode)
