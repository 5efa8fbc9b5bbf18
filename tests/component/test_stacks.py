"""Stacks in a store: formed as files come, change and go; their covers; what the tree and queries make of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pyroaring import BitMap

from photofsd.query.members import EVERYTHING, Covers, Latest, OfFacet
from photofsd.query.search import search
from photofsd.records import Metadata, Taken
from photofsd.store import assets, changes, facets, moved, paths, shots, stacks
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId, DateSource, Facet, Kind, StackKind
from tests.component.librarian import librarian
from tests.component.store_kit import add_photo, root

SECOND = 10**9
NOON = 1_718_452_800 * SECOND
TODAY = dt.date(2024, 6, 16)
KINDS = {"CR2": Kind.RAW, "MOV": Kind.VIDEO}


def add(txn: WriteTransaction, name: str, seconds: float = 0, **more: object) -> AssetId:
    """A photo in the one folder, of the one camera."""
    photo = add_photo(txn, root(txn), name.encode())
    suffix = name.rpartition(".")[2]
    kind, called = KINDS.get(suffix, Kind.IMAGE), suffix.lower().replace("jpg", "jpeg")
    taken = Taken(NOON + round(seconds * SECOND), DateSource.EXIF)
    told = {"camera": "A", "taken": taken, "types": (called,), **more}
    assets.keep(txn, Tables.METADATA, photo, Metadata(called, kind, **told))  # type: ignore[arg-type]
    return photo


def members(store: Store, photo: AssetId) -> tuple[AssetId, ...]:
    """The stack of a photo, cover first; empty where it stands for itself."""
    with store.read() as txn:
        row = stacks.row(txn, photo)
        if row is None:
            return ()
        return (row.cover, *(one for one in stacks.members(txn, row.cover) if one != row.cover))


def name(txn: ReadTransaction, photo: int) -> str:
    record = assets.asset(txn, AssetId(photo))
    assert record is not None
    return record.name.decode()


def test_a_companion_that_comes_later_is_told_of_both(store: Store) -> None:
    with store.write() as txn:
        jpeg = add(txn, "I.JPG")
    with store.read() as txn:
        before = changes.sequence(txn)
    with store.write() as txn:
        raw = add(txn, "I.CR2")
    assert members(store, raw) == (jpeg, raw)
    with store.read() as txn:
        assert {asset for _, asset in changes.since(txn, before, 10)} == {jpeg, raw}
        assert facets.bitmap(txn, Facet.COMPANION) == BitMap([raw])
        assert facets.bitmap(txn, Facet.STACK, b"raw") == facets.bitmap(txn, Facet.HAS, b"stack") == BitMap([jpeg, raw])


def test_what_is_far_away_is_not_touched(store: Store) -> None:
    with store.write() as txn:
        others = [add(txn, f"{number}.{suffix}", number * 60) for number in range(9) for suffix in ("JPG", "CR2")]
    with store.write() as txn:
        add(txn, "I.JPG", 5000)
        add(txn, "I.CR2", 5000)
    assert len(txn.touched.assets) == 2
    assert not set(others) & set(txn.touched.assets)


def test_a_companion_that_vanishes_leaves_no_stack(store: Store) -> None:
    with store.write() as txn:
        jpeg, raw = add(txn, "I.JPG"), add(txn, "I.CR2")
    with store.write() as txn:
        record = assets.asset(txn, raw)
        assert record is not None
        paths.remove_file(txn, record.files[0])
    assert members(store, jpeg) == ()
    with store.read() as txn:
        assert not facets.exists(txn, Facet.STACK, b"raw")


def remove(txn: WriteTransaction, photo: AssetId) -> None:
    record = assets.asset(txn, photo)
    assert record is not None
    paths.remove_file(txn, record.files[0])


def test_a_burst_that_loses_its_middle_falls_apart_to_its_ends(store: Store) -> None:
    with store.write() as txn:
        shots_made = [add(txn, f"{number}.JPG", number * 0.8) for number in range(5)]
    assert members(store, shots_made[0]) == tuple(shots_made)
    with store.write() as txn:
        remove(txn, shots_made[2])
    assert [members(store, photo) for photo in shots_made] == [()] * 5


def test_a_time_lapse_that_is_cut_in_two_is_two_bursts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shots, "MEMBERS_MAX", 6)
    with store.write() as txn:
        frames = [add(txn, f"{number}.JPG", number * 0.8) for number in range(7)]
    assert members(store, frames[0]) == ()
    with store.write() as txn:
        remove(txn, frames[3])
    assert members(store, frames[0]) == tuple(frames[:3])
    assert members(store, frames[6]) == tuple(frames[4:])


@pytest.fixture
def few_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack may have five members. By `usefixtures`: it then outlasts the store, which is checked at the end."""
    monkeypatch.setattr(shots, "MEMBERS_MAX", 5)


def add_pairs(txn: WriteTransaction, count: int, gap_s: float) -> list[tuple[AssetId, AssetId]]:
    """Shots that follow each other: a JPEG, and a RAW that no clock puts into the series."""
    return [
        (add(txn, f"{number}.JPG", number * gap_s), add(txn, f"{number}.CR2", taken=None)) for number in range(count)
    ]


@pytest.mark.usefixtures("few_members")
def test_a_burst_too_large_for_a_stack_that_falls_apart_leaves_its_pairs(store: Store) -> None:
    with store.write() as txn:
        pairs = add_pairs(txn, 3, 0.9)
    assert [members(store, jpeg) for jpeg, _ in pairs] == [()] * 3
    with store.write() as txn:
        remove(txn, pairs[2][0])
    assert [members(store, jpeg) for jpeg, _ in pairs[:2]] == pairs[:2]


@pytest.mark.usefixtures("few_members")
def test_a_burst_that_becomes_a_time_lapse_leaves_its_pairs(store: Store) -> None:
    with store.write() as txn:
        pairs = add_pairs(txn, 5, 0.8)
    assert [members(store, jpeg) for jpeg, _ in pairs] == [()] * 5
    with store.write() as txn:
        add(txn, "5.JPG", 5 * 0.8)
    assert [members(store, jpeg) for jpeg, _ in pairs] == pairs


def test_a_folder_that_moves_keeps_its_stacks(store: Store) -> None:
    with store.write() as txn:
        folder = paths.add_folder(txn, root(txn), b"a")
        for name in (b"I.JPG", b"I.CR2"):
            kind = KINDS.get(name.decode()[2:], Kind.IMAGE)
            assets.keep(txn, Tables.METADATA, add_photo(txn, folder, name), Metadata("x", kind))
    with store.write() as txn:
        assert moved.move_folder(txn, folder, root(txn), b"b")
    assert members(store, AssetId(1)) == (1, 2)


@pytest.mark.parametrize(
    "files, cover",
    [
        (["I.CR2", "I.JPG"], "I.JPG"),
        (["I.CR2", "I.JPG", "I-edited.JPG"], "I-edited.JPG"),
        (["I.CR2", "I-edited.JPG", "I-edited-edited.JPG"], "I-edited-edited.JPG"),
        (["I.HEIC", "I.MOV"], "I.HEIC"),
        (["I.HEIC", "I.MOV", "I.JPG"], "I.JPG"),
        (["IMG_E0001.MOV", "IMG_0001.MOV", "IMG_0001.HEIC", "IMG_E0001.JPG"], "IMG_E0001.JPG"),
        (
            ["PXL_20231207_032108788.RAW-02.ORIGINAL.jpg", "PXL_20231207_032108788.RAW-01.COVER.jpg"],
            "PXL_20231207_032108788.RAW-01.COVER.jpg",
        ),
    ],
)
def test_the_cover_of_a_shot_is_the_file_that_shows_it_best(store: Store, files: list[str], cover: str) -> None:
    with store.write() as txn:
        photos = [add(txn, file, duration_s=2.0 if file.endswith("MOV") else None) for file in files]
    with store.read() as txn:
        assert len(members(store, photos[0])) == len(files)
        assert name(txn, members(store, photos[0])[0]) == cover


def test_the_larger_of_two_formats_is_the_cover(store: Store) -> None:
    with store.write() as txn:
        add(txn, "I.JPG", width=1024, height=768)
        heic = add(txn, "I.HEIC", width=4032, height=3024)
    assert members(store, heic)[0] == heic


def test_the_cover_of_a_burst_is_its_first_shot_and_of_that_the_jpeg(store: Store) -> None:
    with store.write() as txn:
        raws = [add(txn, f"{number}.CR2", number / 5) for number in reversed(range(5))]
        jpegs = [add(txn, f"{number}.JPG", number / 5) for number in reversed(range(5))]
    assert members(store, raws[0])[0] == jpegs[-1]
    assert len(members(store, raws[0])) == 10
    with store.read() as txn:
        row = stacks.row(txn, raws[0])
    assert row is not None
    assert row.kinds == StackKind.BURST | StackKind.RAW


def test_what_the_user_likes_best_is_the_cover_of_a_burst(store: Store) -> None:
    with store.write() as txn:
        shots = [add(txn, f"{number}.JPG", number / 5, rating=5 if number == 3 else None) for number in range(5)]
        raw = add(txn, "3.CR2", 3 / 5)
    assert members(store, raw)[0] == shots[3]


def test_what_the_phone_has_picked_is_the_cover_of_a_burst_that_nobody_rated(store: Store) -> None:
    with store.write() as txn:
        add(txn, "IMG_20231014_183246_BURST001.jpg", 0)
        pick = add(txn, "IMG_20231014_183246_BURST002_COVER.jpg", 2)
        last = add(txn, "IMG_20231014_183246_BURST003.jpg", 9)
    assert members(store, last)[0] == pick


def test_a_still_whose_film_is_beside_it_is_of_type_live(store: Store) -> None:
    with store.write() as txn:
        still = add(txn, "I.HEIC")
        add(txn, "I.MOV", duration_s=2.5)
        add(txn, "J.HEIC", 60)
    with store.read() as txn:
        assert facets.bitmap(txn, Facet.TYPE, b"live") == BitMap([still])


def test_a_photo_of_which_nothing_is_known_is_in_no_stack(store: Store) -> None:
    with store.write() as txn:
        raw = add(txn, "I.CR2")
        add_photo(txn, root(txn), b"I.JPG")
    assert members(store, raw) == ()


def test_a_companion_is_hidden_where_its_cover_is_shown_and_only_there(store: Store) -> None:
    with store.write() as txn:
        jpeg, raw = add(txn, "I.JPG"), add(txn, "I.CR2")
        alone = add(txn, "J.CR2", 60)
    with store.read() as txn:
        everything, raws = Covers(EVERYTHING), Covers(OfFacet(Facet.TYPE, b"cr2"))
        assert everything.bitmap(txn) == BitMap([jpeg, alone])
        assert list(everything.ordered(txn)) == [jpeg, alone]
        assert [everything.has(txn, photo) for photo in (jpeg, raw, alone)] == [True, False, True]
        assert raws.bitmap(txn) == BitMap([raw, alone])
        assert raws.has(txn, raw)


def test_companions_do_not_count_among_the_latest(store: Store) -> None:
    with store.write() as txn:
        photos = [add(txn, f"{number}.{suffix}", number * 60) for number in range(4) for suffix in ("CR2", "JPG")]
    with store.read() as txn:
        assert list(Covers(Latest(EVERYTHING, 2, lambda: True)).ordered(txn)) == [photos[7], photos[5]]
        assert Latest(EVERYTHING, 2, lambda: True).bitmap(txn) == BitMap(photos[5:])
        assert Latest(EVERYTHING, 2, lambda: False).bitmap(txn) == BitMap(photos[6:])
        assert Latest(EVERYTHING, 9, lambda: True).bitmap(txn) == BitMap(photos)


def test_a_search_for_covers_counts_covers(store: Store) -> None:
    with store.write() as txn:
        for number in range(4):
            add(txn, f"beach {number}.CR2", number * 60)
            add(txn, f"beach {number}.JPG", number * 60)
    with store.read() as txn:
        found = search(txn, "beach limit:3", today=TODAY, covers_only=True)
        assert [name(txn, photo) for photo in found.assets] == [f"beach {number}.JPG" for number in (3, 2, 1)]
        assert found.total == 4
        raws = search(txn, "beach type:cr2", today=TODAY, covers_only=True)
        assert raws.total == 4
        assert search(txn, "beach", today=TODAY).total == 8


def test_stacks_can_be_asked_for(store: Store) -> None:
    with store.write() as txn:
        pair = [add(txn, "I.CR2"), add(txn, "I.JPG")]
        shots = [add(txn, f"{number}.JPG", 60 + number / 5) for number in range(3)]
        add(txn, "J.JPG", 500)
    with store.read() as txn:
        assert set(search(txn, "stack:raw", today=TODAY).assets) == set(pair)
        assert set(search(txn, "stack:burst", today=TODAY).assets) == set(shots)
        assert set(search(txn, "has:stack", today=TODAY).assets) == {*pair, *shots}


REAL = {
    "Camera cards/bursts": [
        ("burst", [f"IMG_0{number}.jpg" for number in range(438, 445)]),
        ("burst", [f"IMG_0{number}.jpg" for number in range(445, 449)]),
    ],
    "Camera cards/Apple live photo": [
        ("live", ["IMG_3589.HEIC", "IMG_3589.mov"]),
        ("burst", ["IMG_3605.HEIC", "IMG_3604.HEIC"]),
    ],
    "Phone backup/iPhone": [("edited", ["IMG_E4120.JPG", "IMG_4120.JPG"])],
    "Google Takeout/edited": [
        ("edited", ["PXL_20231006_063000139~2-edited.jpg", "PXL_20231006_063000139~2.jpg"]),
    ],
    "Camera cards/CANON_DC": [],
    "Camera cards/KODAK": [],
    "Photos/HDR pairs": [],
    "formats/snapotter": [],
}
"""The stacks of some folders of real photos: their kind, the files, the cover first. See docs/formats.md."""


def test_real_files_of_one_shot_are_found(test_data: Path, tmp_path: Path) -> None:
    for number, (folder, expected) in enumerate(REAL.items()):
        with librarian(test_data / folder, tmp_path / str(number)) as here:
            here.take_in()
            here.work_off(limit_s=240)
            with here.store.read() as txn:
                assert _stacks(txn) == {(kind, cover, frozenset(rest)) for kind, (cover, *rest) in expected}, folder


def _stacks(txn: ReadTransaction) -> set[tuple[str, str, frozenset[str]]]:
    found = set()
    for key in txn.keys(Tables.MEMBERS):
        cover = AssetId(int.from_bytes(key, "big"))
        row = stacks.row(txn, cover)
        assert row is not None
        rest = frozenset(_first_name(txn, one) for one in stacks.members(txn, cover) if one != cover)
        found.add((" ".join(stacks.names(row.kinds)), _first_name(txn, cover), rest))
    return found


def _first_name(txn: ReadTransaction, photo: AssetId) -> str:
    """The shortest of its files' names: an exact copy has a number."""
    record = assets.asset(txn, photo)
    files = [paths.file(txn, file) for file in (record.files if record is not None else ())]
    return min((file.name.decode() for file in files if file is not None), key=len)
