"""Which photos are tied to each other, and which of them stands for all: stacks, found from one photo outwards.

What is read for one photo is a few rows under its keys, and what they lead to; never its folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from photofsd.store import kin, shots
from photofsd.store.kin import Bond, Kin
from photofsd.store.schema import U32, Tables
from photofsd.store.shot_names import ShotName
from photofsd.store.shots import Tie
from photofsd.types import AssetId, Kind, StackKind

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

Both = tuple[Kin | None, Kin | None]
"""What counts of a photo, before and after a change."""

_FIRST, _LAST = b"", b"\xff"
"""Before and after every row of `kin`."""

_FORMATS = ("jpeg", "heic", "avif", "webp", "png", "tiff")
"""Of equally large pictures of one shot, the cover is the one that most programs can open."""


class Stack(NamedTuple):
    """The files of one shot. members: cover and companions, ascending. stills: those with a movie of their own."""

    cover: AssetId
    kinds: StackKind
    members: tuple[AssetId, ...]
    stills: frozenset[AssetId]


class Forming:
    """Finds out which photos are tied to each other. Remembers what it has read: for one state of the store.

    known: of photos that were read already.
    """

    def __init__(self, txn: ReadTransaction, known: Mapping[AssetId, Kin | None] | None = None) -> None:
        self._txn = txn
        self._kin: dict[AssetId, Kin | None] = dict(known or {})
        self._ties: defaultdict[AssetId, list[Tie]] = defaultdict(list)
        self._judged: set[bytes] = set()
        self._too_many: set[AssetId] = set()

    def __len__(self) -> int:
        """How many photos it remembers."""
        return len(self._kin)

    def kin(self, asset: AssetId) -> Kin | None:
        """What counts of a photo."""
        if asset not in self._kin:
            self._kin[asset] = kin.read(self._txn, asset)
        return self._kin[asset]

    def around(self, changed: Mapping[AssetId, Both]) -> set[AssetId]:
        """The photos whose stacks these changes may concern: themselves, and all of every group that was or is theirs.

        Less would not do. Where a group says nothing any more, its photos may be in several stacks; and if they were
        too many for one before, nothing that is stored leads from one to the other.
        """
        found = set(changed)
        limit = shots.MEMBERS_MAX + 1 + len(changed)  # more were too many before, too
        for key in {key for both in changed.values() for one in both for key in _keys(one)}:
            if key[0] != Bond.MOMENT:
                found.update(self._group(key, limit))
        found.update(self._beside(_changed_moments(changed)))
        return found

    def around_one(self, asset: AssetId) -> tuple[Collection[AssetId], Stack | None]:
        """The photos that are tied to this one, itself included, and the stack that they are.

        Where they are too many for a stack, as many as it took to find that out.
        """
        together, is_whole = self._walk(asset)
        if not is_whole:
            self._too_many |= together
        if not is_whole or len(together) == 1:
            return together, None
        return together, self._stack(sorted(together))

    def _walk(self, start: AssetId) -> tuple[set[AssetId], bool]:
        found, waiting = {start}, [start]
        is_whole = start not in self._too_many
        while waiting and is_whole:
            for tie in self._ties_of(waiting.pop()):
                for asset in (tie.one, tie.other):
                    if asset not in found:
                        found.add(asset)
                        waiting.append(asset)
                        is_whole &= asset not in self._too_many
            is_whole &= len(found) <= shots.MEMBERS_MAX
        return found, is_whole

    def _ties_of(self, asset: AssetId) -> list[Tie]:
        own = self.kin(asset)
        for key in own.keys if own is not None else ():
            self._judge(key, asset)
        return self._ties[asset]

    def _judge(self, key: bytes, asset: AssetId) -> None:
        """Look up who shares the key with the asset, and how they are tied; once a group."""
        row_key = kin.row_key(key, asset)
        if key in self._judged or row_key in self._judged:
            return
        if key[0] == Bond.MOMENT:
            series = self._series(row_key)
            self._judged.update(series)
            self._tie(shots.of_series([kin.parts(one) for one in series]))
            return
        self._judged.add(key)
        group = self._group(key, shots.MEMBERS_MAX + 1)
        if len(group) == 1:
            return
        if key[0] == Bond.BURST:
            self._tie(shots.of_burst(self._known(group)))
        elif len(group) <= shots.NAMESAKES_MAX:
            named = {one: (found, _name(found, key)) for one, found in self._known(group).items()}
            self._tie(shots.of_namesakes(named))

    def _known(self, group: Iterable[AssetId]) -> dict[AssetId, Kin]:
        return {asset: found for asset in group if (found := self.kin(asset)) is not None}

    def _tie(self, ties: Iterable[Tie]) -> None:
        for tie in ties:
            self._ties[tie.one].append(tie)
            self._ties[tie.other].append(tie)

    def _group(self, key: bytes, limit: int) -> list[AssetId]:
        """The photos that have the key, at most `limit`."""
        found: list[AssetId] = []
        for one in self._txn.keys(Tables.KIN, key):
            if len(one) == len(key) + U32.size:
                found.append(kin.parts(one)[1])
                if len(found) == limit:
                    break
        return found

    def _series(self, row_key: bytes) -> list[bytes]:
        """The rows around this one that follow each other without a gap, in order; or too many of them."""
        before, after = (list(self._run(row_key, end, shots.MEMBERS_MAX)) for end in (_FIRST, _LAST))
        return [*reversed(before), row_key, *after]

    def _beside(self, changed: Iterable[bytes]) -> Iterator[AssetId]:
        """The photos beside these rows that were or are in a series with one of them.

        Looked for before and after every row as far as the next of them: what lies between two is read twice at most.
        """
        rows = sorted(changed)
        for row_key, *ends in zip(rows, [_FIRST, *rows], [*rows[1:], _LAST], strict=False):
            for end in ends:
                beside = list(self._run(row_key, end, shots.MEMBERS_MAX + 1))
                if len(beside) <= shots.MEMBERS_MAX:  # more were too many before, and are
                    yield from (kin.parts(one)[1] for one in beside)

    def _run(self, row_key: bytes, end: bytes, limit: int) -> Iterator[bytes]:
        """The rows from that one (be it there or not) towards the end without a gap, nearest first, at most `limit`."""
        latest = row_key
        is_forward = row_key < end
        low, high = sorted((row_key, end))
        with self._txn.cursor(Tables.KIN) as cursor:
            is_there = cursor.set_range(row_key)
            if not is_forward:
                is_there = cursor.prev() if is_there else cursor.last()
            elif is_there and cursor.key() == row_key:
                is_there = cursor.next()
            while is_there and limit and low < cursor.key() < high and _is_next(latest, cursor.key()):
                latest = cursor.key()
                yield latest
                limit -= 1
                is_there = cursor.next() if is_forward else cursor.prev()

    def _stack(self, together: list[AssetId]) -> Stack:
        known = self._known(together)
        ties = {tie for asset in together for tie in self._ties[asset]}
        kinds = StackKind(0)
        for tie in ties:
            kinds |= tie.kind
        of_movies = {asset for tie in ties if tie.kind is StackKind.LIVE for asset in (tie.one, tie.other)}
        stills = frozenset(asset for asset in of_movies if known[asset].kind is not Kind.VIDEO)
        return Stack(_cover(known, ties), kinds, tuple(together), stills)


def _keys(found: Kin | None) -> frozenset[bytes]:
    return found.keys if found is not None else frozenset()


def _changed_moments(changed: Mapping[AssetId, Both]) -> set[bytes]:
    """The rows of MOMENT keys that go, come, or stay with something else changed of their photo."""
    return {
        kin.row_key(key, asset)
        for asset, (before, after) in changed.items()
        for key in _keys(before) | _keys(after)
        if key[0] == Bond.MOMENT
    }


def _is_next(row_key: bytes, other: bytes) -> bool:
    return other[0] == Bond.MOMENT and len(other) == len(row_key) and shots.is_next(row_key[:-4], other[:-4])


def _name(found: Kin, key: bytes) -> ShotName:
    """The name by which a photo has that key; the one that tells the least of edits, where the key is an id."""
    return dict(found.names).get(key) or min(name for _, name in found.names if name.edits == found.edits)


def _cover(known: Mapping[AssetId, Kin], ties: Collection[Tie]) -> AssetId:
    """The photo that stands for the others: of a burst the best shot, of a shot the file that shows it best."""
    parents = {asset: asset for asset in known}
    for tie in ties:
        if tie.kind is not StackKind.BURST:
            parents[_root(parents, tie.one)] = _root(parents, tie.other)
    of_shot = defaultdict[AssetId, list[AssetId]](list)
    for asset in known:
        of_shot[_root(parents, asset)].append(asset)
    best = min(of_shot.values(), key=lambda files: _shot_order(known, files))
    return min(best, key=lambda asset: (_file_order(known[asset]), asset))


def _root(parents: dict[AssetId, AssetId], asset: AssetId) -> AssetId:
    while parents[asset] != asset:
        asset = parents[asset]
    return asset


def _shot_order(known: Mapping[AssetId, Kin], files: Iterable[AssetId]) -> tuple[object, ...]:
    """What the user likes best, then what the camera has picked, then the first."""
    shot = [known[asset] for asset in files]
    taken_ns = min((one.clock.local_ns for one in shot if one.clock is not None), default=1 << 63)
    named = min((one.name, one.names) for one in shot)
    return (-max(one.rating for one in shot), not any(one.is_pick for one in shot), taken_ns, named, min(files))


def _file_order(found: Kin) -> tuple[object, ...]:
    """Pictures before RAW before movies; what was edited last, what the camera has picked, the larger one."""
    is_movie, is_raw = found.kind is Kind.VIDEO, found.kind is Kind.RAW
    rank = _FORMATS.index(found.format) if found.format in _FORMATS else len(_FORMATS)
    return (
        is_movie,
        not found.edits,
        is_raw,
        -found.edits,
        not found.is_pick,
        -found.pixels,
        rank,
        found.name,
        found.names,
    )
