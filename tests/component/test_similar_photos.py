"""The groups of photos that look alike, as photos come, change and go: always those that follow from what is there."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from photofsd.errors import StoreFull
from photofsd.index import similar as index
from photofsd.index.families import NEAR_BITS
from photofsd.index.groups import heads
from photofsd.index.quality import best_first
from photofsd.index.similar import SimilarPhotos
from photofsd.query.members import LookAlikes
from photofsd.records import Look, Metadata
from photofsd.store import assets, changes, facets, similar
from photofsd.store.env import Store
from photofsd.store.schema import U32, Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import AssetId, Facet, Kind
from tests.component.look_alikes import FAR, add, flipped, groups, is_followed, make_video, show, vanish
from tests.component.store_kit import add_photo, open_store, quick_folder, root, violations

OTHER = 0xAAAA_5555_9999_6666


@pytest.fixture
def photos(store: Store, writer: Writer) -> SimilarPhotos:
    return SimilarPhotos(store, writer)


def made(writer: Writer, *looks: tuple[int, int]) -> list[AssetId]:
    """Photos of these hashes and widths."""

    def make(txn: WriteTransaction) -> list[AssetId]:
        folder, known = root(txn), txn.count(Tables.ASSETS)
        return [add(txn, folder, b"%d.jpg" % (known + n), *look) for n, look in enumerate(looks)]

    return writer.run(make)


def test_photos_that_look_alike_are_a_group_with_the_best_copy_at_its_head(
    store: Store, writer: Writer, photos: SimilarPhotos
) -> None:
    small, best, _ = made(writer, (FAR, 1000), (flipped(FAR, 0, 20, 63), 4000), (OTHER, 4000))
    photos.catch_up()
    assert groups(store) == {(best, small)}
    with store.read() as txn:
        assert list(LookAlikes(best).ordered(txn)) == [best, small]
        assert sorted(facets.bitmap(txn, Facet.HAS, b"similar")) == [small, best]
    assert is_followed(store)


def test_a_better_copy_that_comes_later_is_the_new_head(store: Store, writer: Writer, photos: SimilarPhotos) -> None:
    first, second = made(writer, (FAR, 1000), (FAR, 2000))
    photos.catch_up()
    assert groups(store) == {(second, first)}
    (third,) = made(writer, (flipped(FAR, 1), 3000))
    photos.catch_up()
    assert groups(store) == {(third, first, second)}


def test_a_group_of_which_one_is_left_is_none(store: Store, writer: Writer, photos: SimilarPhotos) -> None:
    first, second = made(writer, (FAR, 1000), (FAR, 2000))
    photos.catch_up()
    writer.run(lambda txn: vanish(txn, second))
    assert violations(store) == []
    photos.catch_up()
    assert groups(store) == set()
    with store.read() as txn:
        assert not facets.exists(txn, Facet.SIMILAR, b"%d" % second)
        assert similar.membership(txn, first) is None


def test_two_families_that_a_photo_joins_are_parted_when_it_goes(
    store: Store, writer: Writer, photos: SimilarPhotos
) -> None:
    far = flipped(FAR, *range(12))
    a, b, c, d = made(writer, (FAR, 4000), (FAR, 3000), (far, 2000), (far, 1000))
    photos.catch_up()
    assert groups(store) == {(a, b), (c, d)}
    (between,) = made(writer, (flipped(FAR, *range(6)), 500))
    photos.catch_up()
    assert groups(store) == {(a, b, c, d, between)}
    writer.run(lambda txn: vanish(txn, between))
    photos.catch_up()
    assert groups(store) == {(a, b), (c, d)}


def test_families_that_were_being_parted_when_the_power_failed_are_parted_at_the_next_start(
    store: Store, writer: Writer, photos: SimilarPhotos
) -> None:
    """What joined them is written as gone first: from then on nothing in the log leads to the others."""
    far = flipped(FAR, *range(12))
    a, b, c, d, between = made(writer, (FAR, 4), (FAR, 3), (far, 2), (far, 1), (flipped(FAR, *range(6)), 1))
    photos.catch_up()
    writer.run(lambda txn: vanish(txn, between))
    with pytest.MonkeyPatch.context() as power:
        power.setattr(index, "COMMIT_ROWS", 1)
        power.setattr(index, "_assign", _full_after(1))
        with pytest.raises(StoreFull):
            photos.catch_up()
    assert groups(store) == {(a, b, c, d)}
    assert violations(store) == []
    SimilarPhotos(store, writer).catch_up()
    assert groups(store) == {(a, b), (c, d)}


@pytest.mark.parametrize(
    "phash, contrast",
    [
        pytest.param(FAR, 0.4, id="white paper with a shadow"),
        pytest.param(0, 50.0, id="one colour"),
        pytest.param(1 << 63, 50.0, id="one colour but black"),
        pytest.param(0xFF00_0000_0000_0000, 50.0, id="stripes"),
        pytest.param((1 << 64) - 2, 50.0, id="all but one"),
    ],
)
def test_pictures_that_say_too_little_are_no_group(
    store: Store, writer: Writer, photos: SimilarPhotos, phash: int, contrast: float
) -> None:
    for asset in made(writer, (OTHER, 1), (OTHER, 2), (OTHER, 3)):
        writer.run(functools.partial(show, asset=asset, phash=phash, contrast=contrast))
    photos.catch_up()
    assert groups(store) == set()


def test_one_frame_of_a_video_makes_no_group(store: Store, writer: Writer, photos: SimilarPhotos) -> None:
    first, second, video = made(writer, (FAR, 1), (FAR, 2), (FAR, 3))
    photos.catch_up()
    assert groups(store) == {(video, first, second)}
    writer.run(lambda txn: make_video(txn, video))
    photos.catch_up()
    assert groups(store) == {(second, first)}


def test_what_this_index_writes_concerns_nobody_and_ends(store: Store, writer: Writer, photos: SimilarPhotos) -> None:
    made(writer, *((FAR, width) for width in range(1, 20)))
    photos.catch_up()
    with store.read() as txn:
        before = changes.sequence(txn)
    photos.catch_up()
    SimilarPhotos(store, writer).catch_up()
    with store.read() as txn:
        assert changes.sequence(txn) == before


class World:
    """Photos of which all manner of things change, and the groups that should follow from them."""

    def __init__(self, store: Store, writer: Writer, seed: int) -> None:
        self._store = store
        self._writer = writer
        self._rng = random.Random(seed)
        self._made = 0
        centres = [self._rng.getrandbits(64) for _ in range(4)]
        self._centres = [centre for centre in centres if 24 <= centre.bit_count() <= 40] or [FAR]

    def change(self) -> None:
        """Something happens to one photo."""
        with self._store.read() as txn:
            known = [AssetId(U32.unpack(key)[0]) for key in txn.keys(Tables.ASSETS)]
        doing = [self._add, self._add, self._look, self._vanish, self._return, self._film, self._improve]
        self._writer.run(functools.partial(self._rng.choice(doing), known=known))

    def _phash(self) -> int:
        bits = self._rng.sample(range(64), self._rng.randrange(9))
        return flipped(self._rng.choice(self._centres), *bits)

    def _add(self, txn: WriteTransaction, known: list[AssetId]) -> None:
        self._made += 1
        add(txn, root(txn), b"%d.jpg" % self._made, self._phash(), self._rng.randrange(1, 5))

    def _look(self, txn: WriteTransaction, known: list[AssetId]) -> None:
        if known:
            contrast = self._rng.choice((0.0, 50.0, 50.0, 50.0))
            show(txn, self._rng.choice(known), self._phash(), self._rng.randrange(1, 5), contrast)

    def _vanish(self, txn: WriteTransaction, known: list[AssetId]) -> None:
        if known:
            vanish(txn, self._rng.choice(known))

    def _return(self, txn: WriteTransaction, known: list[AssetId]) -> None:
        """A photo that was gone comes back, with its look."""
        gone = [asset for asset in known if not _record(txn, asset).files]
        if gone:
            self._made += 1
            asset = self._rng.choice(gone)
            folder = root(txn)
            file = add_photo(txn, folder, b"%d.jpg" % self._made, b"for a moment")
            back = assets.asset(txn, file)
            assert back is not None
            assets.identify(txn, back.files[0], _record(txn, asset).content, now_ns=2)

    def _film(self, txn: WriteTransaction, known: list[AssetId]) -> None:
        if known:
            asset = self._rng.choice(known)
            types = self._rng.choice((("video",), ("jpeg",)))
            assets.keep(txn, Tables.METADATA, asset, Metadata("jpeg", Kind.IMAGE, types=types))

    def _improve(self, txn: WriteTransaction, known: list[AssetId]) -> None:
        if known:
            asset = self._rng.choice(known)
            camera = self._rng.choice((None, "Canon EOS 7D"))
            assets.keep(txn, Tables.METADATA, asset, Metadata("jpeg", Kind.IMAGE, camera=camera))

    def expected(self) -> set[tuple[int, ...]]:
        """The groups, by comparing each photo with each."""
        with self._store.read() as txn:
            compared = {asset: look.phash for asset in facets.live(txn) if (look := _telling(txn, AssetId(asset)))}
            return {group for family in _families(compared) for group in _groups(txn, family, compared)}


def _record(txn: ReadTransaction, asset: AssetId) -> assets.AssetRecord:
    record = assets.asset(txn, asset)
    assert record is not None
    return record


def _telling(txn: ReadTransaction, asset: AssetId) -> Look | None:
    look = txn.record(Tables.LOOKS, U32.pack(asset), Look)
    is_video = facets.contains(txn, Facet.TYPE, b"video", asset)
    return look if look is not None and look.contrast and not is_video else None


def _families(compared: dict[int, int]) -> list[list[int]]:
    rest, found = set(compared), []
    while rest:
        family, reached = [], [rest.pop()]
        while reached:
            one = reached.pop()
            family.append(one)
            close = {other for other in rest if (compared[one] ^ compared[other]).bit_count() <= NEAR_BITS}
            rest -= close
            reached += close
        found.append(family)
    return [family for family in found if len(family) > 1]


def _groups(txn: ReadTransaction, family: list[int], compared: dict[int, int]) -> list[tuple[int, ...]]:
    ranked = [asset for asset, _ in best_first((AssetId(one), index._quality(txn, AssetId(one))) for one in family)]
    best = heads(np.array([compared[asset] for asset in ranked], np.uint64))
    found: dict[int, list[int]] = {}
    for asset, head in zip(ranked, best.tolist(), strict=True):
        found.setdefault(ranked[head], []).append(asset)
    return [(head, *sorted(set(members) - {head})) for head, members in found.items()]


@pytest.fixture
def quick() -> Iterator[tuple[Store, Writer]]:
    """A store in memory and its writer."""
    with quick_folder() as folder:
        opened = open_store(Path(folder))
        running = Writer(opened)
        yield opened, running
        running.close()
        opened.close()


@pytest.mark.parametrize("seed", range(4))
def test_groups_follow_from_what_is_there_whatever_came_before(
    quick: tuple[Store, Writer], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes in batches of any size, restarts, disks that are full in the middle, a log that has been trimmed."""
    monkeypatch.setattr(index, "COMMIT_ROWS", 3)
    monkeypatch.setattr(index, "CHANGES_AT_ONCE", 7)
    monkeypatch.setattr(index, "ANEW_FROM", 30)
    store, writer = quick
    rng = random.Random(seed)
    world, photos = World(store, writer, seed), SimilarPhotos(store, writer)
    for _ in range(40):
        for _ in range(rng.choice((1, 2, 5, 20))):
            world.change()
        event = rng.choice(("", "", "restart", "full", "trim"))
        if event == "restart":
            photos = SimilarPhotos(store, writer)
        elif event == "full":
            with pytest.MonkeyPatch.context() as broken:
                broken.setattr(index, "_assign", _full_after(rng.randrange(4)))
                _try(photos.catch_up)
        elif event == "trim":
            writer.run(lambda txn: changes.trim(txn, keep=3))
        photos.catch_up()
        assert groups(store) == world.expected()
        assert is_followed(store)
        assert violations(store) == []


def _full_after(count: int) -> Callable[..., None]:
    """What writes groups, until the disk is full."""
    left = [count]
    write = index._assign

    def assign(found: list[index.Found], sequence: int | None, txn: WriteTransaction) -> None:
        if not left[0]:
            raise StoreFull("the disk is full")
        left[0] -= 1
        write(found, sequence, txn)

    return assign


def _try(work: Callable[[], None]) -> None:
    try:
        work()
    except StoreFull:
        return


def test_check_finds_groups_that_cannot_be(store: Store, writer: Writer, photos: SimilarPhotos) -> None:
    first, second, third = made(writer, (FAR, 3), (FAR, 2), (OTHER, 1))
    photos.catch_up()
    alone = similar.Membership(third, third, b"")
    strange = similar.Membership(first, third, b"")

    def spoil(txn: WriteTransaction) -> None:
        similar.assign(txn, third, alone)
        similar.assign(txn, second, strange)

    writer.run(spoil)
    assert violations(store) == []
    with store.read() as txn:
        now = changes.sequence(txn)
    writer.run(lambda txn: changes.set_watermark(txn, similar.FOLLOWER, now))
    assert violations(store) == [
        f"I9 similar {second}: its group {first} is of two families",
        f"I9 similar {third}: a group of one",
    ]
    SimilarPhotos(store, writer).catch_up()
    writer.run(lambda txn: changes.forget_follower(txn, similar.FOLLOWER))
    SimilarPhotos(store, writer).catch_up()
    assert groups(store) == {(first, second)}
