"""Smaller pictures as JPEG files under the state folder: kept by content, written whole or not at all.

`thumbs/256/ab/ab12...jpg`: the size by its edge in pixels, the first byte of the content's digest, the digest. They
follow from the originals and can be made again, so nothing here is precious; but who finds one can rely on it. A batch
is written under other names, brought to the disk, renamed, and the names brought to the disk; the caller commits what
it says of them in the store only then. What is torn all the same (a disk that lies) has not the size that the store
says.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from photofsd.durable import unwritable
from photofsd.records import Look

THUMB_PX: Final = 256
FRAMES_PX: Final = 336
"""The short edge of the key frames of a video, which are kept as one picture (media/frames.py)."""
PREVIEW_PX: Final = 1000
SIZES: Final = (THUMB_PX, FRAMES_PX, PREVIEW_PX)
SHARDS: Final = 256
"""Folders of one size: 4,000 files in each at a million photos, which every file system finds its way in."""

_UNFINISHED: Final = "unfinished"
_SUFFIX: Final = ".jpg"
_libc = ctypes.CDLL(None, use_errno=True)


class Kept(NamedTuple):
    """One file as it lies there: bytes, and when it was written."""

    size: int
    written_ns: int


def bytes_by_size(look: Look) -> dict[int, int]:
    """The pictures that there are of a content, as its Look has it: bytes by size."""
    sizes = {THUMB_PX: look.thumb_bytes, FRAMES_PX: look.frames_bytes, PREVIEW_PX: look.preview_bytes}
    return {px: size for px, size in sizes.items() if size}


class Thumbnails:
    """The thumbnails in `folder`. Thread-safe; one process writes, any may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, content: bytes, px: int) -> Path:
        """Where the picture of `content` (blake3 digest, 32 bytes) in the size `px` lies, if it is there."""
        return self._folder / str(px) / content[:1].hex() / (content.hex() + _SUFFIX)

    def read(self, content: bytes, px: int, *, size: int) -> bytes | None:
        """The JPEG; None where there is none of `size` bytes, as its Look says: then stage `preview` has to make it."""
        try:
            jpeg = self.path_of(content, px).read_bytes()
        except FileNotFoundError:
            return None
        return jpeg if len(jpeg) == size else None

    def has(self, content: bytes, sizes: Mapping[int, int]) -> bool:
        """Claim: every picture of `sizes` (bytes by size) is there, whole."""
        try:
            return all(self.path_of(content, px).stat().st_size == size for px, size in sizes.items())
        except FileNotFoundError:
            return False

    def batch(self) -> Batch:
        """Some to be written together."""
        return Batch(self, self._folder / _UNFINISHED)

    def clear_unfinished(self) -> None:
        """Remove what batches that were killed have left. Nobody may be writing. Raises StoreError."""
        try:
            shutil.rmtree(self._folder / _UNFINISHED)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unwritable(f"thumbnails in {self._folder.parent}", error) from error

    def shard(self, number: int) -> dict[bytes, dict[int, Kept]]:
        """What lies there of the contents whose digest begins with that byte: by content, then by size."""
        found: dict[bytes, dict[int, Kept]] = {}
        for px in SIZES:
            for content, kept in _listed(self._folder / str(px) / f"{number:02x}"):
                found.setdefault(content, {})[px] = kept
        return found

    def remove(self, content: bytes, *, written_before_ns: int) -> None:
        """Remove the pictures of a content, but those that have just been written: their Look is on its way."""
        for px in SIZES:
            path = self.path_of(content, px)
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime_ns < written_before_ns:
                    path.unlink()


class Batch:
    """Thumbnails on their way to the disk: `add` them, `finish`, and then commit what the store says of them."""

    _numbers: Final = itertools.count()

    def __init__(self, thumbnails: Thumbnails, folder: Path) -> None:
        self._thumbnails = thumbnails
        self._folder = folder
        self._waiting: list[tuple[Path, Path]] = []

    def add(self, content: bytes, jpegs: Mapping[int, bytes]) -> None:
        """Write the pictures of a content under other names. Raises StoreFull, StoreError: nothing is left then."""
        for px, jpeg in jpegs.items():
            unfinished = self._folder / f"{next(self._numbers)}{_SUFFIX}"
            self._waiting.append((unfinished, self._thumbnails.path_of(content, px)))
            try:
                _put(unfinished, functools.partial(Path.write_bytes, data=jpeg))
            except OSError as error:
                self.abandon()
                raise unwritable(f"thumbnails in {self._folder.parent}", error) from error

    def finish(self) -> None:
        """Bring them to the disk, then to their names, then the names to the disk. Raises as `add` does."""
        if not self._waiting:
            return
        try:
            _sync(self._folder)
            for unfinished, path in self._waiting:
                _put(path, unfinished.replace)
            _sync(self._folder)
        except OSError as error:
            self.abandon()
            raise unwritable(f"thumbnails in {self._folder.parent}", error) from error
        self._waiting.clear()

    def abandon(self) -> None:
        """Remove what is not finished."""
        for unfinished, _ in self._waiting:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
        self._waiting.clear()


def _put(path: Path, put: Callable[[Path], object]) -> None:
    """Let `put` make the file at `path`; its folder is made where it is missing, which is seldom."""
    try:
        put(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(path)


def _sync(folder: Path) -> None:
    """Bring the file system of `folder` to the disk: a hundred new files at the price of one (syncfs(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _libc.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def _listed(folder: Path) -> Iterator[tuple[bytes, Kept]]:
    """The thumbnails in a folder by content; whatever else lies there is left alone."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            with contextlib.suppress(ValueError, FileNotFoundError):
                content = bytes.fromhex(entry.name.removesuffix(_SUFFIX))
                status = entry.stat(follow_symlinks=False)
                yield content, Kept(status.st_size, status.st_mtime_ns)
