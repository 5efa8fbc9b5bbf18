"""Opening: an older store is migrated, a newer one left alone, a damaged one refused in one line."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from photofsd.errors import StoreError
from photofsd.store import damage, migrate, moved, paths, schema
from photofsd.store.env import Store
from photofsd.store.schema import ALL_TABLES, Tables
from photofsd.store.transaction import WriteTransaction
from tests.component.store_kit import add_photo, folder_at, open_store, root, size_bytes, violations

PAGE = 4096
CHECKOUT = Path(__file__).parents[2]

OPEN_AND_READ = """
import sys
from pathlib import Path
from photofsd.errors import StoreError
from photofsd.store.check import check
from photofsd.store.env import Store
for folder in sys.argv[2:]:
    try:
        store = Store.open(Path(folder), readonly=sys.argv[1] == "readonly")
        with store.read() as txn:
            print("read", len(list(check(txn))))
    except StoreError as error:
        print(error)
"""


def _in_a_child(how: str, *folders: Path) -> list[str]:
    """What a process says that opens each store and reads it all; a crash of it fails the test."""
    command = [sys.executable, "-c", OPEN_AND_READ, how, *folders]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def _version(store: Store) -> int:
    with store.read() as txn:
        return txn.number(Tables.META, migrate.KEY)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """The folder of a store with a thousand photos."""
    folder = tmp_path / "store"
    store = open_store(folder)
    with store.write() as txn:
        for number in range(1000):
            add_photo(txn, root(txn), b"%d.jpg" % number)
    store.close()
    return folder


def _set_version(folder: Path, version: int) -> None:
    store = open_store(folder)
    with store.write() as txn:
        txn.put_number(Tables.META, migrate.KEY, version)
    store.close()


def test_a_new_store_has_every_table_and_this_version(store: Store) -> None:
    assert _version(store) == schema.VERSION
    with store.read() as txn:
        assert {txn.count(table) for table in ALL_TABLES if table is not Tables.META} == {0}


def test_what_is_stored_is_there_after_opening_again(closed: Path) -> None:
    store = open_store(closed)
    with store.read() as txn:
        assert txn.counter(b"photos") == 1000
    assert violations(store) == []
    store.close()


def test_the_state_is_nobody_elses_to_read(closed: Path) -> None:
    assert {path.name: oct(path.stat().st_mode)[-3:] for path in closed.iterdir()} == {
        "data.mdb": "600",
        "lock.mdb": "600",
    }
    assert oct(closed.stat().st_mode)[-3:] == "700"


def _mark(text: bytes) -> Callable[[WriteTransaction], None]:
    def migrated(txn: WriteTransaction) -> None:
        txn.put(Tables.USER, b"way", (txn.get(Tables.USER, b"way") or b"") + text)

    return migrated


def test_an_older_store_is_migrated_step_by_step_in_one_transaction(store: Store) -> None:
    steps = {1: _mark(b"1>2 "), 2: _mark(b"2>3 "), 3: _mark(b"3>4 ")}
    with store.write() as txn:
        migrate.to_current(txn, steps, 3)
        assert txn.number(Tables.META, migrate.KEY) == 3
        assert txn.get(Tables.USER, b"way") == b"1>2 2>3 "


def test_a_migration_that_fails_leaves_the_store_as_it_was(store: Store) -> None:
    def fail(_: WriteTransaction) -> None:
        raise KeyError("a bug in the migration")

    def migrated() -> None:
        with store.write() as txn:
            migrate.to_current(txn, {1: _mark(b"1>2 "), 2: fail}, 3)

    with pytest.raises(KeyError):
        migrated()
    assert _version(store) == 1
    with store.read() as txn:
        assert txn.get(Tables.USER, b"way") is None


def test_a_migration_keeps_what_is_derived_right(store: Store) -> None:
    def rename_folder(txn: WriteTransaction) -> None:
        folder = folder_at(txn, b"/nas/photos/old")
        assert folder is not None
        moved.move_folder(txn, folder, root(txn), b"new")

    with store.write() as txn:
        add_photo(txn, paths.add_folder(txn, root(txn), b"old"), b"a.jpg")
    with store.write() as txn:
        migrate.to_current(txn, {1: rename_folder}, 2)
    with store.write() as txn:
        txn.put_number(Tables.META, migrate.KEY, schema.VERSION)


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_store_is_refused_and_left_as_it_is(closed: Path, *, readonly: bool) -> None:
    _set_version(closed, schema.VERSION + 1)
    before = (closed / "data.mdb").read_bytes()
    refusals = []
    for _ in range(2):  # the second time: a refused store is not left open, not even by the error
        with pytest.raises(StoreError, match="it was made by a newer photofsd, use that") as refusal:
            Store.open(closed, readonly=readonly)
        refusals.append(refusal)
    assert (closed / "data.mdb").read_bytes() == before


def test_a_reader_cannot_migrate_and_says_who_can(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "VERSION", schema.VERSION + 1)
    with pytest.raises(StoreError, match="is of version 1, this photofsd reads 2: start the daemon once"):
        Store.open(closed, readonly=True)


def test_a_store_that_lacks_a_table_is_made_whole_by_the_daemon_but_not_by_a_reader(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = schema.Table("added_later", "name", "u64", "nothing")
    monkeypatch.setattr("photofsd.store.env.ALL_TABLES", (*ALL_TABLES, added))
    with pytest.raises(StoreError, match="has not been set up: start the daemon once"):
        Store.open(closed, readonly=True)
    Store.open(closed).close()
    Store.open(closed, readonly=True).close()


@pytest.mark.parametrize("content", [None, b""])
def test_a_reader_makes_no_store_where_there_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(StoreError, match="there is no store in"):
        Store.open(tmp_path, readonly=True)
    assert not (tmp_path / "lock.mdb").exists()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"the store in .*/file/store cannot be opened: .*Not a directory"):
        Store.open(tmp_path / "file" / "store")


@pytest.mark.usefixtures("store")
def test_a_store_is_opened_once_a_process(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="already open in this process"):
        Store.open(tmp_path / "store")


@pytest.mark.parametrize("how", ["", "readonly"])
def test_a_file_cut_anywhere_is_refused_in_one_line_instead_of_a_crash(closed: Path, how: str) -> None:
    size = (closed / "data.mdb").stat().st_size
    copies = []
    for left in (1, 100, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE, size // 2, size - PAGE, size - 1):
        copies.append(_copy(closed, f"cut to {left}"))
        os.truncate(copies[-1] / "data.mdb", left)
    assert_all_damaged(copies, _in_a_child(how, *copies))


@pytest.mark.parametrize("how", ["", "readonly"])
def test_a_file_of_random_bytes_is_refused_in_one_line(closed: Path, how: str) -> None:
    size = (closed / "data.mdb").stat().st_size
    copies = []
    for start, end in ((0, size), (0, 100), (0, PAGE), (PAGE, 2 * PAGE), (2 * PAGE, size)):
        copies.append(_copy(closed, f"random from {start} to {end}"))
        with (copies[-1] / "data.mdb").open("r+b") as opened:
            opened.seek(start)
            opened.write(random.Random(7).randbytes(end - start))
    assert_all_damaged(copies, _in_a_child(how, *copies))


def _copy(closed: Path, name: str) -> Path:
    copy = closed.with_name(name)
    shutil.copytree(closed, copy)
    return copy


def assert_all_damaged(folders: list[Path], said: list[str]) -> None:
    for folder, line in zip(folders, said, strict=True):
        assert line.startswith(f"the store in {folder} is damaged (")
        assert line.endswith("): move it away, the daemon makes a new one")


def test_a_file_that_only_lacks_pages_that_nothing_refers_to_is_whole(tmp_path: Path) -> None:
    """LMDB does not write pages that a transaction took and gave back: such files are short, and sound."""
    store = open_store(tmp_path / "store")
    file = tmp_path / "store" / "data.mdb"
    with store.write() as txn:
        root(txn)
        for number in range(200):
            txn.put(Tables.USER, b"big %d" % number, bytes(9000))
    shorts = 0
    for number in range(200):
        with store.write() as txn:
            txn.put(Tables.USER, b"big %d" % number, bytes(20_000 + 700 * (number % 7)))
            txn.put(Tables.USER, b"passing", bytes(50_000))
            txn.delete(Tables.USER, b"passing")
        shorts += file.stat().st_size < size_bytes(store)
        with store.read() as txn:
            assert damage.is_whole(file, PAGE, txn._raw.id())
    assert shorts
    store.close()
    open_store(tmp_path / "store").close()


def test_a_file_is_whole_up_to_its_last_page_in_use_and_not_a_page_less(closed: Path) -> None:
    """Cut page by page from the end: once a page that is referred to is missing, it stays missing."""
    store = open_store(closed)
    with store.read() as txn:
        number = txn._raw.id()
    store.close()
    file = closed / "data.mdb"
    pages = file.stat().st_size // PAGE
    verdicts = []
    for left in range(pages, 2, -1):
        os.truncate(file, left * PAGE)
        verdicts.append(damage.is_whole(file, PAGE, number))
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict is False)
    assert verdicts[-1] is False


def test_the_last_page_of_a_large_value_is_missed(tmp_path: Path) -> None:
    """Values are written until one lies at the very end of the file."""
    store = open_store(tmp_path / "store")
    file, copy = tmp_path / "store" / "data.mdb", tmp_path / "copy.mdb"
    is_at_the_end = False
    while not is_at_the_end:
        value = random.Random(7).randbytes(40_000)
        with store.write() as txn:
            txn.put(Tables.USER, b"%d" % txn.count(Tables.USER), value)
        content = file.read_bytes()
        is_at_the_end = content.rfind(value) + len(value) > len(content) - PAGE
    with store.read() as txn:
        number = txn._raw.id()
    store.close()
    copy.write_bytes(content)
    assert damage.is_whole(copy, PAGE, number)
    copy.write_bytes(content[:-PAGE])
    assert damage.is_whole(copy, PAGE, number) is False


def test_a_transaction_that_the_file_has_forgotten_tells_nothing(closed: Path) -> None:
    assert damage.is_whole(closed / "data.mdb", PAGE, 10**6) is None
