"""What users say: first in the journal, then in the store, in one order, never passed over, never twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from photofsd.errors import StoreError, UsageError
from photofsd.store import searches
from photofsd.store.env import Store
from photofsd.store.journal import MARK, Journal, UserFacts
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.store.verb import Entry, Verb
from photofsd.store.writer import Writer


def _append(txn: WriteTransaction, entry: Entry) -> None:
    """A verb that minds the order and that it is run but once."""
    said = txn.get(Tables.USER, b"said") or b""
    txn.put(Tables.USER, b"said", said + entry["letter"].encode())


def _refuse(txn: WriteTransaction, entry: Entry) -> None:
    _append(txn, entry)
    raise UsageError("never")


VERBS = {"append": Verb(_append), "refuse": Verb(_refuse), **searches.VERBS}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def facts(journal: Journal, writer: Writer) -> UserFacts:
    return UserFacts(journal, writer, VERBS)


def _said(txn: ReadTransaction) -> str:
    return (txn.get(Tables.USER, b"said") or b"").decode()


def _in(store: Store) -> tuple[str, int]:
    """What the store has heard, and its mark."""
    with store.read() as txn:
        return _said(txn), txn.number(Tables.META, MARK)


def test_what_is_said_is_in_the_journal_and_true(store: Store, facts: UserFacts, journal: Journal) -> None:
    facts.say("append", letter="a")
    facts.say("append", letter="b")
    assert _in(store) == ("ab", 2)
    assert [entry["letter"] for entry in journal.entries()] == ["a", "b"]


def test_what_a_crash_kept_from_the_store_is_applied_at_the_next_start(
    store: Store, facts: UserFacts, journal: Journal
) -> None:
    facts.say("append", letter="a")
    journal.append({"do": "append", "letter": "b"})
    journal.append({"do": "append", "letter": "c"})
    assert facts.catch_up() == 2
    assert facts.catch_up() == 0
    assert _in(store) == ("abc", 3)


def test_what_was_missed_comes_before_what_is_said_next(store: Store, facts: UserFacts, journal: Journal) -> None:
    journal.append({"do": "append", "letter": "a"})
    facts.say("append", letter="b")
    assert _in(store) == ("ab", 2)


def test_what_another_thread_has_applied_meanwhile_is_not_applied_again(
    store: Store, facts: UserFacts, journal: Journal, writer: Writer
) -> None:
    missed = [journal.append({"do": "append", "letter": letter}) for letter in "ab"]
    facts.say("append", letter="c")
    writer.run(lambda txn: facts._apply(missed, txn))
    assert _in(store) == ("abc", 3)


def test_an_empty_store_learns_everything_again(store: Store, writer: Writer, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    letters = "".join(chr(ord("a") + number % 26) for number in range(1205))
    lines = [{"n": number, "do": "append", "letter": letter} for number, letter in enumerate(letters, 1)]
    (folder / "000000000001.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    facts = UserFacts(Journal(folder), writer, VERBS)
    assert facts.catch_up() == 1205
    assert _in(store) == (letters, 1205)
    facts.say("append", letter="!")
    assert _in(store) == (letters + "!", 1206)


def test_facts_said_by_many_threads_are_true_in_the_order_of_the_journal(
    store: Store, facts: UserFacts, journal: Journal
) -> None:
    threads = [threading.Thread(target=lambda x=x: [facts.say("append", letter=x) for _ in range(10)]) for x in "abcde"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _in(store) == ("".join(entry["letter"] for entry in journal.entries()), 50)


@pytest.mark.parametrize("do, error", [("refuse", UsageError), ("unheard-of", StoreError)])
def test_what_is_refused_is_neither_recorded_nor_true(
    store: Store, facts: UserFacts, journal: Journal, do: str, error: type[Exception]
) -> None:
    facts.say("append", letter="a")
    with pytest.raises(error):
        facts.say(do, letter="x")
    assert _in(store) == ("a", 1)
    assert journal.last == 1
    facts.say("append", letter="b")
    assert _in(store) == ("ab", 2)


def test_a_fact_whose_batch_is_run_again_is_recorded_once(
    store: Store, facts: UserFacts, journal: Journal, writer: Writer
) -> None:
    """The batch: a fact, and a piece of work that raises after it."""
    held, go_on = threading.Event(), threading.Event()
    writer.submit(lambda _: (held.set(), go_on.wait(20)), rows=10**6)
    assert held.wait(20)
    speakers = [threading.Thread(target=facts.say, args=("append",), kwargs={"letter": letter}) for letter in "ab"]
    for speaker in speakers:
        speaker.start()
    _wait_until(lambda: writer._waiting.qsize() == 2)
    guilty = writer.submit(_raise)
    go_on.set()
    for speaker in speakers:
        speaker.join()
    assert isinstance(guilty.exception(), KeyError)
    assert sorted(_in(store)[0]) == ["a", "b"]
    assert _in(store) == ("".join(entry["letter"] for entry in journal.entries()), 2)


def _raise(_: WriteTransaction) -> None:
    raise KeyError("guilty")


def _wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        threading.Event().wait(0.001)


def test_a_journal_of_a_newer_photofsd_is_refused_with_what_to_do(facts: UserFacts, journal: Journal) -> None:
    journal.append({"do": "teleport"})
    with pytest.raises(StoreError, match="'teleport', which this photofsd does not know: use a newer one"):
        facts.catch_up()


def test_what_is_said_after_an_older_journal_was_restored_is_not_passed_over(
    store: Store, facts: UserFacts, writer: Writer, tmp_path: Path
) -> None:
    for letter in "abc":
        facts.say("append", letter=letter)
    older = Journal(tmp_path / "older")
    older.append({"do": "append", "letter": "a"})
    restored = UserFacts(older, writer, VERBS)
    assert restored.catch_up() == 0
    restored.say("append", letter="d")
    assert older.last == 4
    assert _in(store) == ("abcd", 4)
    older.append({"do": "append", "letter": "e"})
    assert restored.catch_up() == 1
    assert _in(store) == ("abcde", 5)


def test_a_kept_search_is_kept_as_the_bytes_that_it_was_until_it_is_forgotten(store: Store, facts: UserFacts) -> None:
    query = b"caf\xe9"
    facts.say(searches.KEEP, query=query.decode("utf-8", "surrogateescape"))
    facts.say(searches.KEEP, query="beach")
    with store.read() as txn:
        assert searches.kept(txn) == [b"beach", query]
        assert searches.is_kept(txn, query)
        assert not searches.is_kept(txn, b"q" * 600)
    facts.say(searches.FORGET, query=query.decode("utf-8", "surrogateescape"))
    with store.read() as txn:
        assert searches.kept(txn) == [b"beach"]


@pytest.mark.parametrize("query", ["", "q" * 256, "q" * 2000])
def test_a_search_that_can_be_no_folder_is_refused_before_it_is_recorded(
    facts: UserFacts, journal: Journal, query: str
) -> None:
    with pytest.raises(UsageError, match="1 to 255 bytes"):
        facts.say(searches.KEEP, query=query)
    assert journal.last == 0


def test_only_the_last_searches_are_remembered(store: Store) -> None:
    with store.write() as txn:
        for number, query in enumerate((b"a", b"b", b"c", b"a", b"", b"q" * 999)):
            searches.remember(txn, query, now_ns=number, at_most=2)
        assert searches.last(txn) == [b"a", b"c"]
        searches.remember(txn, b"d", now_ns=9, at_most=0)
        assert searches.last(txn) == []
