"""What the user said: an append-only journal of plain text, fsynced before the store hears of it.

Everything else can be computed again from the originals; this cannot. One JSON object a line, numbered from 1, in
files of at most 4 MiB: `{"n": 7, "at": "2026-11-20T21:00:00Z", "do": "keep-search", "query": "beach"}`. At start,
what the store has not applied yet (its `journal` mark) is applied; a line torn by a power loss is cut off.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photofsd.errors import StoreError
from photofsd.store.schema import Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

Entry = Mapping[str, Any]
FILE_MAX_BYTES = 4 << 20
MARK = b"journal"


class Journal:
    """The journal in a folder. One process writes; `say` may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._lock = threading.Lock()
        self._cut_torn_line()
        self._last = max((int(entry["n"]) for entry in self.entries()), default=0)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Every entry numbered above `after`, oldest first. Raises StoreError on a damaged line."""
        for file in self._files():
            for number, line in enumerate(file.read_bytes().splitlines(), 1):
                try:
                    entry = json.loads(line)
                except ValueError as error:
                    raise StoreError(f"{file}:{number} is damaged ({error}): restore it from a backup") from error
                if entry["n"] > after:
                    yield entry

    def append(self, entry: Entry) -> Entry:
        """Write an entry, with its number and time, to the disk for good, and return it. Raises StoreError."""
        with self._lock:
            numbered = {"n": self._last + 1, "at": _now(), **entry}
            line = json.dumps(numbered, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"
            file = self._current(len(line))
            try:
                _append_durably(file, line)
            except OSError as error:
                raise StoreError(f"{file} cannot be written ({error.strerror}): nothing was changed") from error
            self._last += 1
            return numbered

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

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


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _append_durably(file: Path, line: bytes) -> None:
    """Append, fsync, and undo a part that was written when the disk filled up."""
    is_new = not file.exists()
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    if is_new:
        _sync_folder(file.parent)


def _write_all(descriptor: int, line: bytes) -> None:
    """Write the whole line: a short write is a disk that fills up, and the next one says so."""
    written = 0
    while written < len(line):
        written += os.write(descriptor, line[written:])


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class UserFacts:
    """What users say, journal first, then the store.

    verbs: what each `do` of the journal means for the store; a function of (transaction, entry).
    """

    def __init__(
        self, journal: Journal, writer: Writer, verbs: Mapping[str, Callable[[WriteTransaction, Entry], None]]
    ) -> None:
        self._journal = journal
        self._writer = writer
        self._verbs = verbs

    def say(self, do: str, **facts: object) -> None:
        """Record a fact for good, and make it true. Raises StoreError; then nothing was changed."""
        entry = self._journal.append({"do": do, **facts})
        self._writer.run(lambda txn: self._apply(txn, entry=entry))

    def catch_up(self) -> int:
        """Apply what the store has not heard of (a crash in between, a store made anew); returns how many."""
        missed = list(self._journal.entries(after=self._writer.run(lambda txn: txn.number(Tables.META, MARK))))
        for entry in missed:
            self._writer.run(functools.partial(self._apply, entry=entry))
        return len(missed)

    def _apply(self, txn: WriteTransaction, *, entry: Entry) -> None:
        verb = self._verbs.get(entry["do"])
        if verb is None:
            raise StoreError(f"the journal says {entry['do']!r}, which this photofsd does not know: use a newer one")
        verb(txn, entry)
        txn.put_number(Tables.META, MARK, max(int(entry["n"]), txn.number(Tables.META, MARK)))
