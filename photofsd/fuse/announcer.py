"""The child of announce.py, run by its path in a bare interpreter: makes requests whose only aim is an inotify event.

Arguments: the mount point, and the device number of the mount. Standard input is a socket: frames of a length (u32) and
the event's letter, the folder's path from the mount point, NUL, the name. Every frame is answered with one byte.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import sys
from typing import Final

LENGTH_BYTES: Final = 4


def emit(event: bytes, name: bytes, folder: int) -> None:
    """Do the request that makes `event` in the folder that the descriptor `folder` holds."""
    if event == b"f":
        os.mknod(name, stat.S_IFREG | 0o444, dir_fd=folder)
    elif event == b"d":
        os.mkdir(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def serve(frame: bytes, mount_point: bytes, device: int) -> None:
    """Handle one frame. Nothing is done to any file system but the one with that device."""
    path, _, name = frame[1:].partition(b"\0")
    folders = []
    try:
        folders.append(os.open(mount_point, os.O_PATH | os.O_DIRECTORY))
        if os.fstat(folders[0]).st_dev != device:
            return
        folders.append(os.open(path or b".", os.O_PATH | os.O_DIRECTORY, dir_fd=folders[0]))
        emit(frame[:1], name, folders[-1])
    except OSError:
        return  # the folder went, or another name came: the watchers will see for themselves
    finally:
        for folder in folders:
            os.close(folder)


def main() -> None:
    """Serve frames until the parent is gone."""
    mount_point, device = os.fsencode(sys.argv[1]), int(sys.argv[2])
    with contextlib.suppress(ConnectionError), socket.socket(fileno=os.dup(0)) as parent:
        while len(header := parent.recv(LENGTH_BYTES, socket.MSG_WAITALL)) == LENGTH_BYTES:
            frame = parent.recv(struct.unpack("!I", header)[0], socket.MSG_WAITALL)
            serve(frame, mount_point, device)
            parent.sendall(b"+")


if __name__ == "__main__":
    main()
