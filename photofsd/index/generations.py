"""Generations of an index: built off to the side, sealed, taken into use in one step; a crash leaves the old or new.

    CURRENT          which generation counts, what it was made from, how large its files are, their digests
    3/               a sealed generation
    unfinished/      one that is being built, or that a kill has left

`CURRENT` is two lines, the digest of the second and that: JSON. What is torn, or made from another model, by another
version or another library, is refused, said once in the log, and built again by whoever opens it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec
from blake3 import blake3

from photofsd.durable import replace_file, sync_folder, unwritable
from photofsd.errors import StoreError

CURRENT: Final = "CURRENT"
PIECE_BYTES: Final = 16 << 20
_UNFINISHED: Final = "unfinished"

N = TypeVar("N", bound=msgspec.Struct)

log = logging.getLogger(__name__)


class Origin(msgspec.Struct, frozen=True):
    """What an index must be made from to be of use.

    version: of how it is made, ours. build: whose files these are, where they are a library's: "annoy 1.17.3 x86_64".
    """

    model: str
    dimension: int
    version: int
    build: str


class SealedFile(msgspec.Struct, frozen=True):
    """A file of a generation that never changes: bytes, blake3 as hex."""

    size: int
    digest: str


class _Said(msgspec.Struct, frozen=True):
    """What `CURRENT` says."""

    number: int
    origin: Origin
    files: dict[str, SealedFile]


class Generation(NamedTuple):
    """A sealed generation. Its files are as large as they should be; `checked` says whether they are whole."""

    folder: Path
    files: Mapping[str, SealedFile]

    def checked(self) -> Iterator[None]:
        """Read every sealed file, a piece at a time. Raises StoreError where one is not as it was written."""
        for name, sealed in self.files.items():
            digest = blake3()
            try:
                with open(self.folder / name, "rb") as file:
                    while piece := file.read(PIECE_BYTES):
                        digest.update(piece)
                        yield
            except OSError as error:
                raise StoreError(f"{self.folder / name} cannot be read ({error.strerror})") from error
            if digest.hexdigest() != sealed.digest:
                raise StoreError(f"{self.folder / name} is damaged")


class Generations:
    """The generations of one index in `folder`. One process uses them."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._folder = folder
        self._origin = origin

    def current(self) -> Generation | None:
        """The generation that counts; None where there is none of use. What else lies there is removed."""
        try:
            said = self._said()
        except StoreError as error:
            self.refuse(str(error))
            said = None
        found = None if said is None else Generation(self._folder / str(said.number), said.files)
        self._remove_all_but(found)
        return found

    def refuse(self, why: str) -> None:
        """Let the current generation count no more."""
        log.warning("the index in %s is built again: %s", self._folder, why)
        with contextlib.suppress(OSError):
            (self._folder / CURRENT).unlink(missing_ok=True)

    def begin(self) -> Path:
        """An empty folder to build in. Raises StoreFull, StoreError."""
        unfinished = self._folder / _UNFINISHED
        try:
            _remove(unfinished)
            unfinished.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise unwritable(f"an index in {self._folder}", error) from error
        return unfinished

    def seal(self, names: Sequence[str], digests: Mapping[str, str] | None = None) -> Generation:
        """Make what was built since `begin` the current generation. Raises StoreFull, StoreError: the old one counts.

        names: its files that never change. digests: theirs, where the builder has worked them out and synced the files.
        """
        unfinished = self._folder / _UNFINISHED
        try:
            known = digests if digests is not None else {name: synced(unfinished / name) for name in names}
            files = {name: SealedFile((unfinished / name).stat().st_size, known[name]) for name in names}
            sync_folder(unfinished)
            number = 1 + max((int(path.name) for path in self._folder.glob("[0-9]*")), default=0)
            generation = Generation(self._folder / str(number), files)
            unfinished.rename(generation.folder)
            sync_folder(self._folder)
            write_note(self._folder / CURRENT, _Said(number, self._origin, files))
        except OSError as error:
            raise unwritable(f"an index in {self._folder}", error) from error
        self._remove_all_but(generation)
        return generation

    def _said(self) -> _Said | None:
        """What `CURRENT` says; None where there is none. Raises StoreError where it is of no use."""
        said = read_note(self._folder / CURRENT, _Said)
        if said is None:
            return None
        if said.origin != self._origin:
            raise StoreError(f"it was made from {said.origin}, not from {self._origin}")
        for name, sealed in said.files.items():
            path = self._folder / str(said.number) / name
            if not path.is_file() or path.stat().st_size != sealed.size:
                raise StoreError(f"{path} is missing or cut short")
        return said

    def _remove_all_but(self, kept: Generation | None) -> None:
        """Remove what no longer counts, or never did; what cannot be removed is tried again at the next opening."""
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if not path.is_dir():
                    if path.name != CURRENT:  # a note whose writer was killed
                        path.unlink()
                elif kept is None or path != kept.folder:
                    _remove(path)


def write_note(path: Path, note: msgspec.Struct) -> None:
    """Put a note of what lies beside it at `path`, with its digest, for good and in one step. Raises OSError."""
    line = msgspec.json.encode(note)
    replace_file(path, blake3(line).hexdigest().encode() + b"\n" + line + b"\n")


def read_note(path: Path, kind: type[N]) -> N | None:
    """The note at `path`; None where there is none. Raises StoreError where it is torn, or of another kind."""
    try:
        digest, _, line = path.read_bytes().removesuffix(b"\n").partition(b"\n")
        if blake3(line).hexdigest().encode() != digest:
            raise StoreError(f"{path} is damaged")
        return msgspec.json.decode(line, type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"{path} cannot be read ({error})") from error


def synced(path: Path) -> str:
    """Bring a file to the disk; its digest. Raises OSError."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    return blake3().update_mmap(path).hexdigest()


def _remove(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
