"""Which errno a program sees: the only place that makes them."""

from __future__ import annotations

import errno
from typing import Final

import pyfuse3

from photofsd.errors import (
    AlreadyThere,
    BadQuery,
    FileChanged,
    NameTooLong,
    NoSuchEntry,
    NotEmpty,
    NotPermitted,
    NotRendered,
    PhotofsdError,
    ReadOnlyTree,
    StoreBusy,
    StoreFull,
    TooSlow,
)

ABSENT: Final = errno.ENOENT
BAD_FLAGS: Final = errno.EINVAL
UNEXPECTED: Final = errno.EIO
NOT_SUPPORTED: Final = errno.ENOSYS
"""The kernel takes it as an answer for the life of the mount and does not ask again."""

NO_SUCH_XATTR: Final = pyfuse3.ENOATTR
GONE: Final = errno.ESTALE
"""For an inode that no longer is: the kernel then looks the name up anew and reports what is true."""

_OF_CLASS: Final[dict[type[PhotofsdError], int]] = {
    AlreadyThere: errno.EEXIST,
    BadQuery: errno.EINVAL,
    FileChanged: errno.ESTALE,
    NameTooLong: errno.ENAMETOOLONG,
    NoSuchEntry: errno.ENOENT,
    NotEmpty: errno.ENOTEMPTY,
    NotPermitted: errno.EPERM,
    ReadOnlyTree: errno.EROFS,
    StoreBusy: errno.EBUSY,
    StoreFull: errno.ENOSPC,
    TooSlow: errno.ETIMEDOUT,
}
_REFUSALS: Final = (
    AlreadyThere, BadQuery, NameTooLong, NotEmpty, NotPermitted, NotRendered, ReadOnlyTree, TooSlow
)  # fmt: skip

_OF_LIBRARY: Final = frozenset({errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What passes through. The rest is EIO: ENOENT or ESTALE from a library that went away would look like a deletion to
rsync, and a file that really went is out of the tree as soon as the scan has seen it."""


def errno_of(error: PhotofsdError) -> int:
    """The errno of what we raised on purpose; EIO where its class names none."""
    return next((_OF_CLASS[base] for base in type(error).__mro__ if base in _OF_CLASS), errno.EIO)


def errno_of_library(error: OSError) -> int:
    """The errno for a failure to open or read an original."""
    return error.errno if error.errno in _OF_LIBRARY else errno.EIO


def is_refusal(error: PhotofsdError) -> bool:
    """Claim: whoever asked should find the reason in /.photofsd/last-error."""
    return isinstance(error, _REFUSALS)
