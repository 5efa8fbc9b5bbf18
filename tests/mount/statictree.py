"""A small tree in memory, for tests of the mount: real files behind it, and folders that misbehave on purpose."""

from __future__ import annotations

import itertools
import os
import string
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyfuse3

from photofsd.errors import AlreadyThere, BadQuery, NoSuchEntry, NotPermitted
from photofsd.store.probes import INDEXERS_KEEP_OUT
from photofsd.types import AssetId, FileId
from photofsd.vtree.inodes import asset_of, file_of, original_inode, photo_inode
from photofsd.vtree.node import Attributes, Directory, Listing, Names, Node, Original, Photo, Row, TextFile

YEAR_1919_NS = -1_609_459_200 * 10**9 + 123_456_789


class Folder(Directory):
    """A folder of whatever is put into `entries`."""

    def __init__(self, tree: StaticTree, *, is_writable: bool = False) -> None:
        self.entries: dict[bytes, Node] = {}
        self.is_writable = is_writable
        self.tree = tree

    @property
    def subject(self) -> object:
        return id(self)

    def lookup(self, name: bytes) -> Node | None:
        self.tree.calls["lookup"] += 1
        return self.entries.get(name)

    def listing(self) -> Listing:
        self.tree.calls["listing"] += 1
        return Names([Row(name, node, self.tree.row_attributes(node)) for name, node in self.entries.items()])

    def mkdir(self, name: bytes) -> Directory:
        self._must_be_writable()
        if name in self.entries:
            raise AlreadyThere("there is one")
        self.entries[name] = folder = Folder(self.tree, is_writable=True)
        return folder

    def rmdir(self, name: bytes) -> None:
        self._must_be_writable()
        del self.entries[name]

    def unlink(self, name: bytes) -> None:
        self._must_be_writable()
        if name == b"keep.jpg":
            raise NotPermitted("keep.jpg stays")
        del self.entries[name]

    def rename(self, name: bytes, target: Directory, new_name: bytes) -> None:
        """Like naming a person: a move INTO a folder is a merge, after which the name is in neither."""
        self._must_be_writable()
        assert isinstance(target, Folder)
        moved = self.entries.pop(name)
        if target is self:
            self.entries[new_name] = moved
        elif isinstance(moved, Folder):
            target.entries |= moved.entries
        else:
            target.entries[new_name] = moved

    def adopt(self, name: bytes, photo: Photo) -> None:
        self._must_be_writable()
        self.entries[self.tree.view_names[photo.asset]] = photo

    def _must_be_writable(self) -> None:
        if not self.is_writable:
            super().unlink(b"")


class Buggy(Folder):
    """Raises where nobody expects it."""

    def lookup(self, name: bytes) -> Node | None:
        if name == b"boom":
            raise RuntimeError("a bug in a view")
        if name == b"lost":
            raise NoSuchEntry("lost")
        return super().lookup(name)

    def listing(self) -> Listing:
        raise RuntimeError("a bug in a listing")


class Search(Folder):
    """Ready after `seconds` of work; a bad query when `seconds` is negative."""

    def __init__(self, tree: StaticTree, seconds: float) -> None:
        super().__init__(tree)
        self.seconds = seconds
        self.ready = False

    def is_ready(self) -> bool:
        return self.ready

    def prepare(self) -> None:
        self.tree.calls["prepare"] += 1
        if self.seconds < 0:
            raise BadQuery("unbalanced quote", 'a "b', 2)
        time.sleep(self.seconds)
        self.ready = True


class Crowd(Listing):
    """`count` photos called 00000000.jpg and so on."""

    def __init__(self, count: int) -> None:
        self._rows = [
            Row(b"%08d.jpg" % n, Photo(AssetId(n + 1)), Attributes(photo_inode(AssetId(n + 1)), 1000 + n, n * 10**9, n))
            for n in range(count)
        ]
        self.names = {row.name: row.node for row in self._rows}
        self.attributes = {row.node: row.attributes for row in self._rows}

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, start: int) -> Iterator[tuple[int, Row]]:
        for position in range(start, len(self._rows)):
            yield position, self._rows[position]


class CrowdFolder(Folder):
    def __init__(self, tree: StaticTree, crowd: Crowd) -> None:
        super().__init__(tree)
        self.crowd = crowd

    def lookup(self, name: bytes) -> Node | None:
        self.tree.calls["lookup"] += 1
        return self.crowd.names.get(name)

    def listing(self) -> Listing:
        return self.crowd


class StaticTree:
    """Photos with files behind them, in folders. `calls` counts what the mount asked; `refused` keeps the reasons."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.refused: list[str] = []
        self.files: dict[Photo | Original, Path] = {}
        self.shown: dict[Photo | Original, Attributes] = {}
        self.view_names: dict[AssetId, bytes] = {}
        self.extended: dict[Photo | Original, dict[bytes, bytes]] = {}
        self.threads: set[str] = set()
        self.time_ns = 1_700_000_000 * 10**9
        self._root = Folder(self)
        self._root.entries[INDEXERS_KEEP_OUT] = TextFile(lambda: b"")

    # ---- What the mount asks ----

    @property
    def root(self) -> Folder:
        return self._root

    def attributes(self, node: Photo | Original) -> Attributes | None:
        return self.shown.get(node)

    def node_of(self, inode: int) -> Photo | Original | None:
        asset, file = asset_of(inode), file_of(inode)
        node = Photo(asset) if asset is not None else Original(file) if file is not None else None
        return node if node in self.shown else None

    def paths(self, node: Photo | Original) -> Sequence[bytes]:
        return [os.fsencode(self.files[node])] if node in self.files else []

    def xattrs(self, node: Photo | Original) -> Mapping[bytes, bytes]:
        return self.extended.get(node, {})

    def changed_ns(self) -> int:
        return self.time_ns

    def refuse(self, message: str) -> None:
        self.refused.append(message)

    # ---- What tests build ----

    def folder(self, path: str) -> Folder:
        """The folder at that path; made, with those above it, when missing."""
        folder: Folder = self._root
        for name in filter(None, os.fsencode(path).split(b"/")):
            inner = folder.entries.setdefault(name, Folder(self))
            assert isinstance(inner, Folder)
            folder = inner
        return folder

    def photo(self, name: bytes, file: Path | None, *folders: str, mtime_ns: int = 10**18) -> Photo:
        """A new photo called `name`, with the content of `file`, in those folders."""
        asset = AssetId(len(self.shown) + 1)
        photo = Photo(asset)
        size = file.stat().st_size if file is not None else 0
        self.shown[photo] = Attributes(photo_inode(asset), size, mtime_ns, mtime_ns)
        self.view_names[asset] = name
        if file is not None:
            self.files[photo] = file
        for path in folders:
            self.folder(path).entries[name] = photo
        return photo

    def original(self, name: bytes, file: Path, folder: str) -> Original:
        """A new original in that folder."""
        original = Original(FileId(len(self.shown) + 1))
        self.shown[original] = Attributes(original_inode(original.file), file.stat().st_size, 10**18, 10**18)
        self.files[original] = file
        self.folder(folder).entries[name] = original
        return original

    def row_attributes(self, node: Node) -> Attributes | None:
        return self.shown.get(node) if isinstance(node, Photo | Original) else None

    # ---- What tests tell a running server (tests/mount/server.py); names are text ----

    def remove(self, folder: str, name: str) -> None:
        del self.folder(folder).entries[os.fsencode(name)]

    def put(self, folder: str, name: str, asset: int) -> None:
        self.folder(folder).entries[os.fsencode(name)] = Photo(AssetId(asset))

    def call(self, folder: str, old: str, new: str) -> None:
        entries = self.folder(folder).entries
        entries[os.fsencode(new)] = entries.pop(os.fsencode(old))

    def folder_appears(self, path: str) -> None:
        self.folder(path)

    def resize(self, asset: int, size: int) -> None:
        photo = Photo(AssetId(asset))
        self.shown[photo] = self.shown[photo]._replace(size=size)

    def tag(self, asset: int, name: str, value: str) -> None:
        self.extended[Photo(AssetId(asset))] = {name.encode(): value.encode()}

    def drop(self, asset: int) -> None:
        del self.shown[Photo(AssetId(asset))]

    def count(self, what: str) -> int:
        return self.calls[what]

    def reasons(self) -> list[str]:
        return self.refused

    def ask_and_die(self, path: str) -> None:
        """Have a program look at `path`; kill it when the mount knows that something is asked, but not yet what."""
        program = subprocess.Popen(["stat", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_request = vars(pyfuse3)["_wait_fuse_readable"]

        async def wait_and_kill() -> bool:
            is_asked: bool = await wait_for_request()
            vars(pyfuse3)["_wait_fuse_readable"] = wait_for_request
            program.kill()
            program.wait()
            self.calls["killed"] += 1
            return is_asked

        vars(pyfuse3)["_wait_fuse_readable"] = wait_and_kill


def _ticking() -> Callable[[], bytes]:
    """A text that is longer every time it is rendered."""
    turn = itertools.count(1)
    return lambda: b"tick\n" * next(turn)


def _flipping() -> Callable[[], bytes]:
    """A text of 8,000 bytes that is all other letters every time it is rendered."""
    letters = itertools.cycle(string.ascii_lowercase.encode())
    return lambda: bytes([next(letters)]) * 8000


def gallery(library: str) -> StaticTree:
    """Every file of the folder `library` under /all, the first two also under /some; albums, texts, searches, bugs."""
    tree = StaticTree()
    files = sorted(file for file in Path(library).iterdir() if file.is_file())
    for number, file in enumerate(files):
        tree.photo(os.fsencode(file.name), file, *(["all", "some"] if number < 2 else ["all"]))
    tree.photo(b"1919.jpg", None, "old", mtime_ns=YEAR_1919_NS)
    tree.folder("deep/er/and/deeper")
    for path in ("albums", "people"):
        tree.folder(path).is_writable = True
    for name in (b"Alice", b"Bob"):
        tree.folder("people").entries[name] = Folder(tree, is_writable=True)
    root = tree.root.entries
    root[b"status"] = TextFile(lambda: b"all is well\n")
    root[b"flipping"] = TextFile(_flipping())
    root[b"ticking"] = TextFile(_ticking())
    root[b"buggy"] = Buggy(tree)
    root[b"hung"] = Search(tree, 3600)
    root[b"slow"] = Search(tree, 0.3)
    root[b"bad-query"] = Search(tree, -1)
    tree.folder("hung-texts").entries[b"text"] = TextFile(lambda: b"%d" % threading.Event().wait(3600))
    return tree


def crowd(count: int = 100_000) -> StaticTree:
    """`count` photos in /all; nothing can be read."""
    tree = StaticTree()
    many = Crowd(count)
    tree.shown.update(many.attributes)
    tree.root.entries[b"all"] = CrowdFolder(tree, many)
    return tree


def hostile(library: str) -> StaticTree:
    """Names that no file can have, among names that merely look as if."""
    tree = StaticTree()
    file = next(Path(library).iterdir())
    for name in (b"", b".", b"..", b"a/b", b"nul\0nul", b"x" * 256, b"\xff\xfe.jpg", b"new\nline.jpg", b"x" * 255):
        tree.photo(name, file, "odd")
    tree.photo("😀 été.jpg".encode(), file, "odd")
    for number in range(3000):  # more than one reply holds, so that a reply of nothing but these is met
        tree.photo(b"%d/bad" % number, file, "bad")
    tree.photo(b"good.jpg", file, "bad")
    return tree


def on_slow_disk(disk: str) -> StaticTree:
    """Photos whose files lie on slow_disk.py, mounted at `disk`."""
    tree = StaticTree()
    names = [b"quick", b"bad", b"slow-read-1", *(b"slow-open-%d" % n for n in range(130))]
    for number, name in enumerate(names, start=1):
        photo = Photo(AssetId(number))
        tree.shown[photo] = Attributes(photo_inode(photo.asset), 4000, 10**18, 10**18)
        tree.files[photo] = Path(disk, os.fsdecode(name))
        tree.folder("all").entries[name] = photo
    return tree
