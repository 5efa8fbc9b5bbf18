"""The index of photos that look alike: follows the change log and keeps the groups in the store as they should be.

What a change concerns is found by comparing its hash with all others (about 1 ms at a million). Its family, and those
that it is near to, are formed anew by the same functions that form all of them: so the groups follow from what the
photos look like and how good they are, in whatever order they came.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from photofsd.index.groups import heads
from photofsd.index.looks import NOTHING, ROWS_AT_ONCE, AssetIds, Looks, comparable, hash_of
from photofsd.index.quality import best_first, quality
from photofsd.records import Look
from photofsd.store import assets, changes, similar
from photofsd.store.schema import U32, Tables
from photofsd.store.similar import FOLLOWER, Membership
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

CHANGES_AT_ONCE: Final = 2000
COMMIT_ROWS: Final = 250
ANEW_FROM: Final = 20_000
"""So many changes and more, and an eighth of the library, are dealt with by forming everything anew."""

Found = tuple[AssetId, Membership | None]


class _News(NamedTuple):
    """The hashes of photos of which something has changed, up to `sequence`. are_many: see ANEW_FROM."""

    hashes: dict[AssetId, int]
    sequence: int
    are_many: bool


class SimilarPhotos:
    """Keeps the groups, one thread at a time.

    pause: called every few milliseconds of work. What it raises ends `catch_up`, and no harm is done.
    """

    def __init__(self, store: Store, writer: Writer, pause: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._writer = writer
        self._pause = pause
        self._looks: Looks | None = None
        self._sequence = 0
        self._unsure_until = 0

    def catch_up(self) -> None:
        """Deal with all that has changed. Raises StoreError, StoreFull: call it again later, nothing is lost."""
        looks, self._looks = self._looks, None  # what ends half way begins anew
        looks = looks or self._begin()
        while news := self._news(looks):
            if news.are_many:
                looks = self._anew()
                continue
            if news.hashes:
                concerned = looks.concerned(news.hashes, self._pause)
                looks.form(concerned, self._pause)
                self._keep(self._formed(looks, concerned, renewed=news.hashes.keys()), news.sequence)
            else:
                self._keep((), news.sequence)
        self._looks = looks

    def _begin(self) -> Looks:
        """Build on the groups in the store where the log tells all that has happened since; else form them anew."""
        with self._store.read() as txn:
            mark = changes.watermark(txn, FOLLOWER)
            is_followed = mark > 0 and changes.is_complete_since(txn, mark)
        if not is_followed:
            return self._anew()
        looks = Looks()
        looks.read(self._store, self._pause)
        looks.recall(self._store, self._pause)
        self._sequence = mark
        with self._store.read() as txn:  # up to here hashes may be newer than the groups
            self._unsure_until = changes.sequence(txn)
        return looks

    def _anew(self) -> Looks:
        """Form all groups; what changes meanwhile is dealt with after it."""
        with self._store.read() as txn:
            now = changes.sequence(txn)
        looks = Looks()
        looks.read(self._store, self._pause)
        looks.form(looks.compared, self._pause)
        with self._store.read() as txn:
            strays = [asset for asset, _ in similar.memberships(txn) if looks.hash_of(asset) == NOTHING]
        concerned = np.union1d(looks.compared, np.array(strays, np.uint32))
        self._keep(self._formed(looks, concerned, renewed=None), now)
        return looks

    def _news(self, looks: Looks) -> _News | None:
        """The next changes; None where there are none."""
        with self._store.read() as txn:
            now = changes.sequence(txn)
            logged = list(changes.since(txn, self._sequence, CHANGES_AT_ONCE))
            if not logged or not changes.is_complete_since(txn, self._sequence):
                return None if now == self._sequence else _News({}, now, are_many=True)
            is_unsure = self._sequence < self._unsure_until
            among = comparable(txn)
            hashes = {
                asset: phash
                for asset in dict.fromkeys(asset for _, asset in logged)
                for phash in [hash_of(txn, asset) if asset in among else NOTHING]
                if is_unsure or self._is_news(txn, looks, asset, phash)
            }
            are_many = now - self._sequence > max(ANEW_FROM, txn.count(Tables.LOOKS) // 8)
        return _News(hashes, logged[-1][0], are_many=are_many and len(hashes) > CHANGES_AT_ONCE // 2)

    def _is_news(self, txn: ReadTransaction, looks: Looks, asset: AssetId, phash: int) -> bool:
        """Claim: the photo looks different from what is known, or is a better or worse copy than it was.

        Most of what the log has is neither; not least what this index itself has written.
        """
        if phash != looks.hash_of(asset):
            return True
        if not looks.is_in_family(asset):
            return False
        known = similar.membership(txn, asset)
        return known is None or known.quality != _quality(txn, asset)

    def _formed(self, looks: Looks, concerned: AssetIds, renewed: Container[AssetId] | None) -> Iterator[Found]:
        """Where each of `concerned` belongs. renewed: those whose quality is not what the store says, None = all."""
        family_of = looks.families[concerned]
        for asset in concerned[family_of == 0].tolist():
            yield AssetId(asset), None
        order = np.argsort(family_of, kind="stable")[int((family_of == 0).sum()) :]
        begins = np.flatnonzero(np.diff(family_of[order], prepend=0))
        for members in np.split(concerned[order], begins[1:]) if order.size else ():
            yield from self._grouped(looks, members, renewed)

    def _grouped(self, looks: Looks, family: AssetIds, renewed: Container[AssetId] | None) -> Iterator[Found]:
        """The groups of one family."""
        ranked = best_first(self._qualities(family.tolist(), renewed))
        ids = np.array([asset for asset, _ in ranked], np.uint32)
        best = ids[heads(looks.hashes[ids])].tolist()
        root = AssetId(int(family[0]))
        for (asset, found), head in zip(ranked, best, strict=True):
            yield asset, Membership(AssetId(head), root, found)

    def _qualities(self, family: Sequence[int], renewed: Container[AssetId] | None) -> Iterator[tuple[AssetId, bytes]]:
        for start in range(0, len(family), ROWS_AT_ONCE):
            with self._store.read() as txn:
                for asset in map(AssetId, family[start : start + ROWS_AT_ONCE]):
                    known = None if renewed is None or asset in renewed else similar.membership(txn, asset)
                    yield asset, _quality(txn, asset) if known is None else known.quality
            self._pause()

    def _keep(self, found: Iterable[Found], sequence: int) -> None:
        """Write what is not so yet: then the groups are what they should be at `sequence`.

        Where that takes several transactions there is no watermark meanwhile: whoever is killed then begins anew.
        """
        fresh = self._fresh(found)
        some = list(itertools.islice(fresh, COMMIT_ROWS))
        while len(some) == COMMIT_ROWS:
            self._writer.run(functools.partial(_assign, some, None), rows=len(some))
            self._pause()
            some = list(itertools.islice(fresh, COMMIT_ROWS))
        self._writer.run(functools.partial(_assign, some, sequence), rows=1 + len(some))
        self._sequence = sequence

    def _fresh(self, found: Iterable[Found]) -> Iterator[Found]:
        """Of `found`, what the store does not say yet."""
        found = iter(found)
        while some := list(itertools.islice(found, ROWS_AT_ONCE)):
            with self._store.read() as txn:
                fresh = [(asset, now) for asset, now in some if similar.membership(txn, asset) != now]
            yield from fresh


def _assign(found: Sequence[Found], sequence: int | None, txn: WriteTransaction) -> None:
    """Write groups. sequence: of the log, up to which they are right then; None = they are not right by themselves."""
    for asset, membership in found:
        similar.assign(txn, asset, membership)
    if sequence is None:
        changes.forget_follower(txn, FOLLOWER)
    else:
        changes.set_watermark(txn, FOLLOWER, sequence)


def _quality(txn: ReadTransaction, asset: AssetId) -> bytes:
    """How good a copy the photo is; b"" where it has just lost its look, which the log will tell."""
    record, look = assets.asset(txn, asset), txn.record(Tables.LOOKS, U32.pack(asset), Look)
    return b"" if record is None or look is None else quality(record, look, assets.metadata(txn, asset))
