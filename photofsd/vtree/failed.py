"""/.photofsd/failed/<stage>/<photo>: what a stage has given up on, as text files that say why and what to do."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from photofsd.display import shown
from photofsd.store import assets, jobs, paths
from photofsd.store.facets import cut
from photofsd.types import AssetId, FileId, Subject
from photofsd.vtree.node import Directory, Listing, Names, Node, Row, TextFile
from photofsd.vtree.scope import Library

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

ADVICE = "until the file or the stage changes. To try it all the same: photofsd stages retry "
ID_DIGITS = 10
NAME_MAX_BYTES = 255


class Failed(Directory):
    """A folder for every stage of what it has given up on; it is empty where there is nothing."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def lookup(self, name: bytes) -> Node | None:
        with self._library.store.read() as txn:
            return FailedIn(self._library, name.decode()) if name in map(str.encode, jobs.stages(txn)) else None

    def listing(self) -> Listing:
        with self._library.store.read() as txn:
            names = list(jobs.stages(txn))
        return Names([Row(name.encode(), FailedIn(self._library, name), None) for name in names])


class FailedIn(Directory):
    """What one stage has given up on: a text file a photo, under its view name.

    A path that has no photo (its content could not be read) has its own name and number: IMG_1.jpg~17.
    """

    def __init__(self, library: Library, stage: str) -> None:
        self._library = library
        self._stage = stage

    def lookup(self, name: bytes) -> Node | None:
        with self._library.store.read() as txn:
            stage = jobs.stage(txn, self._stage)
            subject = _subject(txn, stage.subject, name)
            if subject is None or jobs.failure(txn, stage, subject) is None:
                return None
        return self._text(subject)

    def listing(self) -> Listing:
        with self._library.store.read() as txn:
            stage = jobs.stage(txn, self._stage)
            named = [(_name(txn, stage.subject, subject), subject) for subject, _ in jobs.failures(txn, stage)]
        return Names([Row(name, self._text(subject), None) for name, subject in named if name is not None])

    def _text(self, subject: int) -> TextFile:
        return TextFile(lambda: self._explained(subject).encode("utf-8", "replace"))

    def _explained(self, subject: int) -> str:
        with self._library.store.read() as txn:
            stage = jobs.stage(txn, self._stage)
            why = jobs.failure(txn, stage, subject)
            if why is None:
                return "It does not count as failed any more.\n"
            at = dt.datetime.fromtimestamp(why.at_ns // 10**9, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            lines = [why.reason, *(f"  {path}" for path in _paths(txn, stage.subject, subject))]
        tries = "once" if why.attempts == 1 else f"{why.attempts} times"
        lines += ["", f"Stage {self._stage} tried it {tries}, last at {at}, and does not try again by itself", ADVICE]
        return "\n".join(lines) + self._stage + "\n"


def _subject(txn: ReadTransaction, kind: Subject, name: bytes) -> int | None:
    """What is shown as `name`."""
    if kind is Subject.ASSET:
        return assets.named(txn, name)
    number = name.rpartition(b"~")[2]
    file = int(number) if number.isdigit() and len(number) < ID_DIGITS else 0
    return file if _name(txn, kind, file) == name else None


def _name(txn: ReadTransaction, kind: Subject, subject: int) -> bytes | None:
    """Under which name a subject is shown; None where it is gone."""
    if kind is Subject.ASSET:
        asset = assets.asset(txn, AssetId(subject))
        return None if asset is None else asset.name
    file = paths.file(txn, FileId(subject))
    if file is None:
        return None
    number = b"~%d" % subject
    return cut(file.name, NAME_MAX_BYTES - len(number)) + number


def _paths(txn: ReadTransaction, kind: Subject, subject: int) -> list[str]:
    """Where a subject lies."""
    if kind is Subject.ASSET:
        asset = assets.asset(txn, AssetId(subject))
        files = asset.files if asset is not None else ()
    else:
        files = (FileId(subject),)
    records = (paths.file(txn, file) for file in files)
    return [shown(paths.file_path(txn, record)) for record in records if record is not None]
