"""Readers: in threads and in another process, while the writer writes; none is in its way, not even a dead one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photofsd.errors import StoreError
from photofsd.store import facets, paths
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import FileId
from tests.component.store_kit import add_photo, root, size_bytes

CHECKOUT = Path(__file__).parents[2]
ROUNDS = 60

READ_UNTIL_KILLED = """
import sys
from pathlib import Path
from photofsd.store.env import Store
with Store.open(Path(sys.argv[1]), readonly=True).read() as txn:
    print(txn.counter(b"photos"), flush=True)
    sys.stdin.read()
"""

READ_AGAIN_AND_AGAIN = """
import sys
from pathlib import Path
from photofsd.store import facets
from photofsd.store.env import Store
store = Store.open(Path(sys.argv[1]), readonly=True)
for _ in sys.stdin:
    with store.read() as txn:
        print(txn.counter(b"photos"), len(facets.live(txn)), flush=True)
"""


@contextmanager
def _process(script: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _is_consistent(txn: ReadTransaction) -> bool:
    """Claim: all tables tell of the same moment."""
    photos = txn.counter(b"photos")
    return photos == len(facets.live(txn)) == txn.count(Tables.FILES) == txn.counter(b"files")


def _come_and_go(number: int) -> Callable[[WriteTransaction], None]:
    """Add a photo in every round, and take the last but one away."""

    def work(txn: WriteTransaction) -> None:
        add_photo(txn, root(txn), b"%d.jpg" % number)
        if number >= 2:
            paths.remove_file(txn, FileId(number - 1))

    return work


def test_threads_that_read_while_others_write_see_one_moment_each(store: Store, writer: Writer) -> None:
    is_over = threading.Event()
    verdicts: list[bool] = []

    def look() -> None:
        while not is_over.is_set():
            with store.read() as txn:
                verdicts.append(_is_consistent(txn))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(ROUNDS):
        writer.run(_come_and_go(number))
    is_over.set()
    for thread in threads:
        thread.join()
    assert len(verdicts) > ROUNDS
    assert all(verdicts)


def test_another_process_reads_what_has_been_committed(store: Store, writer: Writer, tmp_path: Path) -> None:
    with _process(READ_AGAIN_AND_AGAIN, tmp_path / "store") as reader:
        assert reader.stdin is not None
        for number in range(1, 6):
            writer.run(lambda txn, number=number: add_photo(txn, root(txn), b"%d.jpg" % number))
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert _line(reader) == f"{number} {number}\n"
    with store.read() as txn:
        assert _is_consistent(txn)


def test_a_moment_that_is_read_does_not_change(store: Store, writer: Writer) -> None:
    writer.run(_come_and_go(0))
    with store.read() as txn:
        writer.run(_come_and_go(1))
        assert txn.counter(b"photos") == len(facets.live(txn)) == 1
    with store.read() as txn:
        assert txn.counter(b"photos") == 2


def _bytes_after(store: Store, rounds: int) -> int:
    """The size of the store's file after rewriting the same 400 kB again and again."""
    for number in range(rounds):
        with store.write() as txn:
            for row in range(100):
                txn.put(Tables.USER, b"%d" % row, bytes([number % 256]) * 4000)
    return size_bytes(store)


def test_readers_that_come_and_go_do_not_make_the_file_grow(store: Store) -> None:
    first = grown = _bytes_after(store, 10)
    for _ in range(ROUNDS):
        with store.read() as txn:
            txn.count(Tables.USER)
            grown = _bytes_after(store, 1)
    assert grown < 3 * first, "one that is held makes it more than four times as large"


def test_a_reader_that_was_killed_is_forgotten_by_the_next_write(store: Store, tmp_path: Path) -> None:
    first = _bytes_after(store, 10)
    with _process(READ_UNTIL_KILLED, tmp_path / "store") as reader:
        assert _line(reader) == "0\n"
        assert str(reader.pid) in store._environment.readers()
    assert str(reader.pid) in store._environment.readers()
    assert _bytes_after(store, ROUNDS) < 2 * first
    assert str(reader.pid) not in store._environment.readers()


def test_a_held_reader_does_make_it_grow(store: Store) -> None:
    """Without this the two tests above would prove nothing."""
    first = _bytes_after(store, 10)
    with store.read():
        assert _bytes_after(store, ROUNDS) > 4 * first


def test_reading_leaves_no_transaction_open_even_when_it_fails(store: Store) -> None:
    def fail() -> None:
        with store.read():
            raise KeyError("guilty")

    for _ in range(600):  # more than there are places for readers
        with pytest.raises(KeyError):
            fail()
    with store.read() as txn:
        assert txn.count(Tables.USER) == 0


def test_too_many_readers_at_once_are_one_clear_error(store: Store) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(512):
            held.enter_context(store.read())
        with pytest.raises(StoreError, match="READERS_FULL"):
            held.enter_context(store.read())


def test_a_readonly_store_cannot_be_written(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    readonly = Store.open(tmp_path, readonly=True)
    with pytest.raises(StoreError, match="failed"):
        readonly.write().__enter__()
    readonly.close()
