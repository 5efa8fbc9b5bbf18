"""Two ways to walk the same tree: the nodes themselves, and a real mount of a real daemon. Both raise OSError."""

# Paths are bytes here, as the kernel gives them.

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from photofsd import views
from photofsd.errors import PhotofsdError
from photofsd.fuse.errno import errno_of, is_refusal
from photofsd.media.rendition import RenderSettings
from photofsd.query.searches import Searches
from photofsd.store import paths
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.verbs import VERBS
from photofsd.types import DirId
from photofsd.vtree.node import Directory, Node, Original, Photo, TextFile
from photofsd.vtree.scope import Library, Told
from photofsd.vtree.tree import LibraryTree
from tests.component.librarian import Librarian, librarian

TODAY = dt.date(2024, 6, 15)
READY_S = 300  # for all of the test photos, on a busy machine


class Walker(Protocol):
    """What the view suite needs of a tree. Paths are relative to its root, bytes, without a leading slash."""

    folder: Path

    def names(self, path: bytes) -> list[bytes]:
        """The entries of a folder, as listed."""

    def read(self, path: bytes) -> bytes:
        """The content of a file."""

    def inode(self, path: bytes) -> int:
        """The inode of an entry."""

    def mtime_ns(self, path: bytes) -> int:
        """When it was taken."""

    def is_folder(self, path: bytes) -> bool:
        """Claim: the entry is a folder."""

    def mkdir(self, path: bytes) -> None:
        """Make a folder."""

    def rmdir(self, path: bytes) -> None:
        """Remove a folder."""

    def unlink(self, path: bytes) -> None:
        """Remove a file."""

    def rename(self, old: bytes, new: bytes) -> None:
        """Move an entry."""

    def link(self, old: bytes, new: bytes) -> None:
        """Give a photo another name."""


class NodeWalker:
    """Walks the nodes, as the mount does: prepare, then look up."""

    def __init__(self, tree: LibraryTree, folder: Path) -> None:
        self._tree = tree
        self.folder = folder

    @contextlib.contextmanager
    def _errnos(self) -> Iterator[None]:
        """Raise our errors as the mount shows them, and keep the reasons as it does."""
        try:
            yield
        except PhotofsdError as error:
            if is_refusal(error):
                self._tree.refuse(str(error))
            number = errno_of(error)
            raise OSError(number, os.strerror(number)) from error

    def _node(self, path: bytes) -> Node:
        node: Node = self._tree.root
        for name in path.split(b"/") if path else ():
            if not isinstance(node, Directory):
                raise NotADirectoryError(path)
            with self._errnos():
                if not node.is_ready():
                    node.prepare()
                below = node.lookup(name)
            if below is None:
                raise FileNotFoundError(path)
            node = below
        return node

    def _parent(self, path: bytes) -> tuple[Directory, bytes]:
        parent, _, name = path.rpartition(b"/")
        node = self._node(parent)
        assert isinstance(node, Directory)
        return node, name

    def names(self, path: bytes) -> list[bytes]:
        node = self._node(path)
        assert isinstance(node, Directory)
        with self._errnos():
            return [row.name for _, row in node.listing().rows(0)]

    def read(self, path: bytes) -> bytes:
        node = self._node(path)
        if isinstance(node, TextFile):
            return node.render()
        assert isinstance(node, Photo | Original)
        return Path(os.fsdecode(self._tree.paths(node)[0])).read_bytes()

    def inode(self, path: bytes) -> int:
        return self._attributes(path)[0]

    def mtime_ns(self, path: bytes) -> int:
        return self._attributes(path)[2]

    def _attributes(self, path: bytes) -> tuple[int, int, int, int]:
        node = self._node(path)
        assert isinstance(node, Photo | Original)
        found = self._tree.attributes(node)
        assert found is not None
        return found

    def is_folder(self, path: bytes) -> bool:
        return isinstance(self._node(path), Directory)

    def mkdir(self, path: bytes) -> None:
        parent, name = self._parent(path)
        with self._errnos():
            parent.mkdir(name)

    def rmdir(self, path: bytes) -> None:
        parent, name = self._parent(path)
        with self._errnos():
            parent.rmdir(name)

    def unlink(self, path: bytes) -> None:
        parent, name = self._parent(path)
        with self._errnos():
            parent.unlink(name)

    def rename(self, old: bytes, new: bytes) -> None:
        parent, name = self._parent(old)
        target, new_name = self._parent(new)
        with self._errnos():
            parent.rename(name, target, new_name)

    def link(self, old: bytes, new: bytes) -> None:
        photo = self._node(old)
        parent, name = self._parent(new)
        assert isinstance(photo, Photo)
        with self._errnos():
            parent.adopt(name, photo)


class MountWalker:
    """Walks a real mount."""

    def __init__(self, mount: Path, folder: Path) -> None:
        self._mount = os.fsencode(mount)
        self.folder = folder

    def _path(self, path: bytes) -> bytes:
        return self._mount + b"/" + path if path else self._mount

    def names(self, path: bytes) -> list[bytes]:
        return os.listdir(self._path(path))

    def read(self, path: bytes) -> bytes:
        with open(self._path(path), "rb") as file:
            return file.read()

    def inode(self, path: bytes) -> int:
        return os.stat(self._path(path)).st_ino

    def mtime_ns(self, path: bytes) -> int:
        return os.stat(self._path(path)).st_mtime_ns

    def is_folder(self, path: bytes) -> bool:
        return stat.S_ISDIR(os.stat(self._path(path)).st_mode)

    def mkdir(self, path: bytes) -> None:
        os.mkdir(self._path(path))

    def rmdir(self, path: bytes) -> None:
        os.rmdir(self._path(path))

    def unlink(self, path: bytes) -> None:
        os.unlink(self._path(path))

    def rename(self, old: bytes, new: bytes) -> None:
        os.rename(self._path(old), self._path(new))

    def link(self, old: bytes, new: bytes) -> None:
        os.link(self._path(old), self._path(new))


@contextlib.contextmanager
def walking_nodes(
    folder: Path, state: Path, prepare: Callable[[Librarian], None] = lambda _: None
) -> Iterator[NodeWalker]:
    """The tree over `folder` without any mount. prepare: called when all work is done."""
    with librarian(folder, state) as here:
        here.take_in()
        here.work_off()
        prepare(here)
        reasons = [""]
        yield NodeWalker(LibraryTree(library(here, last_error=lambda: reasons[-1]), refuse=reasons.append), folder)


def library(
    here: Librarian, *, covers_only: bool = False, last_error: Callable[[], str] = lambda: "nothing\n"
) -> Library:
    """What the daemon gives to the views."""
    journal = Journal(here.state / "journal")
    return Library(
        store=here.store,
        searches=Searches(here.store, here.writer, lambda: TODAY, limit=200, remembered=20),
        facts=UserFacts(journal, here.writer, VERBS),
        told=Told(lambda: "status\n", last_error),
        views=views.discover(),
        roots={b"library": _root(here)},
        today=lambda: TODAY,
        recent_photos=500,
        rendering=RenderSettings(),
        covers_only=lambda: covers_only,
        people_min_photos=3,
    )


def _root(here: Librarian) -> DirId:
    with here.store.read() as txn:
        known = paths.library(txn, os.fsencode(here.folder))
    assert known is not None
    return known.dir


@contextlib.contextmanager
def daemon(folder: Path, state: Path, mount: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A real daemon over `folder`, its first work done. It must end by itself, cleanly, when asked.

    One that does not get ready is ended so that the failure says what each of its threads was doing.
    """
    models = ["--models", str(state.parent / "models")]  # whatever the user has installed
    common = ["--library", str(folder), "--state", str(state), "--mount", str(mount), *models, *options]
    said = state.parent / "daemon.log"
    command = [sys.executable, "-X", "faulthandler", "-m", "photofsd"]
    with said.open("ab") as log:
        process = subprocess.Popen([*command, "run", *common], stderr=log, stdout=log)
        try:
            trouble = _trouble(process, [*command, "wait", "--timeout", str(READY_S), "--state", str(state)])
            assert not trouble, f"{trouble}\nthe daemon said:\n{said.read_text()}"
            yield process
            process.terminate()
            assert process.wait(30) == 0, said.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            subprocess.run(["fusermount3", "-u", "-z", "-q", str(mount)], check=False, capture_output=True)


def _trouble(process: subprocess.Popen[bytes], wait: list[str]) -> str:
    """Wait for the daemon's first work; why it is not done, "" where it is."""
    with subprocess.Popen(wait, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as waiting:
        while waiting.poll() is None and process.poll() is None:
            time.sleep(0.05)
        waiting.terminate()
        said = waiting.communicate()[1]
    if process.poll() is not None:
        return f"the daemon ended with {process.returncode}"
    if waiting.returncode:
        process.send_signal(signal.SIGABRT)  # faulthandler writes where all threads are
        process.wait(30)
        return f"not ready: {said}"
    return ""


@contextlib.contextmanager
def walking_mount(
    folder: Path, state: Path, mount: Path, prepare: Callable[[Librarian], None] | None = None
) -> Iterator[MountWalker]:
    """The tree over `folder` through the mount of a real daemon. prepare: called before, when all work is done."""
    if prepare is not None:
        with librarian(folder, state) as here:
            here.take_in()
            here.work_off()
            prepare(here)
    with daemon(folder, state, mount):
        yield MountWalker(mount, folder)
