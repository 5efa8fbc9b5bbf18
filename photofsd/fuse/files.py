"""Reading photos, originals and text files through the mount."""

from __future__ import annotations

from typing import cast

from pyfuse3 import FileInfo, FUSEError

from photofsd.fuse import errno
from photofsd.fuse.content import Caching, PageTrust, open_first
from photofsd.fuse.handles import Handles, OpenPhoto, OpenText, OpenTexts
from photofsd.fuse.inode_table import KnownText
from photofsd.fuse.offloop import OffLoop
from photofsd.vtree.node import Original, Photo, Tree


class Files:
    """The open files. `library` runs what waits for the NAS, `texts` what renders text files."""

    def __init__(self, tree: Tree, mount_point: bytes, *, library: OffLoop, texts: OffLoop) -> None:
        self._tree = tree
        self._mount_point = mount_point
        self._library = library
        self._texts = texts
        self._handles: Handles[OpenPhoto | OpenText] = Handles()
        self._trust = PageTrust()
        self._open_texts = OpenTexts()

    async def open_photo(self, inode: int, node: Photo | Original) -> FileInfo:
        """Open the original; its cached pages live on when they are known to be the same content."""
        attributes = self._tree.attributes(node)
        if attributes is None:
            raise FUSEError(errno.GONE)
        try:
            file = await self._library.run(open_first, self._tree.paths(node), self._mount_point)
        except OSError as error:
            raise FUSEError(errno.errno_of_library(error)) from None
        caching = self._trust.opened(inode, file.stamp, attributes.size)
        return FileInfo(
            fh=self._handles.add(OpenPhoto(inode, file)),
            direct_io=caching is Caching.BYPASS,
            keep_cache=caching is Caching.KEEP,
        )

    async def open_text(self, known: KnownText) -> FileInfo:
        """Render a text file; the handle reads that, past the cache, whatever is rendered later."""
        text = OpenText(known.inode, await self._texts.run(known.node.render))
        self._open_texts.opened(text)
        return FileInfo(fh=self._handles.add(text), direct_io=True, keep_cache=False)

    async def text_size(self, known: KnownText) -> int:
        """The size that a text file has for whoever asks now: of what was opened last, else of a new rendering."""
        content = self._open_texts.latest(known.inode)
        return len(await self._texts.run(known.node.render) if content is None else content)

    async def read(self, handle: int, offset: int, size: int) -> bytes:
        """Return the bytes there: from memory at once, otherwise from a thread."""
        item = self._handles.get(handle)
        if isinstance(item, OpenText):
            return item.content[offset : offset + size]
        content = item.file.read_cached(offset, size)
        if content is not None:
            return cast("bytes", content)  # pyfuse3 takes any buffer; a copy of 1 MiB costs as much as reading it
        try:
            return await self._library.run(item.file.read, offset, size)
        except OSError as error:
            raise FUSEError(errno.errno_of_library(error)) from None

    async def release(self, handle: int) -> None:
        """Close a file. Closing may wait too: the server of a network share is told."""
        item = self._handles.remove(handle)
        if isinstance(item, OpenText):
            self._open_texts.closed(item)
        else:
            self._trust.closed(item.inode, item.file.stamp)
            await self._library.run(item.file.close)

    def forgotten(self, inode: int) -> None:
        """Note that the kernel dropped an inode and what it had cached of it."""
        self._trust.forgotten(inode)
