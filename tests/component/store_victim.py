"""A process that writes to a store until it is killed, and says on stdout what has been acknowledged."""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import Future
from pathlib import Path

from photofsd.records import JobRecord
from photofsd.store import jobs, moved, paths, searches
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.transaction import WriteTransaction
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from photofsd.types import AssetId, Subject
from tests.component.store_kit import add_photo, open_store, root, tag

AT_ONCE = 20


def _work(txn: WriteTransaction, number: int) -> tuple[int, AssetId]:
    """Add a photo, tag it, queue and finish work; every third piece also takes something away."""
    jobs.register(txn, "look", 1, Subject.ASSET)
    photo = add_photo(txn, paths.add_folder(txn, root(txn), b"%d" % (number % 5)), b"%d.jpg" % number, number)
    tag(txn, photo, f"tag {number % 7}")
    jobs.put(txn, jobs.stage(txn, "look"), photo, JobRecord(jobs.NEW))
    if number % 3 == 0:
        jobs.finish(txn, jobs.stage(txn, "look"), photo)
        moved.move_folder(txn, paths.add_folder(txn, root(txn), b"%d" % (number % 5)), root(txn), b"moved")
    return number, photo


def main(folder: Path, first: int) -> None:
    """Write for ever."""
    writer = Writer(open_store(folder / "store"))
    facts = UserFacts(Journal(folder / "journal"), writer, VERBS)
    facts.catch_up()
    for start in itertools.count(first, AT_ONCE):
        futures = [_submit(writer, number) for number in range(start, start + AT_ONCE)]
        facts.say(searches.KEEP, query=str(start))
        for future in futures:
            number, photo = future.result()
            sys.stdout.write(f"photo {number} {photo}\n")
        sys.stdout.write(f"fact {start}\n")
        sys.stdout.flush()


def _submit(writer: Writer, number: int) -> Future[tuple[int, AssetId]]:
    return writer.submit(lambda txn: _work(txn, number))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
