"""Tells file managers that a folder changed.

Invalidating an entry emits no inotify event; a real request through the mount does. So a child process makes, removes
or touches the name, and the mount, knowing who asks, answers with success and changes nothing.

A child, not a thread: a process that is killed while a thread of its own waits for its own mount never ends, since
the connection is closed only after the thread, which only ends when the connection is closed.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

ANSWER_TIMEOUT_S: Final = 15

_log = logging.getLogger(__name__)
_CHILD: Final = str(Path(__file__).with_name("announcer.py"))


class Event(enum.Enum):
    """What watchers are to be told; the value is what the child understands."""

    PHOTO_APPEARED = b"f"
    FOLDER_APPEARED = b"d"
    VANISHED = b"x"


class Pretence(enum.Enum):
    """What the child is told of the name when it looks it up."""

    ABSENT = enum.auto()
    PRESENT = enum.auto()


class Announcer:
    """Owns the child. `announce` waits for it: it is called from one thread, never from the loop's; `stop` from any.

    device: number of the mount, set once it is made; None while it cannot be seen from here (it may be in another
            mount namespace): nobody is told then.
    pid:    of the child; -1 while there is none.
    """

    def __init__(self, mount_point: Path) -> None:
        self._mount_point = mount_point
        self.device: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._stopped = False
        self._current: tuple[int, bytes, Pretence] | None = None
        self.pid = -1

    def pretence(self, folder: int, name: bytes) -> Pretence | None:
        """What the child is to be told of that name; None when it is not what it was sent for."""
        current = self._current
        return current[2] if current is not None and current[:2] == (folder, name) else None

    def announce(self, event: Event, folder: int, path: bytes, name: bytes) -> None:
        """Emit `event` for `name` to those who watch the folder with inode `folder` at `path` in the tree."""
        self._current = (folder, name, Pretence.PRESENT if event is Event.VANISHED else Pretence.ABSENT)
        try:
            frame = b"%b%b\0%b" % (event.value, path.lstrip(b"/"), name)
            link = self._link or self._start()
            link.sendall(struct.pack("!I", len(frame)) + frame)
            link.recv(1)
        except OSError as error:
            _log.debug("file managers are not told of %r: %s", name, error)
            self._drop()
        finally:
            self._current = None

    def stop(self) -> None:
        """End the child and whoever waits for it. The child may live on until its request is answered: see `reap`."""
        self._stopped = True
        self._drop()

    def reap(self) -> None:
        """Wait a moment for the child, once nothing can hold it any more."""
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout=1)

    def _start(self) -> socket.socket:
        """Start the child and return the line to it."""
        if self._stopped or self.device is None:
            raise BrokenPipeError("the mount cannot be seen from here")
        ours, theirs = socket.socketpair()
        ours.settimeout(ANSWER_TIMEOUT_S)
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", _CHILD, str(self._mount_point), str(self.device)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.pid = self._child.pid
        self._link = ours
        return ours

    def _drop(self) -> None:
        """Cut the line; whoever waits at it wakes up, and the child ends when it notices."""
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        if self._child is not None:
            self._child.kill()
