"""A process whose children say or do something about people, and are killed before each of their writes.

python -m tests.component.people_victim FOLDER, with deadly_writes.so loaded before everything else. What is left has to
be what was before, to the last row, or what was to be; also where whoever puts that right is killed, too. It says on
stdout how many died of what.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from photofsd.clustering import file_names, moving
from photofsd.clustering.messages import Move
from photofsd.records import Metadata, Region
from photofsd.store import assets, journal, people, people_said, undo
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.schema import ALL_TABLES, Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from photofsd.types import AssetId, FaceId, FileId, Kind, PersonId
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, find, together
from tests.component.store_kit import add_photo, digest, open_store, root, violations

UNKNOWN, ALICE, OTHER, BOB = map(PersonId, range(1, 5))
NOON: Final = "2026-11-21T12:00:00Z"
NOON_NS: Final = 1_795_262_400 * 10**9
STORE: Final = "store/data.mdb"


class Library(NamedTuple):
    """A store that is open, and what users say."""

    writer: Writer
    facts: UserFacts

    def say(self, do: str, **facts: object) -> None:
        self.facts.say(do, **facts)


Step = Callable[[Library], object]


class Left(NamedTuple):
    """All that there is: the rows of every table, and the journal."""

    rows: Mapping[str, Mapping[bytes, bytes]]
    entries: list[Mapping[str, Any]]


# ---- What is said and done


def fill(it: Library) -> None:
    """Photos 1 to 6 with a face on the left, 1 with another on the right: 1 and 2 are UNKNOWN, 3 and 4 ALICE, 5 OTHER.

    The file of photo 4 names Alice, that of 6 Bob, who has no face.
    """

    def work(txn: WriteTransaction) -> None:
        photos = [add_photo(txn, root(txn), b"%d.jpg" % number, number) for number in range(1, 7)]
        found = [find(txn, photo, [LEFT, RIGHT] if photo == 1 else [LEFT])[0] for photo in photos]
        for some, name in ((found[:2], b""), (found[2:4], b"Alice"), (found[4:5], b"")):
            together(txn, some, name)
        people.new_person(txn, b"Bob")
        for photo, name in ((4, "Alice"), (6, "Bob")):
            assets.keep(txn, Tables.METADATA, AssetId(photo), Metadata("jpeg", Kind.IMAGE, people=(name,)))

    it.writer.run(work)


def saying(do: str, **facts: object) -> Step:
    """A user says that."""
    return lambda it: it.say(do, **facts)


def doing(work: Callable[[WriteTransaction], object]) -> Step:
    """The machine does that."""
    return lambda it: it.writer.run(work)


def of(photo: int, at: int = 0) -> FaceId:
    """A face as it was found first, from the left."""
    return FaceId(photo + (photo > 1) + at)


def move(txn: WriteTransaction) -> None:
    """The clusterer's word: somebody new, somebody who joins, somebody suggested."""
    moving.moved(txn, [Move(of(1, 1), 0, -1), Move(of(5), 3, UNKNOWN), Move(of(6), 0, 0, ALICE)], {})


def mark(txn: WriteTransaction) -> None:
    """A file names the face in photo 2."""
    txn.touch(AssetId(2))
    regions = (Region(LEFT, 0.3, 0.2, 0.2, "Carol"),)
    assets.keep(txn, Tables.METADATA, AssetId(2), Metadata("jpeg", Kind.IMAGE, regions=regions))
    file_names.obeyed(txn, AssetId(2))


STEPS: Final[Mapping[str, Step]] = {
    "a name": saying(people_said.NAME, person=UNKNOWN, name="Zo\u00eb \udcff"),
    "another name": saying(people_said.NAME, person=UNKNOWN, name="Zo\u00eb"),
    "somebody made": saying(people_said.MAKE, name="Twin"),
    "a face set": saying(people_said.ASSIGN, face=of(3), person=5, instead_of=ALICE),
    "a photo given": saying(people_said.ASSIGN, asset=6, person=UNKNOWN, instead_of=BOB),
    "a face refused": saying(people_said.REFUSE, face=of(4), person=ALICE, cosine=0.5),
    "a refusal taken back": saying(undo.UNDO),
    "a file denied": saying(people_said.REFUSE_NAME, asset=4, person=ALICE),
    "somebody hidden": saying(people_said.HIDE, person=OTHER, hidden=True),
    "two made one": saying(people_said.MERGE, person=UNKNOWN, into=ALICE),
    "faces moved": doing(move),
    "empty groups forgotten": doing(people.tidy),
    "a face named by its file": doing(mark),
    "faces found by another model": doing(lambda txn: find(txn, AssetId(3), [MIDDLE, LEFT], model="another")),
    "a photo edited": doing(lambda txn: assets.identify(txn, FileId(4), digest("edited"), 2)),
    "two parted": saying(undo.UNDO),
    "two made one the other way": saying(people_said.MERGE, person=ALICE, into=UNKNOWN),
    "somebody shown": saying(undo.UNDO, entries=[9]),
    "a name of somebody who was merged": saying(people_said.NAME, person=ALICE, name="Alicia"),
    "a name once more": saying(people_said.NAME, person=ALICE, name="Alice"),
    "both taken back": saying(undo.UNDO, burst=True),
}
"""Users and the machine in turn; a word after an edit tells the journal of that first."""


# ---- Killed


@contextmanager
def opened(folder: Path) -> Iterator[Library]:
    """The library as a daemon opens it: what the journal knows and the store does not is made true."""
    store = open_store(folder / "store")
    writer = Writer(store)
    facts = UserFacts(Journal(folder / "journal"), writer, VERBS)
    facts.catch_up()
    yield Library(writer, facts)
    writer.close()
    assert violations(store) == []
    store.close()


def left(folder: Path) -> Left:
    """What a daemon finds there, once it has started."""
    with opened(folder):
        pass
    store = open_store(folder / "store")
    with store.read() as txn:
        rows = {table.name: dict(txn.items(table)) for table in ALL_TABLES}
    store.close()
    return Left(rows, list(Journal(folder / "journal").entries()))


def copied(folder: Path) -> Path:
    """The files as they are now, for somebody else to write to."""
    to = folder.with_name(f"{folder.name}'")
    shutil.rmtree(to, ignore_errors=True)
    (to / STORE).parent.mkdir(parents=True)
    shutil.copy(folder / STORE, to / STORE)
    shutil.copytree(folder / "journal", to / "journal")
    return to


def deaths(before: Path, work: Callable[[Path, Callable[[], object]], None], deadly: ctypes.CDLL) -> Iterator[Path]:
    """What `work` leaves that is killed before its first write, before its second one, and so on.

    work: is given a folder like `before`, and what to call when it begins to be in danger.
    """
    for number in itertools.count(1):
        folder = copied(before)
        child = os.fork()
        if not child:
            try:
                work(folder, functools.partial(deadly.die_before, number))
            except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 0:
            return
        assert status == -signal.SIGKILL, status
        yield folder


def start(folder: Path, in_danger: Callable[[], object]) -> None:
    """Start on what somebody has left who was killed."""
    in_danger()
    with opened(folder):
        pass


def main(folder: Path) -> None:
    """Take one step after the other, each after it was killed as often as it writes."""
    deadly = ctypes.CDLL(None)
    journal._now = lambda: NOON
    time.time_ns = lambda: NOON_NS
    at = folder / "0"
    at.mkdir()
    with opened(at) as it:
        fill(it)
    for number, (what, step) in enumerate(STEPS.items(), 1):

        def take(where: Path, in_danger: Callable[[], object], step: Step = step) -> None:
            with opened(where) as it:
                in_danger()
                step(it)

        done = copied(at).rename(folder / str(number))
        take(done, lambda: None)
        before, after = left(copied(at)), left(copied(done))
        assert before != after, what
        found = {True: 0, False: 0}
        for dead in deaths(at, take, deadly):
            now = left(copied(dead))
            assert now in (before, after), what
            if now == after and not found[True]:
                assert all(left(copied(again)) == after for again in deaths(dead, start, deadly)), what
            found[now == after] += 1
        sys.stdout.write(f"{what}: {found[False]} times nothing, {found[True]} times all\n")
        at = done


if __name__ == "__main__":
    main(Path(sys.argv[1]))
