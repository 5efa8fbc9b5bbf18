"""One tree of errors. The class carries the policy (exit code, retry); the raiser passes the facts.

A message says what is wrong, where, and what to do. Only fuse/errno.py turns these into errnos, only
cli/main.py prints them and exits.
"""

from __future__ import annotations

from typing import ClassVar

from photofsd.display import shown, width


class PhotofsdError(Exception):
    """Base of everything we raise on purpose."""

    exit_code: ClassVar[int] = 1
    retry_after_s: ClassVar[float | None] = None
    """How long to wait before a first retry of what failed so; None = nothing but a change helps."""


class UsageError(PhotofsdError):
    """The caller asked for something that makes no sense."""

    exit_code = 2


class DaemonNotRunning(PhotofsdError):
    """The command needs the daemon and nobody answers at its socket."""

    exit_code = 3


class DaemonBusy(PhotofsdError):
    """The daemon serves as many commands as it will at once."""


class PartlyDone(PhotofsdError):
    """Some of it worked; the message says what did not."""

    exit_code = 4


class BadConfig(PhotofsdError):
    """The configuration cannot be used (EX_CONFIG: systemd does not restart on it)."""

    exit_code = 78


class BadQuery(UsageError):
    """A query that cannot be parsed.

    position: index into `query` where the trouble starts, for the caret.
    """

    def __init__(self, reason: str, query: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.query = query
        self.position = position

    def __str__(self) -> str:
        column = width(shown(self.query[: self.position]))
        return f"{shown(self.reason)}\n  {shown(self.query)}\n  {' ' * column}^"


class StoreError(PhotofsdError):
    """The store cannot be opened, read or written."""


class StoreFull(StoreError):
    """The disk under the state folder is full: processing pauses until there is room."""


class StoreBusy(StoreError):
    """Another process holds the store for writing."""


class FileUnreadable(PhotofsdError):
    """Reading failed below us (EIO, ESTALE, time-out): the file system's trouble, so it may pass."""

    retry_after_s = 30.0


class FileChanged(PhotofsdError):
    """The file vanished or changed while it was read: the scan will say what is true now."""

    retry_after_s = 10.0


class FileUndecodable(PhotofsdError):
    """The content cannot be understood. It stays so until the file or the stage's version changes."""


class ChildDied(PhotofsdError):
    """A child process died or hung over its work: perhaps for another's sake, so it gets one more try."""


class ChildrenBroken(PhotofsdError):
    """No child process can be started: that is wrong for every file, and no file's fault."""


class ModelUnusable(PhotofsdError):
    """A model is not there, not whole, or cannot be run: what needs it waits."""


class MeaningAway(PhotofsdError):
    """The image-text model cannot answer a search now, or not in time: words alone have to do."""


class OutOfModelMemory(PhotofsdError):
    """There was no memory for a batch: a smaller one may do."""


class MountFailed(PhotofsdError):
    """The tree cannot be mounted there, or what is mounted there cannot be taken away."""


class MountLost(PhotofsdError):
    """Somebody unmounted the tree, or cut its connection, while it was served."""


class TreeError(PhotofsdError):
    """Base of the refusals of the generated tree."""


class NoSuchEntry(TreeError):
    """There is no such name in that folder."""


class AlreadyThere(TreeError):
    """The name is taken."""


class ReadOnlyTree(TreeError):
    """This part of the tree is generated and cannot be changed."""


class NotPermitted(TreeError):
    """The tree can be changed here, but not like this; the message goes to /.photofsd/last-error."""


class NotEmpty(TreeError):
    """The folder still holds something."""


class NameTooLong(TreeError):
    """The name is longer than that of a file or folder may be."""


class NotRendered(TreeError):
    """A photo cannot be shown as JPEG now; the message goes to /.photofsd/last-error."""


class TooSlow(TreeError):
    """The answer was not ready within the time limit."""
