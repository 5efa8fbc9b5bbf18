"""Sidecars in a folder of their own, which has the folders of the library; the library itself is never written to.

A sidecar is written whole or not at all, and only where it differs from what lies there. What others have made is left
alone: ours begin with xmp_writing.HEAD, and whoever edits one makes it his own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from photofsd.daemon.probe import probe
from photofsd.durable import EVERYBODYS, put_file, unwritable
from photofsd.errors import UsageError
from photofsd.media.xmp_writing import HEAD
from photofsd.mounts import OUR_FILE_SYSTEM, mount_of, mounts, real_point

XMP: Final = b".xmp"
NAME_MAX_BYTES: Final = 255


class Mirror:
    """The sidecars in a folder. written, unchanged, removed: how many. problems: what was not done, a line each."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fsencode(folder.resolve())
        self._known: set[bytes] = set()
        self.written = self.unchanged = self.removed = 0
        self.problems: list[str] = []

    def put(self, folder: bytes, name: bytes, packet: bytes) -> None:
        """Have the sidecar `name` in the folder at that path below ours. Raises StoreError, StoreFull."""
        path = os.path.join(self._folder, folder, name)
        if len(name) > NAME_MAX_BYTES:
            self.problems.append(f"{os.fsdecode(path)}: the name is too long for a file")
            return
        try:
            self._make(folder)
            lying = _content(path)
            if lying == packet:
                self.unchanged += 1
            elif lying is not None and not lying.startswith(HEAD):
                self.problems.append(f"{os.fsdecode(path)} is not ours: left as it is")
            else:
                put_file(Path(os.fsdecode(path)), packet, EVERYBODYS)
                self.written += 1
        except OSError as error:
            raise unwritable(os.fsdecode(path), error) from error

    def folders(self) -> Iterator[bytes]:
        """The paths of all folders below ours that may hold sidecars, our own as b""."""
        for path, below, _ in os.walk(self._folder):
            below.sort()
            yield os.path.relpath(path, self._folder) if path != self._folder else b""

    def prune(self, folder: bytes, wanted: Mapping[bytes, bool], *, others: bool) -> None:
        """Remove the sidecars of ours from a folder that are not wanted.

        wanted: by name; others: whether those are that it does not name. Raises StoreError.
        """
        path = os.path.join(self._folder, folder)
        try:
            for entry in os.scandir(path):
                is_sidecar = entry.name.endswith(XMP) and not wanted.get(entry.name, others)
                if is_sidecar and _content(entry.path, len(HEAD)) == HEAD:
                    os.unlink(entry.path)
                    self.removed += 1
        except OSError as error:
            raise unwritable(os.fsdecode(path), error) from error

    def _make(self, folder: bytes) -> None:
        """Make a folder and those above it. Raises UsageError where one is a link, which may lead anywhere."""
        if folder in self._known:
            return
        path = os.path.join(self._folder, folder)
        os.makedirs(path, exist_ok=True)
        if os.path.realpath(path) != path.rstrip(b"/"):
            raise UsageError(f"{os.fsdecode(path)} leads to another place: sidecars are only written into real folders")
        self._known.add(folder)


def refuse_unsafe(folder: Path, libraries: Iterable[Path], mount: Path, state: Path) -> None:
    """Raise UsageError where sidecars in `folder` would lie in a library folder, a mounted tree or the state folder."""
    target, known = folder.resolve(), mounts()
    if target.is_relative_to(state.resolve()):
        raise UsageError(f"{folder} lies in the state folder {state}, which is photofsd's own: choose another place")
    here = mount_of(os.fsencode(target), known)
    if target.is_relative_to(real_point(mount)) or (here is not None and here.file_system == OUR_FILE_SYSTEM):
        raise UsageError(f"{folder} lies in a mounted tree of photofsd: choose another place")
    for library in libraries:
        sight = probe(library)
        real = library if sight is None else Path(sight.real)  # one that hangs is where we are not
        there = mount_of(os.fsencode(real), known)
        is_on_one_device = here is not None and there is not None and here.device == there.device
        if target.is_relative_to(real) or (is_on_one_device and _is_within(target, real)):
            raise UsageError(f"{folder} lies inside the library folder {library}, which is never written to")
        if real.is_relative_to(target):
            raise UsageError(f"the library folder {library} lies inside {folder}: choose a folder of its own")


def _is_within(target: Path, library: Path) -> bool:
    """Claim: `target` lies in `library`, under whatever name that is mounted a second time."""
    return library.exists() and any(above.exists() and above.samefile(library) for above in (target, *target.parents))


def _content(path: bytes, most: int = -1) -> bytes | None:
    """What lies at `path`, up to `most` bytes; None = nothing, b"" = no file of that name's own."""
    try:
        is_file = stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return None
    if not is_file:
        return b""
    with open(path, "rb") as file:
        return file.read(most)
