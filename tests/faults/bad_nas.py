"""A NAS that misbehaves on command: a read-only pass-through file system of its own, to lie under a library folder.

Usage: bad_nas.py MOUNT_POINT SOURCE [fold]. Prints one JSON line when mounted, then takes one fault a line, in JSON,
and answers each with one line. A fault is {"does": "hang", "fail" or "shorten", "errno": number, "to": [requests],
"names": [endings]}; null = be well again. `to` and `names` narrow it down to some kinds of request and to some names.
With "fold" it knows a name in whatever case it is asked for, as SMB servers and FAT do.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import AsyncGenerator
from typing import Any

import pyfuse3
import trio

REQUESTS = ("lookup", "getattr", "opendir", "readdir", "open", "read", "statfs")
Entry = pyfuse3.EntryAttributes


class BadNas(pyfuse3.Operations):
    """Shows `source`. Nothing is remembered by the kernel: every question comes here."""

    def __init__(self, source: bytes, *, folds: bool) -> None:
        super().__init__()
        self._folds = folds
        self._paths = {int(pyfuse3.ROOT_INODE): source}
        self._fault: dict[str, Any] | None = None
        self._changed = trio.Event()
        self._folders: dict[int, list[tuple[bytes, Entry]]] = {}

    def become(self, fault: dict[str, Any] | None) -> None:
        """Misbehave like that from now on; whoever hangs goes on."""
        self._fault = fault
        self._changed.set()
        self._changed = trio.Event()

    async def _suffer(self, request: str, path: bytes) -> bool:
        """Do what the fault says. Claim: what is given is to be shortened."""
        while (fault := self._fault) is not None and request in fault.get("to", REQUESTS):
            if not path.endswith(tuple(os.fsencode(name) for name in fault.get("names", [""]))):
                return False
            if fault["does"] == "fail":
                raise pyfuse3.FUSEError(fault["errno"])
            if fault["does"] == "shorten":
                return True
            await self._changed.wait()
        return False

    def _entry(self, path: bytes) -> Entry:
        with errnos():
            status = os.lstat(path)
        entry = pyfuse3.EntryAttributes()
        for name in ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime_ns", "st_mtime_ns", "st_ctime_ns"):
            setattr(entry, name, getattr(status, name))
        is_root = path == self._paths[int(pyfuse3.ROOT_INODE)]
        entry.st_ino = int(pyfuse3.ROOT_INODE) if is_root else status.st_ino
        entry.entry_timeout = entry.attr_timeout = 0
        return entry

    def _below(self, folder: bytes, name: bytes) -> bytes:
        if self._folds and not os.path.lexists(folder + b"/" + name):
            wanted = os.fsdecode(name).casefold()
            same = (each for each in os.listdir(folder) if os.fsdecode(each).casefold() == wanted)
            name = next(same, name)
        return folder + b"/" + name

    async def lookup(self, parent_inode: int, name: bytes, ctx: pyfuse3.RequestContext) -> Entry:
        path = self._below(self._paths[parent_inode], name)
        await self._suffer("lookup", path)
        entry = self._entry(path)
        self._paths[entry.st_ino] = path
        return entry

    async def getattr(self, inode: int, ctx: pyfuse3.RequestContext) -> Entry:
        await self._suffer("getattr", self._paths[inode])
        return self._entry(self._paths[inode])

    async def opendir(self, inode: int, ctx: pyfuse3.RequestContext) -> int:
        path = self._paths[inode]
        await self._suffer("opendir", path)
        with errnos():
            names = sorted(os.listdir(path))
        self._folders[inode] = [(name, self._entry(path + b"/" + name)) for name in names]
        return inode

    async def readdir(self, fh: int, start_id: int, token: pyfuse3.ReaddirToken) -> None:
        await self._suffer("readdir", self._paths[fh])
        for number, (name, entry) in enumerate(self._folders[fh][start_id:], start_id + 1):
            self._paths[entry.st_ino] = self._paths[fh] + b"/" + name
            if not pyfuse3.readdir_reply(token, name, entry, number):
                return

    async def readlink(self, inode: int, ctx: pyfuse3.RequestContext) -> bytes:
        with errnos():
            return os.readlink(self._paths[inode])

    async def open(self, inode: int, flags: int, ctx: pyfuse3.RequestContext) -> pyfuse3.FileInfo:
        await self._suffer("open", self._paths[inode])
        with errnos():
            return pyfuse3.FileInfo(fh=os.open(self._paths[inode], os.O_RDONLY), direct_io=True)

    async def read(self, fh: int, off: int, size: int) -> bytes:
        path = os.readlink(b"/proc/self/fd/%d" % fh)
        is_short = await self._suffer("read", path)
        with errnos():
            data = os.pread(fh, size, off)
        return data[: len(data) // 2] if is_short else data

    async def release(self, fh: int) -> None:
        os.close(fh)

    async def statfs(self, ctx: pyfuse3.RequestContext) -> pyfuse3.StatvfsData:
        await self._suffer("statfs", b"")
        told = pyfuse3.StatvfsData()
        status = os.statvfs(self._paths[int(pyfuse3.ROOT_INODE)])
        for name in ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail"):
            setattr(told, name, getattr(status, name))
        return told


class errnos:  # noqa: N801 - reads as a word of the language
    """What the source says goes to the client as it is."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise pyfuse3.FUSEError(error.errno or errno.EIO) from error


async def lines(descriptor: int) -> AsyncGenerator[str, None]:
    """What comes in, line by line."""
    buffer = b""
    async with trio.lowlevel.FdStream(os.dup(descriptor)) as stream:
        async for piece in stream:
            *whole, buffer = (buffer + piece).split(b"\n")
            for line in whole:
                yield line.decode()


async def main(nas: BadNas) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pyfuse3.main)
        say("mounted")
        async for line in lines(0):
            nas.become(json.loads(line))
            say("done")
        nas.become(None)
        nursery.cancel_scope.cancel()


def say(word: str) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def run() -> None:
    point, source, *words = sys.argv[1:]
    assert stat.S_ISDIR(os.stat(source).st_mode), "a folder is shown"
    nas = BadNas(os.fsencode(source), folds="fold" in words)
    options = set(pyfuse3.default_options) | {"fsname=bad-nas", "subtype=sshfs", "ro"}
    options.discard("default_permissions")
    pyfuse3.init(nas, point, options)
    try:
        trio.run(main, nas)
    finally:
        pyfuse3.close()


if __name__ == "__main__":
    run()
