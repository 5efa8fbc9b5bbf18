"""Writing beside the store: what a full or failing disk means, and files that a crash leaves old or new, never torn."""

from __future__ import annotations

import contextlib
import errno
import os
from hashlib import blake2b
from pathlib import Path
from typing import Final

from photofsd.errors import StoreError, StoreFull

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What says that a disk is full, or as full as this user may make it."""


def unwritable(what: str, error: OSError) -> StoreError:
    """The failed write of `what` ("thumbnails in /state/thumbs") as ours: a StoreFull where the disk is full."""
    if error.errno in FULL:
        return StoreFull(f"the disk is full: there is no room for {what}")
    return StoreError(f"{what} cannot be written ({error.strerror or error})")


OURS_ALONE: Final = 0o600
EVERYBODYS: Final = 0o666
"""As the umask allows."""


def replace_file(path: Path, content: bytes, mode: int = OURS_ALONE) -> None:
    """Put `content` at `path` for good, in one step. Raises OSError: what was there before is there still.

    mode: of the file, as open(2) has it.
    """
    put_file(path, content, mode)
    sync_folder(path.parent)


def put_file(path: Path, content: bytes, mode: int) -> None:
    """As `replace_file`, but after a power loss it may be what was there before that is there."""
    unfinished = path.with_name(f".{blake2b(os.fsencode(path.name), digest_size=8).hexdigest()}.{os.getpid()}")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
