"""What can stand in the generated tree: a Directory, a Photo, an Original, a Rendered photo, a TextFile.

No file system here: the same tree is walked by tests, by the mount and by the command line. Everything is
synchronous. The mount calls `lookup` in its loop, so it must be cheap, constant-time and free of side effects;
`prepare` and `listing` may work (a search, a facet with a million members) and are called off the loop.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from photofsd.errors import ReadOnlyTree
from photofsd.types import AssetId, FileId


class Attributes(NamedTuple):
    """What stat() shows of a photo, an original or a text file.

    inode: the same in every view and after a remount. mtime_ns: when it was taken. ctime_ns: last real change.
    """

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class Photo(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A photo of the library, whatever view it is met in. A struct: listings make them by the million.

    seen: its attributes, where they came along when it was looked up; they say nothing of which photo it is.
    """

    asset: AssetId
    seen: Attributes | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Photo) and other.asset == self.asset

    def __hash__(self) -> int:
        return hash(self.asset)


class Original(msgspec.Struct, frozen=True, gc=False):
    """One path of the library as it lies there: a sidecar, or a photo that is not identified yet."""

    file: FileId


class Rendered(msgspec.Struct, frozen=True, gc=False):
    """A photo as JPEG: another content than its own, so another inode."""

    asset: AssetId


Picture = Photo | Original | Rendered
"""What has attributes and bytes that the store knows of."""


@dataclasses.dataclass(frozen=True, slots=True)
class TextFile:
    """A small file that the daemon writes when it is opened; its size is known by rendering it."""

    render: Callable[[], bytes]


class Row(NamedTuple):
    """One entry of a listing. `attributes` is given for pictures, None for folders and text files."""

    name: bytes
    node: Node
    attributes: Attributes | None


class Listing(ABC):
    """A snapshot of a folder. Positions are stable; rows that vanished since are left out, none repeats."""

    @abstractmethod
    def __len__(self) -> int:
        """Count of positions (an upper bound of the rows)."""

    @abstractmethod
    def rows(self, start: int) -> Iterator[tuple[int, Row]]:
        """Yield (position, row) from position `start` on, lazily: the caller stops when its buffer is full."""


class Names(Listing):
    """A listing that is known whole: folders, text files, a few originals."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, start: int) -> Iterator[tuple[int, Row]]:
        for position in range(start, len(self._rows)):
            yield position, self._rows[position]


class Directory(ABC):
    """A generated folder."""

    is_writable: bool = False
    """Claim: mkdir, rmdir, rename or unlink mean something here."""

    is_quick: bool = False
    """Claim: `listing` takes well under a millisecond and waits for nothing, so the mount may call it in its loop."""

    remembered_s: float | None = None
    """Seconds that the kernel may remember which photos are in it; None = as configured. For names of which nothing
    tells when they vanish."""

    is_open_to_any_name: bool = False
    """Claim: it holds whatever it is asked for (/search), so that holding a name says nothing."""

    is_on_demand: bool = False
    """Claim: it exists because somebody asked for it, so mkdir of its name is not refused as taken."""

    @property
    def subject(self) -> object:
        """What it is about, where that may get another name, or the name be given to something else; None = where not.

        A folder that is renamed stays itself: what is about the same is the same folder.
        """
        return None

    def is_ready(self) -> bool:
        """Claim: `lookup` is cheap now. When False, call `prepare` (off the loop) first."""
        return True

    def prepare(self) -> None:
        """Do the work that `lookup` needs. Raises BadQuery, TooSlow."""

    @abstractmethod
    def lookup(self, name: bytes) -> Node | None:
        """Return the node called `name`, or None."""

    @abstractmethod
    def listing(self) -> Listing:
        """Take a snapshot of the entries. Raises BadQuery, TooSlow."""

    def mkdir(self, name: bytes) -> Directory:
        """Make a folder and return it. Raises ReadOnlyTree, NotPermitted, AlreadyThere, NameTooLong, BadQuery."""
        raise ReadOnlyTree("folders cannot be made here: this part of the tree is generated")

    def rmdir(self, name: bytes) -> None:
        """Remove the folder called `name`. Raises ReadOnlyTree, NotPermitted, NoSuchEntry."""
        raise ReadOnlyTree("this folder is generated and cannot be removed")

    def unlink(self, name: bytes) -> None:
        """Take the photo called `name` out of this folder; the original stays."""
        raise ReadOnlyTree("photos cannot be removed here; the originals are never touched")

    def rename(self, name: bytes, target: Directory, new_name: bytes) -> None:
        """Move the entry `name` to `target` as `new_name`."""
        raise ReadOnlyTree(
            "nothing can be moved out of this folder, which is generated; that somebody is in a photo is said by a "
            "link, ln PHOTO people/Alice/, or by photofsd people add"
        )

    def adopt(self, name: bytes, photo: Photo) -> None:
        """Take in a photo that was linked, or moved from a folder that lets it go, as `name`."""
        raise ReadOnlyTree("photos cannot be added here: this part of the tree is generated")


Node = Directory | Picture | TextFile


class Tree(Protocol):
    """What the mount needs to know beside the root folder. Cheap, thread-safe, never touches the library."""

    @property
    def root(self) -> Directory:
        """The folder at the mount point."""
        ...

    def attributes(self, node: Picture) -> Attributes | None:
        """What stat() shows of `node`; None when it is gone."""
        ...

    def node_of(self, inode: int) -> Picture | None:
        """The picture with that inode, stateless; None for inodes of other things."""
        ...

    def paths(self, node: Photo | Original) -> Sequence[bytes]:
        """Absolute paths in the library where the content lies, best first."""
        ...

    def xattrs(self, node: Picture) -> Mapping[bytes, bytes]:
        """Extended attributes of `node` by name, `user.xdg.tags` and the like; asked for only where they are on."""
        return {}

    def changed_ns(self) -> int:
        """When anything in the tree last changed: the mtime of generated folders."""
        ...

    def refuse(self, message: str) -> None:
        """Remember why something was refused, for /.photofsd/last-error."""
        ...
