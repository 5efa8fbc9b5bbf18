"""What the user said: an append-only journal of plain text, fsynced before the store's change is committed.

Everything else can be computed again from the originals; this cannot. One JSON object a line, numbered from 1, in
files of at most 4 MiB: `{"n": 7, "at": "2026-11-20T21:00:00Z", "do": "keep-search", "query": "beach"}`. At start,
what the store has not applied yet (its `journal` mark) is applied; a line torn by a power loss is cut off. Text that
is no Unicode (names are bytes) stands in it as lone surrogates, escaped.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import json
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from photofsd.durable import FULL, sync_folder
from photofsd.errors import StoreError, StoreFull
from photofsd.store import undo
from photofsd.store.schema import Tables
from photofsd.store.verb import Entry, Verb

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

FILE_MAX_BYTES = 4 << 20
MARK = b"journal"
_ENTRIES_A_COMMIT = 500
_OURS = {"n", "at"}


class Journal:
    """The journal in a folder. One process opens it; usable from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
        self._folder = folder
        self._lock = threading.Lock()
        self._cut_torn_line()
        self._last = max((int(entry["n"]) for entry in self.entries()), default=0)

    @property
    def last(self) -> int:
        """The number of the last entry; 0 = there is none."""
        return self._last

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Every entry numbered above `after`, oldest first. Raises StoreError on a damaged line."""
        number = 0
        for file in self._files_after(after):
            with self._lock:
                content = file.read_bytes()
            for line_number, line in enumerate(content.splitlines(), 1):
                entry = _parsed(line, f"{file}:{line_number}")
                if entry["n"] <= number:
                    raise StoreError(f"{file}:{line_number} is damaged (entry {entry['n']} follows {number})")
                number = entry["n"]
                if number > after:
                    yield entry

    def append(self, entry: Entry, accept: Callable[[Entry], None] | None = None) -> Entry:
        """Write an entry, with its number and time, to the disk for good, and return it.

        accept: is given the numbered entry first; where it raises, nothing is written.
        Raises StoreError, StoreFull: then nothing was written.
        """
        if _OURS & entry.keys():
            raise ValueError(f"an entry's {sorted(_OURS)} are the journal's to give")
        with self._lock:
            numbered = {"n": self._last + 1, "at": _now(), **entry}
            line = json.dumps(numbered, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
            if accept is not None:
                accept(numbered)
            file = self._current(len(line))
            try:
                _append_durably(file, line)
            except OSError as error:
                kind = StoreFull if error.errno in FULL else StoreError
                raise kind(f"{file} cannot be written ({error.strerror}): nothing was changed") from error
            self._last += 1
            return numbered

    def continue_after(self, number: int) -> None:
        """Number the next entry above `number` (of a store that has heard of more than this journal knows)."""
        with self._lock:
            self._last = max(self._last, number)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.jsonl"))

    def _files_after(self, after: int) -> list[Path]:
        """The files that may hold entries above `after`: a file is named for its first entry."""
        files = self._files()
        wholly_before = sum(1 for file in files[1:] if int(file.stem) <= after + 1)
        return files[wholly_before:]

    def _current(self, room: int) -> Path:
        files = self._files()
        if files and files[-1].stat().st_size + room <= FILE_MAX_BYTES:
            return files[-1]
        return self._folder / f"{self._last + 1:012}.jsonl"

    def _cut_torn_line(self) -> None:
        for file in self._files()[-1:]:
            content = file.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole != len(content):
                os.truncate(file, whole)


def _parsed(line: bytes, place: str) -> Entry:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise StoreError(f"{place} is damaged ({error}): restore it from a backup") from error
    if not (isinstance(entry, dict) and isinstance(entry.get("n"), int) and isinstance(entry.get("do"), str)):
        raise StoreError(f"{place} is damaged (an entry has a number n and says what to do): restore it from a backup")
    return entry


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _append_durably(file: Path, line: bytes) -> None:
    """Append, fsync, and undo a part that was written when the disk filled up."""
    is_new = not file.exists()
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if is_new:
            sync_folder(file.parent)
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, line: bytes) -> None:
    """Write the whole line: a short write is a disk that fills up, and the next one says so."""
    written = 0
    while written < len(line):
        written += os.write(descriptor, line[written:])


class UserFacts:
    """What users say: into the journal, then the store, in the same order, in the writer's thread.

    The store's mark says up to which entry it has applied all of them, none is ever passed over.
    verbs: what each `do` of the journal means for the store.
    """

    def __init__(self, journal: Journal, writer: Writer, verbs: Mapping[str, Verb]) -> None:
        self._journal = journal
        self._writer = writer
        self._verbs = verbs

    def say(self, do: str, **facts: object) -> Entry:
        """Record a fact for good, make it true, and return the entry as it was recorded.

        Raises what its verb raises, and StoreError: nothing has changed.

        With one exception: where the disk fills up between the two (StoreFull), the fact is recorded, and becomes
        true with the next one that is said, or at the next start.
        """
        return self._writer.run(_Saying(self, {"do": do, **facts}))

    def entries(self, numbers: Collection[int]) -> dict[int, Entry]:
        """What stands in the journal under these numbers."""
        some = self._journal.entries(after=min(numbers, default=1) - 1)
        return {entry["n"]: entry for entry in some if entry["n"] in numbers}

    def catch_up(self) -> int:
        """Apply what the store has not heard of (a crash in between, a store made anew); returns how many."""
        mark = self._writer.run(lambda txn: txn.number(Tables.META, MARK))
        missed = self._journal.entries(after=mark)
        count = 0
        while some := list(itertools.islice(missed, _ENTRIES_A_COMMIT)):
            self._writer.run(functools.partial(self._apply, some), rows=len(some))
            count += len(some)
        self._writer.run(self.tell)
        return count

    def record(self, txn: WriteTransaction, entry: Entry) -> Entry:
        """Complete `entry`, apply it, write it to the journal, return it as it is there; only `say` calls this."""
        complete = self._verb(entry["do"]).complete(txn, entry)
        self.tell(txn)
        return self._append(txn, complete)

    def _append(self, txn: WriteTransaction, complete: Entry) -> Entry:
        return self._journal.append(complete, accept=lambda numbered: self._apply([numbered], txn))

    def tell(self, txn: WriteTransaction) -> None:
        """Record what has come true by itself."""
        for verb in self._verbs.values():
            for entry in list(verb.untold(txn)):
                self._append(txn, entry)

    def apply_missed(self, txn: WriteTransaction) -> None:
        """Apply what the journal says beyond the store's mark."""
        mark = txn.number(Tables.META, MARK)
        if mark < self._journal.last:
            self._apply(self._journal.entries(after=mark), txn)
        else:
            self._journal.continue_after(mark)

    def _apply(self, entries: Iterable[Entry], txn: WriteTransaction) -> None:
        mark = txn.number(Tables.META, MARK)
        for entry in entries:
            if entry["n"] > mark:
                before = self._verb(entry["do"]).apply(txn, entry)
                if before is not None:
                    undo.remember(txn, entry, before)
                mark = entry["n"]
        txn.put_number(Tables.META, MARK, mark)

    def _verb(self, do: str) -> Verb:
        verb = self._verbs.get(do)
        if verb is None:
            raise StoreError(f"the journal says {do!r}, which this photofsd does not know: use a newer one")
        return verb


class _Saying:
    """The piece of work that says one fact. It may be run again, and then must not write the journal twice."""

    def __init__(self, facts: UserFacts, entry: Entry) -> None:
        self._facts = facts
        self._entry = entry
        self._recorded: Entry | None = None

    def __call__(self, txn: WriteTransaction) -> Entry:
        self._facts.apply_missed(txn)
        if self._recorded is None:
            self._recorded = self._facts.record(txn, self._entry)
        return self._recorded
