"""Photos that look alike, of a million: all groups from nothing, and what one more photo costs."""

from __future__ import annotations

import functools
import itertools
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from photofsd.index.families import Hashes, Places, families
from photofsd.index.similar import SimilarPhotos
from photofsd.records import AssetRecord, Look
from photofsd.store import facets, similar
from photofsd.store.env import Store
from photofsd.store.schema import U32, Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import AssetId, Facet, FileId, Kind
from tests.bench.conftest import Scaled
from tests.bench.sheet import Sheet, percentile

MILLION = 1_000_000
CLUSTERS, CLUSTER = 20_000, 4
WEBCAM = 10_000
SAME = 50_000
FLAT = 20_000
FLAT_HASHES = np.array([0, 1 << 63], np.uint64)
NEAR = 3
"""Planted: so many bits from a cluster's centre, so that any two are within 6."""

ARRIVALS, TOGETHER = 100, 2_000
BATCH = 5_000
MB = 1_000_000
MS = 1_000


@dataclass(frozen=True)
class Planted:
    """Hashes, and the clusters among them by number; 0 = planted by nobody."""

    hashes: Hashes
    clusters: Places

    @property
    def is_flat(self) -> npt.NDArray[np.bool_]:
        """Claim about each: it is the hash of a picture of one colour."""
        return np.isin(self.hashes, FLAT_HASHES)

    def are_whole(self, found: Places) -> bool:
        """Claim: what was planted together is in one family."""
        order = np.argsort(self.clusters, kind="stable")
        same = np.diff(self.clusters[order]) == 0
        planted = self.clusters[order][1:] > 0
        return not (np.diff(found[order]) != 0)[same & planted].any()


@pytest.fixture(scope="module")
def planted(scaled: Scaled) -> Planted:
    rng = np.random.default_rng(11)
    clusters, webcam, same, flat = (scaled(count) for count in (CLUSTERS, WEBCAM, SAME, FLAT))
    strangers = scaled(MILLION) - clusters * CLUSTER - webcam - same - flat
    parts = [
        balanced(rng, strangers),
        around(rng, np.repeat(balanced(rng, clusters), CLUSTER)),
        around(rng, np.repeat(balanced(rng, 1), webcam)),
        np.repeat(balanced(rng, 1), same),
        rng.choice(FLAT_HASHES, flat),
    ]
    numbers = [
        np.zeros(strangers, np.int64),
        np.repeat(np.arange(clusters), CLUSTER) + 1,
        np.full(webcam, clusters + 1),
        np.full(same, clusters + 2),
        np.zeros(flat, np.int64),
    ]
    mixed = rng.permutation(scaled(MILLION))
    return Planted(np.concatenate(parts)[mixed], np.concatenate(numbers)[mixed])


def balanced(rng: np.random.Generator, count: int) -> Hashes:
    """Hashes as pictures have them: half of the bits set, the first always."""
    bits = np.zeros((count, 64), np.uint8)
    bits[:, :32] = 1
    rng.permuted(bits[:, 1:], axis=1, out=bits[:, 1:])
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def around(rng: np.random.Generator, centres: Hashes) -> Hashes:
    """A hash for each centre, up to NEAR bits from it."""
    found = centres.copy()
    for _ in range(NEAR):
        found ^= np.uint64(1) << rng.integers(0, 63, found.size, dtype=np.uint64)
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, planted: Planted) -> Iterator[Store]:
    """A store of photos of which nothing is known but what they look like."""
    opened = Store.open(tmp_path_factory.mktemp("similar") / "store")
    for first in range(0, planted.hashes.size, BATCH):
        with opened.write() as txn:
            for number, phash in enumerate(planted.hashes[first : first + BATCH].tolist(), first + 1):
                put(txn, AssetId(number), phash)
    with opened.write() as txn:
        changes = facets.Changes()
        for number in range(1, planted.hashes.size + 1):
            changes.note(AssetId(number), frozenset(), frozenset((facets.fact(Facet.LIVE),)))
        changes.apply(txn)
        txn.put_number(Tables.META, b"next_asset", planted.hashes.size + 1)
    yield opened
    opened.close()


def put(txn: WriteTransaction, asset: AssetId, phash: int) -> None:
    """The rows of a photo that the index reads."""
    width = 1000 + asset % 4000
    look = Look(width, 3000, phash, 0.5 if phash in FLAT_HASHES else 50.0, (0x808080,) * 9, 100_000, 10_000)
    name = b"IMG_%d.jpg" % asset
    record = AssetRecord(U32.pack(asset) * 8, 4_000_000, name, Kind.IMAGE, files=(FileId(asset),))
    txn.put_record(Tables.ASSETS, U32.pack(asset), record)
    txn.put_record(Tables.LOOKS, U32.pack(asset), look)


def arrive(txn: WriteTransaction, asset: AssetId, phash: int) -> None:
    """One more photo, through the store's own ways."""
    txn.touch(asset)
    put(txn, asset, phash)


def test_similar_photos(planted: Planted, store: Store, sheet: Sheet) -> None:
    _search(planted, sheet)
    writer = Writer(store)
    photos = SimilarPhotos(store, writer)
    started_s = time.perf_counter()
    photos.catch_up()
    sheet.add("groups of all photos, from nothing, in the store", time.perf_counter() - started_s, "s", at_most=300)
    found = stored_families(store, planted.hashes.size)
    assert planted.are_whole(found)
    assert not found[planted.is_flat].any()
    sheet.add("photos in groups", int((found > 0).sum()), "")
    started_s = time.perf_counter()
    SimilarPhotos(store, writer).catch_up()
    sheet.add("the same when nothing has changed: a start", time.perf_counter() - started_s, "s")
    _arrivals(planted, store, writer, photos, sheet)
    writer.close()


def _search(planted: Planted, sheet: Sheet) -> None:
    """The search alone, of what is not flat."""
    hashes, known = planted.hashes[~planted.is_flat], planted.clusters[~planted.is_flat]
    started_s, worked_s = time.perf_counter(), time.process_time()
    found = families(hashes)
    sheet.add(f"all pairs within 6 bits of {hashes.size:,} hashes", time.perf_counter() - started_s, "s", at_most=180)
    sheet.add("the same, processor time", time.process_time() - worked_s, "s")
    assert Planted(hashes, known).are_whole(found)
    tracemalloc.start()
    families(hashes)
    sheet.add("memory for that", tracemalloc.get_traced_memory()[1] / MB, "MB", at_most=300)
    tracemalloc.stop()


def _arrivals(planted: Planted, store: Store, writer: Writer, photos: SimilarPhotos, sheet: Sheet) -> None:
    """New photos, one by one and many at once: every other one is like one that is there."""
    rng = np.random.default_rng(12)
    hashes = balanced(rng, ARRIVALS + TOGETHER)
    hashes[::2] = around(rng, rng.choice(planted.hashes[planted.clusters > 0], hashes[::2].size))
    assets = range(planted.hashes.size + 1, planted.hashes.size + 1 + hashes.size)
    writer.run(lambda txn: txn.put_number(Tables.META, b"next_asset", assets.stop))
    arriving = zip(assets, hashes.tolist(), strict=True)
    took_ms = []
    for asset, phash in itertools.islice(arriving, ARRIVALS):
        writer.run(functools.partial(arrive, asset=AssetId(asset), phash=phash))
        started_s = time.perf_counter()
        photos.catch_up()
        took_ms.append((time.perf_counter() - started_s) * MS)
    sheet.add("one more photo, p50", percentile(took_ms, 50), "ms")
    sheet.add("one more photo, p95", percentile(took_ms, 95), "ms", at_most=1000)
    for asset, phash in arriving:
        writer.submit(functools.partial(arrive, asset=AssetId(asset), phash=phash))
    writer.run(lambda _: None)
    started_s = time.perf_counter()
    photos.catch_up()
    sheet.add(f"{TOGETHER:,} more photos at once", TOGETHER / (time.perf_counter() - started_s), "/s", at_least=100)
    found = stored_families(store, assets.stop - 1)
    assert found[planted.hashes.size :: 2].all()


def stored_families(store: Store, count: int) -> Places:
    """The family of each photo, by its place; 0 = none."""
    found = np.zeros(count, np.int64)
    with store.read() as txn:
        for asset, known in similar.memberships(txn):
            found[asset - 1] = known.family
    return found
