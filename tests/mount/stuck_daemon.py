"""A daemon that waits for its own mount: killed, it cannot end. Run as a process: STATE MOUNT_POINT.

It holds the lock of the state folder and a mount, takes a request of a thread of its own, says so, and never answers.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import threading
from pathlib import Path

import pyfuse3
import trio


class Deaf(pyfuse3.Operations):
    """Knows the root, and does not answer when it is asked for anything in it."""

    async def getattr(self, inode: int, ctx: pyfuse3.RequestContext) -> pyfuse3.EntryAttributes:
        entry = pyfuse3.EntryAttributes()
        entry.st_ino = inode
        entry.st_mode = stat.S_IFDIR | 0o755
        return entry

    async def lookup(self, parent_inode: int, name: bytes, ctx: pyfuse3.RequestContext) -> pyfuse3.EntryAttributes:
        sys.stdout.write("waits for itself\n")
        sys.stdout.flush()
        await trio.sleep_forever()
        raise AssertionError


def main() -> None:
    state, point = Path(sys.argv[1]), Path(sys.argv[2])
    for folder in (state, point):
        folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    pyfuse3.init(Deaf(), str(point), {"fsname=photofsd", "subtype=photofsd"})
    threading.Thread(target=lambda: os.access(point / "anything", os.F_OK)).start()
    trio.run(pyfuse3.main)


if __name__ == "__main__":
    main()
