"""The vanish guard: whether a library folder is really there, before anything is concluded from what it lacks.

Nothing of ours is ever written into a library, so what marks it is what we remember of it: the file system that it lay
on, the names at its top, and a marker file where the user has put one. An unmounted NAS leaves an empty folder, or one
with a stray file in it; a folder that was emptied by hand looks the same but lies on the same file system as before.

A look is one of many and cheap (at most KNOWN_NAMES calls of lstat). It is made in a thread of its own and given up
after a time limit, because a NAS that is down may hold a system call for ever; the thread is left to its fate, and no
second one is sent after it before it has come back.
"""

from __future__ import annotations

import itertools
import os
import stat
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from photofsd.display import shown
from photofsd.library.disk import Disk
from photofsd.store import paths

if TYPE_CHECKING:
    from photofsd.records import LibraryRecord
    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import DirId

KNOWN_NAMES: Final = 64
"""Folders, and as many files, whose presence is looked at."""


class Remembered(NamedTuple):
    """What is known of a library folder from before. fsid: 0 = never seen; names: of entries at its top."""

    fsid: int = 0
    has_marker: bool = False
    names: tuple[bytes, ...] = ()


class Facts(NamedTuple):
    """What a look found. present: how many of the remembered names are there."""

    fsid: int
    has_marker: bool
    is_empty: bool
    present: int


class Online(NamedTuple):
    """The library folder is there; remember this of it."""

    fsid: int
    has_marker: bool


class Offline(NamedTuple):
    """The library folder is not there, or cannot be trusted: nothing is concluded from what it lacks.

    reason: a full clause for people. may_be_confirmed: the user can say that it is really so.
    fsid: of what lies there now, where that is known.
    """

    reason: str
    may_be_confirmed: bool = False
    fsid: int = 0


Verdict: TypeAlias = Online | Offline


def believed(verdict: Verdict, *, confirm_deletions: bool) -> Online | None:
    """What to remember of the library folder where it can be relied on; None where it cannot."""
    if isinstance(verdict, Online):
        return verdict
    return Online(verdict.fsid, has_marker=False) if confirm_deletions and verdict.may_be_confirmed else None


def remembered(txn: ReadTransaction, record: LibraryRecord) -> Remembered:
    """What the store knows of a library folder."""
    return Remembered(record.fsid, record.has_marker, known_names(txn, record.dir))


def known_names(txn: ReadTransaction, folder: DirId) -> tuple[bytes, ...]:
    """Names of up to KNOWN_NAMES folders and as many files that are known to lie in `folder`."""
    folders = (name for name, _ in itertools.islice(paths.children(txn, folder), KNOWN_NAMES))
    files = (name for name, _ in itertools.islice(paths.files_in(txn, folder), KNOWN_NAMES))
    return (*folders, *files)


def count_present(disk: Disk, folder: bytes, names: tuple[bytes, ...]) -> int:
    """How many of `names` are in `folder`. One that cannot be looked at is there: its name is known to the disk."""
    return sum(not _is_absent(disk, os.path.join(folder, name)) for name in names)


def _is_absent(disk: Disk, path: bytes) -> bool:
    try:
        return disk.find(path) is None
    except OSError:
        return False


def judge(facts: Facts, known: Remembered) -> Verdict:
    """What follows from a look. Pure.

    The same file system and root folder as before are believed, whatever they hold (a single top folder that was
    renamed leaves none of the names); what is missing there is up to the scan and its own guard. Only a folder that
    holds nothing at all is not believed even then, unless the user confirms it.
    """
    is_same = facts.fsid == known.fsid
    if known.has_marker and not facts.has_marker:
        return Offline("its marker file is not there: is the disk or share mounted?")
    if facts.is_empty and known.names:
        return Offline("it is empty, and photos are known in it: is the disk or share mounted?", is_same, facts.fsid)
    if not is_same and facts.present * 2 < len(known.names):
        return Offline(
            f"it lies on another file system than before, and only {facts.present} of {len(known.names)} known entries "
            f"are in it: is the right disk or share mounted?",
            may_be_confirmed=True,
            fsid=facts.fsid,
        )
    return Online(facts.fsid, facts.has_marker or known.has_marker)


class Lookout:
    """Looks at one library folder, within a time limit.

    marker: name of the user's marker file, empty = none. timeout_s: then the folder counts as offline.
    """

    def __init__(self, disk: Disk, *, marker: bytes = b"", timeout_s: float = 10.0) -> None:
        self._disk = disk
        self._marker = marker
        self._timeout_s = timeout_s
        self._hanging: Future[Verdict] | None = None

    def look(self, folder: bytes, known: Remembered) -> Verdict:
        """Whether the library folder is there. Never raises for what the file system does, never hangs with it."""
        if self._hanging is not None and not self._hanging.done():
            return Offline("it still does not answer")
        verdict: Future[Verdict] = Future()
        thread = threading.Thread(target=self._look, args=(folder, known, verdict), name="library-look", daemon=True)
        thread.start()
        try:
            return verdict.result(self._timeout_s)
        except TimeoutError:
            self._hanging = verdict
            return Offline(f"it does not answer within {self._timeout_s:g} s")

    def _look(self, folder: bytes, known: Remembered, verdict: Future[Verdict]) -> None:
        try:
            verdict.set_result(self._examine(folder, known))
        except BaseException as error:  # noqa: BLE001  a thread's error belongs to whoever waits for it
            verdict.set_exception(error)

    def _examine(self, folder: bytes, known: Remembered) -> Verdict:
        if not self._marker:  # a marker that is no longer asked for is not missed
            known = known._replace(has_marker=False)
        try:
            if not stat.S_ISDIR(self._disk.stat(folder).st_mode):
                return Offline("it is no folder")
            return judge(self._facts(folder, known), known)
        except (FileNotFoundError, NotADirectoryError):
            return Offline("it is not there: is the disk or share mounted?")
        except OSError as error:
            return Offline(f"it cannot be read: {error.strerror}")

    def _facts(self, folder: bytes, known: Remembered) -> Facts:
        with self._disk.entries(folder) as entries:
            is_empty = next(entries, None) is None
        has_marker = bool(self._marker) and self._disk.find(os.path.join(folder, self._marker)) is not None
        present = count_present(self._disk, folder, known.names)
        return Facts(self._disk.identity(folder), has_marker, is_empty, present)


def offline_line(folder: bytes, verdict: Offline) -> str:
    """The alert for a library folder that is offline."""
    line = f"{shown(folder)} is offline: {verdict.reason}"
    if verdict.may_be_confirmed:
        line += " If it is really so, run `photofsd scan --confirm-deletions`."
    return line
