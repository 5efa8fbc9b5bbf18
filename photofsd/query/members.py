"""Which photos are in a folder: a claim that can be asked of one photo in constant time, or turned into a bitmap.

Views are made of these; composition (`/people/Alice/+by-date/2024`) is Both. Nothing is kept between two questions
but what a search found, so a folder is always as the store is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.index.quality import best_first
from photofsd.store import assets, facets, paths, people, similar, stacks
from photofsd.types import AssetId, DirId, Facet, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class Members(ABC):
    """A set of photos."""

    def is_ready(self) -> bool:
        """Claim: `has` is cheap now. When False, call `prepare` first, off the loop."""
        return True

    def prepare(self) -> None:
        """Do the work that `has` needs. Raises BadQuery, TooSlow."""

    @abstractmethod
    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        """Claim: the photo is one of them. Does not grow with their number, except where a folder is small."""

    @abstractmethod
    def bitmap(self, txn: ReadTransaction) -> BitMap:
        """All of them."""

    def ordered(self, txn: ReadTransaction) -> Sequence[int]:
        """All of them in the order in which they are listed."""
        return self.bitmap(txn).to_array()


@dataclass(frozen=True, slots=True)
class OfFacet(Members):
    """The photos that a value of a facet is true of."""

    facet: Facet
    value: bytes = b""

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return facets.contains(txn, self.facet, self.value, asset)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return facets.bitmap(txn, self.facet, self.value)


EVERYTHING = OfFacet(Facet.LIVE)


@dataclass(frozen=True, slots=True)
class InFolder(Members):
    """The photos with a file in a folder of the library, or below it."""

    folder: DirId

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        if facets.contains(txn, Facet.DIR, b"%d" % self.folder, asset):
            return True
        record = assets.asset(txn, asset)
        files = [paths.file(txn, file) for file in (record.files if record is not None else ())]
        return any(self.folder in paths.lineage(txn, file.dir) for file in files if file is not None)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return facets.union(txn, Facet.DIR, (b"%d" % below for below in paths.folders_below(txn, self.folder)))


@dataclass(frozen=True, slots=True)
class Only(Members):
    """One photo."""

    asset: AssetId

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return asset == self.asset

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return BitMap([self.asset])


@dataclass(frozen=True, slots=True)
class LookAlikes(Members):
    """The photos of the group whose best copy is `head`, best first."""

    head: AssetId

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return facets.contains(txn, Facet.SIMILAR, b"%d" % self.head, asset)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return facets.bitmap(txn, Facet.SIMILAR, b"%d" % self.head)

    def ordered(self, txn: ReadTransaction) -> Sequence[int]:
        found = [(AssetId(asset), similar.membership(txn, AssetId(asset))) for asset in self.bitmap(txn)]
        ranked = best_first((asset, known.quality) for asset, known in found if known is not None)
        return [asset for asset, _ in ranked]


@dataclass(frozen=True, slots=True)
class OfPerson(Members):
    """The photos that a person is in, by their faces or because the file says so."""

    person: PersonId

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return people.is_in(txn, self.person, asset)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return people.photos(txn, self.person)


@dataclass(frozen=True, slots=True)
class SuggestedFor(Members):
    """The photos with a face that looks like that person and is nobody's."""

    person: PersonId

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return people.is_suggested(txn, self.person, asset)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return people.suggested(txn, self.person)


@dataclass(frozen=True, slots=True)
class Both(Members):
    """The photos of `inner` that are also in `outer`, in the order of `inner`."""

    outer: Members
    inner: Members

    def is_ready(self) -> bool:
        return self.outer.is_ready() and self.inner.is_ready()

    def prepare(self) -> None:
        self.outer.prepare()
        self.inner.prepare()

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return self.inner.has(txn, asset) and self.outer.has(txn, asset)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return self.inner.bitmap(txn) & self.outer.bitmap(txn)

    def ordered(self, txn: ReadTransaction) -> Sequence[int]:
        allowed = self.outer.bitmap(txn)
        return [asset for asset in self.inner.ordered(txn) if asset in allowed]


@dataclass(frozen=True, slots=True)
class Covers(Members):
    """The photos of `inner` without the companions whose cover is one of them: what stands for each shot."""

    inner: Members

    def is_ready(self) -> bool:
        return self.inner.is_ready()

    def prepare(self) -> None:
        self.inner.prepare()

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        if not self.inner.has(txn, asset):
            return False
        if not facets.contains(txn, Facet.COMPANION, b"", asset):  # nearly always, and without a walk in a table
            return True
        stack = stacks.row(txn, asset)
        return stack is None or stack.cover == asset or not self.inner.has(txn, stack.cover)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        photos = self.inner.bitmap(txn)
        return photos - stacks.hidden_among(txn, photos)

    def ordered(self, txn: ReadTransaction) -> Sequence[int]:
        photos = self.inner.ordered(txn)
        hidden = stacks.hidden_among(txn, BitMap(photos))
        return [asset for asset in photos if asset not in hidden] if hidden else photos


@dataclass(frozen=True, slots=True)
class Latest(Members):
    """The `count` photos of `outer` that came into the library last, latest first.

    covers_only: says whether companions are left out of the count; those as new as the photos counted come along.
    """

    outer: Members
    count: int
    covers_only: Callable[[], bool] = field(compare=False)

    def is_ready(self) -> bool:
        return self.outer.is_ready()

    def prepare(self) -> None:
        self.outer.prepare()

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return asset in self.bitmap(txn)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        everything = self.outer.bitmap(txn)
        counted = everything - facets.bitmap(txn, Facet.COMPANION) if self.covers_only() else everything
        if len(counted) <= self.count:
            return everything
        return everything[everything.rank(counted[-self.count]) - 1 :]

    def ordered(self, txn: ReadTransaction) -> Sequence[int]:
        return self.bitmap(txn).to_array()[::-1]


@dataclass(frozen=True, slots=True)
class Found(Members):
    """What a search finds, best first. What it found a moment ago holds no photo that is gone since.

    text, within, covers_only: the search. find: gives the ids, quickly when `is_found` says so; recall: those that were
    found last. Raise BadQuery, TooSlow.
    """

    text: str
    within: Members | None
    covers_only: bool
    find: Callable[[], Sequence[int]] = field(compare=False)
    recall: Callable[[], Sequence[int]] = field(compare=False)
    is_found: Callable[[], bool] = field(compare=False)

    def is_ready(self) -> bool:
        return self.is_found()

    def prepare(self) -> None:
        self.find()

    def has(self, txn: ReadTransaction, asset: AssetId) -> bool:
        return asset in self.recall() and EVERYTHING.has(txn, asset)

    def bitmap(self, txn: ReadTransaction) -> BitMap:
        return BitMap(self.ordered(txn))

    def ordered(self, txn: ReadTransaction) -> Sequence[int]:
        return [asset for asset in self.recall() if EVERYTHING.has(txn, AssetId(asset))]


def narrowed(outer: Members | None, inner: Members) -> Members:
    """`inner`, within `outer` where there is one."""
    return inner if outer is None else Both(outer, inner)
