"""A process that writes is killed again and again: what it said was stored is stored, and the store is sound."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from photofsd.store import assets, searches
from photofsd.store.env import Store
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from tests.component.store_kit import digest, open_store, violations

KILLS = 20
CHECKOUT = Path(__file__).parents[2]


def _killed_after(seconds: float, folder: Path, first: int) -> list[list[str]]:
    """What the process said of its own until it was killed, in words."""
    said = folder / "said"
    with said.open("wb") as stdout:
        victim = subprocess.Popen(
            [sys.executable, "-m", "tests.component.store_victim", str(folder), str(first)], cwd=CHECKOUT, stdout=stdout
        )
        _wait_for_first_word(said, victim)
        time.sleep(seconds)
        assert victim.poll() is None
        victim.kill()
        victim.wait()
    lines = said.read_text().splitlines(keepends=True)
    return [line.split() for line in lines if line.endswith("\n")]


def _wait_for_first_word(said: Path, victim: subprocess.Popen[bytes]) -> None:
    while not said.stat().st_size:
        assert victim.poll() is None
        time.sleep(0.005)


class Known:
    """What the killed processes have acknowledged so far."""

    def __init__(self) -> None:
        self.photos: dict[int, int] = {}
        self.facts: set[bytes] = set()

    def note(self, said: list[list[str]]) -> None:
        for what, number, *asset in said:
            if what == "photo":
                self.photos[int(number)] = int(asset[0])
            else:
                self.facts.add(number.encode())

    def is_all_in(self, store: Store) -> bool:
        with store.read() as txn:
            are_photos_there = all(
                assets.with_content(txn, digest(number)) == asset for number, asset in self.photos.items()
            )
            return are_photos_there and self.facts <= set(searches.kept(txn))


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(7)
    known = Known()
    for kill in range(KILLS):
        known.note(_killed_after(chance.uniform(0, 0.1), tmp_path, 100_000 * kill))
        store = open_store(tmp_path / "store")
        assert violations(store) == []
        assert known.is_all_in(store)
        _catch_up(store, tmp_path)
        store.close()
    assert len(known.photos) > KILLS
    assert len(known.facts) >= KILLS


def _catch_up(store: Store, folder: Path) -> None:
    """At most the last fact is missing, the one that was in the making; then the store says what the journal says."""
    writer = Writer(store)
    journal = Journal(folder / "journal")
    assert UserFacts(journal, writer, VERBS).catch_up() <= 1
    said = {entry["query"].encode() for entry in journal.entries()}
    assert writer.run(lambda txn: set(searches.kept(txn))) == said
    writer.close()
