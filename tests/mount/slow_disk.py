"""A disk that is slow on purpose, to lie behind the mount under test: a small file system of its own.

Usage: slow_disk.py MOUNT_POINT. Files of 4,000 bytes: `quick`, `bad` (reads fail), `slow-read-<gate>` and
`slow-open-<gate>`, whose reads or opens wait until `open-<gate>` has been looked for.
"""

from __future__ import annotations

import errno
import itertools
import stat
import sys

import pyfuse3
import trio

SIZE = 4000


class SlowDisk(pyfuse3.Operations):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[int, bytes] = {}
        self.inodes: dict[bytes, int] = {}
        self.numbers = itertools.count(2)
        self.gates: dict[bytes, trio.Event] = {}

    def gate(self, name: bytes) -> trio.Event:
        return self.gates.setdefault(name.rpartition(b"-")[2], trio.Event())

    def entry(self, inode: int) -> pyfuse3.EntryAttributes:
        entry = pyfuse3.EntryAttributes()
        entry.st_ino = inode
        entry.st_mode = stat.S_IFDIR | 0o755 if inode == pyfuse3.ROOT_INODE else stat.S_IFREG | 0o644
        entry.st_size = SIZE
        return entry

    async def lookup(self, parent_inode: int, name: bytes, ctx: pyfuse3.RequestContext) -> pyfuse3.EntryAttributes:
        if name.startswith(b"open-"):
            self.gate(name).set()
            raise pyfuse3.FUSEError(errno.ENOENT)
        if name not in self.inodes:
            inode = self.inodes[name] = next(self.numbers)
            self.names[inode] = name
        return self.entry(self.inodes[name])

    async def getattr(self, inode: int, ctx: pyfuse3.RequestContext) -> pyfuse3.EntryAttributes:
        return self.entry(inode)

    async def open(self, inode: int, flags: int, ctx: pyfuse3.RequestContext) -> pyfuse3.FileInfo:
        name = self.names[inode]
        if name.startswith(b"slow-open-"):
            await self.gate(name).wait()
        return pyfuse3.FileInfo(fh=inode)

    async def read(self, fh: int, off: int, size: int) -> bytes:
        name = self.names[fh]
        if name == b"bad":
            raise pyfuse3.FUSEError(errno.EIO)
        if name.startswith(b"slow-read-"):
            await self.gate(name).wait()
        return (b"%-4000b" % name)[off : off + size]

    async def release(self, fh: int) -> None:
        pass


def main() -> None:
    pyfuse3.init(SlowDisk(), sys.argv[1], {"default_permissions", "fsname=slow-disk"})
    sys.stdout.write('"mounted"\n')
    sys.stdout.flush()
    trio.run(serve)
    pyfuse3.close()


async def serve() -> None:
    """Serve until the parent closes our standard input, whatever hangs then."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pyfuse3.main, 1, 1000)
        await trio.lowlevel.wait_readable(0)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    main()
