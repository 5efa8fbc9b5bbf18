"""People in the tree: somebody in 60,000 photos is listed like any folder, named and merged as quickly as in ten.

And all whom nobody has named, in a library in which that are tens of thousands.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from photofsd.records import Face
from photofsd.store import changes, faces, facets, people, person_names
from photofsd.store.env import Store
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, ClusterId, FaceId, PersonId
from tests.bench.conftest import Scaled
from tests.bench.running import running
from tests.bench.sheet import Sheet
from tests.bench.synthetic import BATCH, KEPT_CHANGES, Synthetic, synthetic
from tests.bench.test_listing import ROUNDS, Ours, ls_per_s, names_in, rotated, stat_s

PHOTOS = 60_000
CLUSTERS = 8
MANY, FEW, PEOPLE = 10_000, 10, 6
UNKNOWN, FACES_EACH = 30_000, 6
MODEL = "synthetic"
STATS = 2_000
REMOVED = 20
LISTING_MIN_RATIO = 0.8
LISTING_MAX_S = 3
MS = 1_000
MERGE_MAX_MS = 100

Cast = Callable[[int], list[ClusterId]]
"""Who is in the photo at a place, by their clusters."""


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory, scaled: Scaled) -> Synthetic:
    """A star in every photo, whose faces are in several clusters; six people in many photos, six in few."""
    library, many = synthetic(tmp_path_factory.mktemp("peopled"), scaled(PHOTOS)), scaled(MANY)

    def cast(txn: WriteTransaction, _: int) -> Cast:
        star = people.new_person(txn, b"Star")
        stars = [people.new_cluster(txn, star) for _ in range(CLUSTERS)]
        others = [people.new_cluster(txn, people.new_person(txn)) for _ in range(2 * PEOPLE)]

        def clusters(at: int) -> list[ClusterId]:
            rank, nth = divmod(at, many)
            found = [stars[at % CLUSTERS]]
            found += others[rank : rank + 1] if rank < PEOPLE else []
            found += others[PEOPLE + rank : PEOPLE + rank + 1] if rank < PEOPLE and nth < FEW else []
            return found

        return clusters

    _fill(library, cast)
    return library


def _fill(library: Synthetic, cast: Callable[[WriteTransaction, int], Cast]) -> None:
    """Put people into all photos of a library. cast: makes them, for so many photos."""
    store = Store.open(library.state / "store", timezone=dt.UTC)
    with store.read() as txn:
        photos = [AssetId(asset) for asset in facets.live(txn)]
    with store.write() as txn:
        clusters = cast(txn, len(photos))
    for first in range(0, len(photos), BATCH):
        with store.write() as txn:
            for at, photo in enumerate(photos[first : first + BATCH], first):
                _put(txn, photo, clusters(at))
            changes.trim(txn, KEPT_CHANGES)
    store.close()


def _put(txn: WriteTransaction, photo: AssetId, clusters: list[ClusterId]) -> None:
    first = faces.reserve(txn, len(clusters))
    found = [Face(FaceId(first + i), 0.15 * i, 0.3, 0.1, 0.2, px=100) for i in range(len(clusters))]
    faces.keep(txn, photo, MODEL, found)
    for face, cluster in zip(found, clusters, strict=True):
        faces.place(txn, face.id, cluster)


def test_listing_of_a_person(peopled: Synthetic, sheet: Sheet) -> None:
    players = [Ours(peopled, "people/Star"), Ours(peopled, "types/jpeg")]
    names = {player.folder: names_in(player) for player in players}
    best = {(player.folder, option): 0.0 for player in players for option in ("-l", "-U")}
    for turn in range(ROUNDS):
        for player in rotated(players, turn):
            assert isinstance(player, Ours)
            for option in ("-l", "-U"):
                rate = ls_per_s(player, option, len(names[player.folder]))
                best[player.folder, option] = max(best[player.folder, option], rate)
    for option in ("-l", "-U"):
        person, folder = (best[player.folder, option] for player in players)
        what = f"`ls {option}` of a person of {len(names['people/Star']):,} photos in {CLUSTERS} clusters, fresh mount"
        sheet.add(what, person, "/s")
        sheet.add("the rate to that of a folder by type", person / folder, "", at_least=LISTING_MIN_RATIO)
    with players[0].mounted() as (person_folder, _):
        some = [f"{person_folder}/{name}" for name in names["people/Star"][:STATS]]
        sheet.add(f"stat() of {len(some):,} names not met yet in it", len(some) / stat_s(some), "/s")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, scaled: Scaled) -> Synthetic:
    """As many photos as people whom nobody has named, everybody in FACES_EACH of them."""
    library = synthetic(tmp_path_factory.mktemp("crowded"), scaled(UNKNOWN))

    def cast(txn: WriteTransaction, photos: int) -> Cast:
        crowd = [people.new_cluster(txn, people.new_person(txn)) for _ in range(photos)]
        return lambda at: [crowd[(at + nth) % photos] for nth in range(FACES_EACH)]

    _fill(library, cast)
    return library


def test_listing_of_the_unknown(crowded: Synthetic, sheet: Sheet) -> None:
    unknown = Ours(crowded, "people/unknown")
    count = len(names_in(unknown))
    for option in ("-l", "-U"):
        rate = max(ls_per_s(unknown, option, count) for _ in range(ROUNDS))
        sheet.add(
            f"`ls {option}` of {count:,} whom nobody has named, fresh mount", count / rate, "s", at_most=LISTING_MAX_S
        )


def test_words_about_people(peopled: Synthetic, sheet: Sheet, tmp_path: Path) -> None:
    with running(peopled.library, peopled.state, tmp_path / "mnt") as daemon:
        daemon.await_rest()
        folder = daemon.mount / "people"
        numbers = {"many": range(2, 2 + PEOPLE), "few": range(2 + PEOPLE, 2 + 2 * PEOPLE)}
        size = {key: len(os.listdir(folder / "unknown" / _called(ids[0]))) for key, ids in numbers.items()}
        for key, ids in numbers.items():
            took = [_timed(folder / "unknown" / _called(n), folder / f"{key} {n}") for n in ids]
            what = f"naming somebody of {size[key]:,} photos by a rename, median of {len(took)}"
            sheet.add(what, statistics.median(took) * MS, "ms", at_most=MERGE_MAX_MS)
        for key, ids in numbers.items():
            first, *rest = (folder / f"{key} {n}" for n in ids)
            took = [_timed(one, first / one.name) for one in rest]
            what = f"merging two of {size[key]:,} photos and more by a move, median of {len(took)}"
            sheet.add(what, statistics.median(took) * MS, "ms", at_most=MERGE_MAX_MS)
        took = [_removed(path) for path in sorted((folder / f"few {2 + PEOPLE}").iterdir())[:REMOVED]]
        sheet.add("a photo that shows somebody else (`rm`), median", statistics.median(took) * MS, "ms")
        assert len(os.listdir(folder / "many 2")) == sum(size["many"] for _ in numbers["many"])


def _called(number: int) -> str:
    return person_names.unnamed(PersonId(number)).decode()


def _timed(old: Path, new: Path) -> float:
    old.stat()
    started_s = time.perf_counter()
    old.rename(new)
    return time.perf_counter() - started_s


def _removed(path: Path) -> float:
    started_s = time.perf_counter()
    path.unlink()
    return time.perf_counter() - started_s
